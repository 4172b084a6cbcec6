use std::ops::Range;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::BiasAdd;

impl CpuOp for BiasAdd {
    fn partition(&self) -> Partition {
        Partition::Rows { rows: self.rows, shared: vec![self.bias], alignment: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::floats(self.x, self.rows, self.columns),
            Requirement::floats(self.bias, 1, self.columns),
            Requirement::floats(self.out, self.rows, self.columns),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (x, bias, out) = (tensors.floats(self.x), tensors.floats(self.bias), tensors.floats(self.out));
        // SAFETY: `requirements` covers the rows; those of `out` are this worker's.
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
