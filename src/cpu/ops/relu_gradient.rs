use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::ReluGradient;

impl Kernel for ReluGradient {
    fn cut(&self, _: Level) -> Cut {
        Cut::Samples { rows: self.rows, whole: Vec::new(), granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        let tensors = [self.out, self.output_gradient, self.input_gradient];
        tensors.map(|tensor| Need::floats(tensor, self.rows, self.columns)).into()
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let values = range.start * self.columns..range.end * self.columns;
        let (out, given) = (tensors.floats(self.out), tensors.floats(self.output_gradient));
        // SAFETY: `needs` covers the tensors; these rows of what is written are this worker's.
        unsafe { relu_gradient(tensors.level, out, given, tensors.floats(self.input_gradient), values) }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(out: *const f32, given: *const f32, wanted: *mut f32, values: Range<usize>) {
    for i in values.clone().step_by(V::LANES) {
        let count = V::LANES.min(values.end - i);
        unsafe {
            let out = V::load_partial(out.add(i), count, 0.0);
            let given = V::load_partial(given.add(i), count, 0.0);
            given.where_positive(out).store_partial(wanted.add(i), count);
        }
    }
}
by_level!(
    pub(crate) unsafe fn relu_gradient =
        body(out: *const f32, given: *const f32, wanted: *mut f32, values: Range<usize>)
);
