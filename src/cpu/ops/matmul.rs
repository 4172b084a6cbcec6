use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::gemm::dot_product::{self, DotProducts};
use crate::cpu::gemm::nonzeros::{self, WeightGradient};
use crate::cpu::gemm::packed::{Epilogue, PackedGemm};
use crate::cpu::ops::relu_gradient::apply_relu_mask;
use crate::cpu::runtime::cpu_op::{AtLevel, Chunk, CpuOp, ForCpu, Partition, Requirement};
use crate::cpu::runtime::tensors::{Matrix, Tensors};
use crate::plan::StepScalars;
use crate::plan::ops::Matmul;

impl ForCpu for Matmul {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp> {
        Box::new(AtLevel { op: self.clone(), level })
    }
}

impl CpuOp for AtLevel<Matmul> {
    /// By rows where a row of A makes a row of the result; else (a weight's gradient, which adds up over the
    /// batch) in blocks of the result.
    fn partition(&self) -> Partition {
        let level = self.level;
        if self.uses_nonzeros() {
            return Partition::Units { count: WeightGradient::units(self.n), min_chunk: 4 };
        }
        if self.is_divided_by_blocks() {
            Partition::Units { count: PackedGemm::unit_count(level, self.m, self.n), min_chunk: 1 }
        } else {
            Partition::Rows { rows: self.m, shared: vec![self.b.tensor], alignment: 1 }
        }
    }

    fn requirements(&self) -> Vec<Requirement> {
        let stored = |rows, columns, transposed| if transposed { (columns, rows) } else { (rows, columns) };
        let a = stored(self.m, self.k, self.transpose_a);
        let b = stored(self.k, self.n, self.transpose_b);
        let operands = [Requirement::operand(&self.a, a.0, a.1), Requirement::operand(&self.b, b.0, b.1)];
        let floats = [self.out].into_iter().chain(self.relu_mask);
        operands.into_iter().chain(floats.map(|tensor| Requirement::floats(tensor, self.m, self.n))).collect()
    }

    fn scratch(&self) -> usize {
        let level = self.level;
        if self.uses_nonzeros() {
            return WeightGradient::scratch(level);
        }
        PackedGemm::scratch(level, self.k).max(if self.a.pixels.is_some() {
            dot_product::scratch(self.k)
        } else {
            0
        })
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let a = tensors.operand(&self.a, if self.transpose_a { self.m } else { self.k });
        let b = tensors.operand(&self.b, if self.transpose_b { self.k } else { self.n });
        let out = tensors.floats(self.out);
        debug_assert!(!(self.transpose_a && self.relu_mask.is_some()), "ReLU masks are for products by rows");
        // SAFETY: `requirements` and `scratch` cover what these touch; rows or units are this worker's.
        unsafe {
            if let (Matrix::Floats(a), Matrix::Bytes(x), true) = (a, b, self.uses_nonzeros()) {
                let op = WeightGradient {
                    x,
                    output_gradient: a.start,
                    out,
                    rows: self.k,
                    inputs: self.n,
                    outputs: self.m,
                    scratch: tensors.scratch,
                };
                nonzeros::weight_gradient(tensors.level, &op, range)
            } else if self.is_divided_by_blocks() {
                let product = PackedGemm {
                    a,
                    transpose_a: self.transpose_a,
                    b,
                    transpose_b: self.transpose_b,
                    out,
                    m: self.m,
                    n: self.n,
                    k: self.k,
                    epilogue: Epilogue::Store,
                };
                product.units(tensors.level, range, tensors.scratch);
            } else {
                let product = RowProduct {
                    x: a,
                    w: b,
                    transposed: self.transpose_b,
                    bias: std::ptr::null(),
                    out,
                    n: self.n,
                    k: self.k,
                };
                product.run(tensors, range.clone());
                if let Some(mask) = self.relu_mask {
                    apply_relu_mask(
                        tensors.level,
                        chunk.rows(mask, self.n),
                        chunk.rows_mut(self.out, self.n),
                    );
                }
            }
        }
    }
}

impl Matmul {
    fn is_divided_by_blocks(&self) -> bool {
        self.relu_mask.is_none() && (self.transpose_a || is_large(self.n, self.k))
    }

    /// A weight's gradient from image bytes.
    fn uses_nonzeros(&self) -> bool {
        let is_gradient = self.transpose_a && !self.transpose_b && self.a.pixels.is_none();
        is_gradient && nonzeros::serves(&self.b, self.k, self.n, self.m)
    }
}

/// Whether the weights are larger than a core's own cache. A worker then takes some of the weights and all rows;
/// otherwise some rows and all weights.
pub(crate) fn is_large(outputs: usize, inputs: usize) -> bool {
    outputs.saturating_mul(inputs) > 192 * 1024
}

/// `out = x · w + bias`, by rows of x: what `matmul`, `dense` and the fused last layer have in common.
pub(crate) struct RowProduct {
    pub x: Matrix,
    /// `[k, n]`, or `[n, k]` where `transposed`.
    pub w: Matrix,
    pub transposed: bool,
    /// `[n]`, or null.
    pub bias: *const f32,
    pub out: *mut f32,
    pub n: usize,
    pub k: usize,
}

impl RowProduct {
    /// # Safety
    /// Pointers are good for the sizes given, the scratch memory for what either way asks; nobody else touches
    /// those rows of `out`.
    pub unsafe fn run(&self, tensors: &Tensors, rows: Range<usize>) {
        // SAFETY: as promised by the caller.
        unsafe { self.run_some(tensors, rows, 0..self.n) }
    }

    /// As [`RowProduct::run`], but only for some outputs; for all if `k` is below [`dot_product::MIN_K`].
    ///
    /// # Safety
    /// As [`RowProduct::run`].
    pub unsafe fn run_some(&self, tensors: &Tensors, rows: Range<usize>, outputs: Range<usize>) {
        let &RowProduct { x, w, bias, out, n, k, .. } = self;
        // SAFETY: as promised by the caller.
        unsafe {
            match w {
                Matrix::Floats(w) if self.transposed && k >= dot_product::MIN_K => {
                    let product =
                        DotProducts { x, w, bias, out, n, k, first: outputs.start, end: outputs.end };
                    dot_product::dot_products(tensors.level, &product, rows, tensors.scratch);
                }
                _ => {
                    let epilogue = if bias.is_null() { Epilogue::Store } else { Epilogue::Bias(bias) };
                    let product = PackedGemm {
                        a: x,
                        transpose_a: false,
                        b: w,
                        transpose_b: self.transposed,
                        out,
                        m: rows.end,
                        n,
                        k,
                        epilogue,
                    };
                    product.rows(tensors.level, rows, tensors.scratch);
                }
            }
        }
    }
}
