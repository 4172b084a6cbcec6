use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::Relu;

impl Kernel for Relu {
    fn cut(&self, _: Level) -> Cut {
        Cut::Samples { rows: self.rows, whole: Vec::new(), granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        [self.x, self.out].map(|tensor| Need::floats(tensor, self.rows, self.columns)).into()
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let values = range.start * self.columns..range.end * self.columns;
        // SAFETY: `needs` covers both tensors; these rows of `out` are this worker's.
        unsafe { relu(tensors.level, tensors.floats(self.x), tensors.floats(self.out), values) }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(x: *const f32, out: *mut f32, values: Range<usize>) {
    for i in values.clone().step_by(V::LANES) {
        let count = V::LANES.min(values.end - i);
        unsafe {
            let x = V::load_partial(x.add(i), count, 0.0);
            x.max(V::splat(0.0)).store_partial(out.add(i), count);
        }
    }
}
by_level!(pub(crate) unsafe fn relu = body(x: *const f32, out: *mut f32, values: Range<usize>));
