use std::ops::Range;

use crate::cpu::gemm::dot_product;
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::runtime::tensors::{Bytes, Matrix};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::{Operand, Unpack};

impl CpuOp for Unpack {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::bytes(self.images, self.rows, self.columns),
            Requirement::floats(self.out, self.rows, self.columns),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let plane = self.columns / self.channels.len();
        for (at, channel) in self.channels.iter().enumerate() {
            let images = Operand { tensor: self.images, pixels: Some(*channel) };
            let Matrix::Bytes(images) = tensors.operand(&images, self.columns) else { continue };
            // SAFETY: `requirements` covers the rows of both tensors, of which each channel has its part; those of `out` are
            // this worker's.
            unsafe {
                let images = Bytes { start: images.start.add(at * plane), ..images };
                for row in range.clone() {
                    let out = tensors.floats(self.out).add(row * self.columns + at * plane);
                    unpack(tensors.level, images, row..row + 1, plane, out);
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(images: Bytes, rows: Range<usize>, columns: usize, out: *mut f32) {
    // SAFETY: the caller's promise.
    unsafe { dot_product::to_floats::<V, _>(images, rows, columns, out) };
}
by_level!(unsafe fn unpack = body(images: Bytes, rows: Range<usize>, columns: usize, out: *mut f32));
