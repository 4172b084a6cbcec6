use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::SquareSum;

impl Kernel for SquareSum {
    /// By parts: each is one sum in order.
    fn cut(&self, _: Level) -> Cut {
        Cut::Units { count: self.parts, grain: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::floats(self.x, 1, self.count), Need::floats(self.sums, 1, self.parts)]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let (x, sums) = (tensors.floats(self.x), tensors.floats(self.sums));
        let part = self.count.div_ceil(self.parts);
        for p in range {
            let values = (p * part).min(self.count)..((p + 1) * part).min(self.count);
            // SAFETY: `needs` covers both tensors; this part's sum is this worker's.
            unsafe { square_sum(tensors.level, x, values, sums.add(p)) }
        }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(x: *const f32, values: Range<usize>, sum: *mut f32) {
    unsafe {
        let mut total = V::splat(0.0);
        for i in values.clone().step_by(V::LANES) {
            let x = V::load_partial(x.add(i), V::LANES.min(values.end - i), 0.0);
            total = x.mul_add(x, total);
        }
        *sum = total.reduce_sum();
    }
}
by_level!(unsafe fn square_sum = body(x: *const f32, values: Range<usize>, sum: *mut f32));
