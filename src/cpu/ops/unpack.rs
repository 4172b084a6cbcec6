use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::gemm::dot_product;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::{Bytes, Matrix, Tensors};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::{Operand, Unpack};

impl Kernel for Unpack {
    fn cut(&self, _: Level) -> Cut {
        Cut::Samples { rows: self.rows, whole: Vec::new(), granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::bytes(self.images, self.rows, self.columns),
            Need::floats(self.out, self.rows, self.columns),
        ]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let images = Operand { tensor: self.images, pixels: Some(self.pixels) };
        if let Matrix::Bytes(images) = tensors.operand(&images, self.columns) {
            // SAFETY: `needs` covers the rows of both tensors; those of `out` are this worker's.
            unsafe {
                let out = tensors.floats(self.out).add(range.start * self.columns);
                unpack(tensors.level, images, range, self.columns, out);
            }
        }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(images: Bytes, rows: Range<usize>, columns: usize, out: *mut f32) {
    unsafe { dot_product::unpack::<V, _>(images, rows, columns, out) };
}
by_level!(unsafe fn unpack = body(images: Bytes, rows: Range<usize>, columns: usize, out: *mut f32));
