use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::BiasAdd;

impl Kernel for BiasAdd {
    fn cut(&self, _: Level) -> Cut {
        Cut::Samples { rows: self.rows, whole: vec![self.bias], granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::floats(self.x, self.rows, self.columns),
            Need::floats(self.bias, 1, self.columns),
            Need::floats(self.out, self.rows, self.columns),
        ]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let (x, bias, out) = (tensors.floats(self.x), tensors.floats(self.bias), tensors.floats(self.out));
        // SAFETY: `needs` covers the rows; those of `out` are this worker's.
        unsafe { bias_add(tensors.level, x, bias, out, self.columns, range) }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(x: *const f32, bias: *const f32, out: *mut f32, columns: usize, rows: Range<usize>) {
    for row in rows {
        for c in (0..columns).step_by(V::LANES) {
            let (i, count) = (row * columns + c, V::LANES.min(columns - c));
            unsafe {
                let sum = V::load_partial(x.add(i), count, 0.0).add(V::load_partial(bias.add(c), count, 0.0));
                sum.store_partial(out.add(i), count);
            }
        }
    }
}
by_level!(
    unsafe fn bias_add = body(
        x: *const f32,
        bias: *const f32,
        out: *mut f32,
        columns: usize,
        rows: Range<usize>,
    )
);
