use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::AverageWeights;

impl Kernel for AverageWeights {
    fn cut(&self, _: Level) -> Cut {
        Cut::Units { count: self.count, grain: 2048 }
    }

    fn needs(&self) -> Vec<Need> {
        [self.parameters, self.average].map(|tensor| Need::floats(tensor, 1, self.count)).into()
    }

    unsafe fn run(&self, tensors: &Tensors, scalars: &StepScalars, range: Range<usize>) {
        let (parameters, average) = (tensors.floats(self.parameters), tensors.floats(self.average));
        // SAFETY: `needs` covers both tensors; these values are this worker's.
        unsafe { approach(tensors.level, parameters, average, scalars.average_rate, range) }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(parameters: *const f32, average: *mut f32, rate: f32, range: Range<usize>) {
    for i in range.clone().step_by(V::LANES) {
        let count = V::LANES.min(range.end - i);
        unsafe {
            let old = V::load_partial(average.add(i), count, 0.0);
            let new = V::load_partial(parameters.add(i), count, 0.0);
            new.sub(old).mul_add(V::splat(rate), old).store_partial(average.add(i), count);
        }
    }
}
by_level!(
    unsafe fn approach = body(parameters: *const f32, average: *mut f32, rate: f32, range: Range<usize>)
);
