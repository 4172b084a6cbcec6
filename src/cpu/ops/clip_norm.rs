use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::ClipNorm;

impl Kernel for ClipNorm {
    fn cut(&self, _: Level) -> Cut {
        Cut::Units { count: self.count, grain: 2048 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::floats(self.gradients, 1, self.count), Need::floats(self.sums, 1, self.parts)]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let (gradients, sums) = (tensors.floats(self.gradients), tensors.floats(self.sums));
        // SAFETY: `needs` covers both tensors; these gradients are this worker's.
        unsafe {
            let square: f32 = (0..self.parts).map(|part| *sums.add(part)).sum();
            let factor = (self.max_norm / (square.sqrt() + 1e-6)).min(1.0);
            scale(tensors.level, gradients, factor, range);
        }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(values: *mut f32, factor: f32, range: Range<usize>) {
    for i in range.clone().step_by(V::LANES) {
        let count = V::LANES.min(range.end - i);
        unsafe {
            let at = values.add(i);
            V::load_partial(at, count, 0.0).mul(V::splat(factor)).store_partial(at, count);
        }
    }
}
by_level!(unsafe fn scale = body(values: *mut f32, factor: f32, range: Range<usize>));
