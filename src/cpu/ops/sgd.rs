use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::Sgd;

impl Kernel for Sgd {
    fn cut(&self, _: Level) -> Cut {
        Cut::Units { count: self.count, grain: 2048 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::floats(self.gradients, 1, self.count), Need::floats(self.parameters, 1, self.count)]
    }

    unsafe fn run(&self, tensors: &Tensors, scalars: &StepScalars, range: Range<usize>) {
        let (gradients, parameters) = (tensors.floats(self.gradients), tensors.floats(self.parameters));
        // SAFETY: `needs` covers both tensors; these values are this worker's.
        unsafe { sgd(tensors.level, gradients, parameters, scalars.learning_rate, self.weight_decay, range) }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(
    gradients: *const f32,
    parameters: *mut f32,
    learning_rate: f32,
    weight_decay: f32,
    range: Range<usize>,
) {
    // SAFETY: as promised by the caller.
    let (rate, decay) = unsafe { (V::splat(-learning_rate), V::splat(weight_decay)) };
    for i in range.clone().step_by(V::LANES) {
        let count = V::LANES.min(range.end - i);
        unsafe {
            let at = parameters.add(i);
            let (gradient, old) =
                (V::load_partial(gradients.add(i), count, 0.0), V::load_partial(at, count, 0.0));
            let gradient = old.mul_add(decay, gradient);
            gradient.mul_add(rate, old).store_partial(at, count);
        }
    }
}
by_level!(
    unsafe fn sgd = body(
        gradients: *const f32,
        parameters: *mut f32,
        learning_rate: f32,
        weight_decay: f32,
        range: Range<usize>,
    )
);
