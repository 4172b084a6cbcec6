// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{AtLevel, Chunk, CpuOp, ForCpu, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::ColumnSum;

/// Vectors that are added up side by side.
const BLOCK: usize = 4;

impl ForCpu for ColumnSum {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp> {
        Box::new(AtLevel { op: self.clone(), level })
    }
}

impl CpuOp for AtLevel<ColumnSum> {
    /// By columns: each adds up its rows in order.
    fn partition(&self) -> Partition {
        let level = self.level;
        Partition::Units { count: self.columns, min_chunk: BLOCK * level.lanes() }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::floats(self.x, self.rows, self.columns),
            Requirement::floats(self.out, 1, self.columns),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (x, out) = (tensors.floats(self.x), tensors.floats(self.out));
        let sums = Sums { x, rows: self.rows, columns: self.columns, out, descend: None };
        // SAFETY: `requirements` covers both tensors; these columns of `out` are this worker's.
        unsafe { column_sums(tensors.level, &sums, range) }
    }
}

/// Sums down the columns of `x`, stored, or taken at once from what `out` holds (`dense_sgd`'s bias).
pub(crate) struct Sums {
    pub x: *const f32,
    pub rows: usize,
    pub columns: usize,
    pub out: *mut f32,
    /// The learning rate, in the second case.
    pub descend: Option<f32>,
}

#[inline(always)]
unsafe fn body<V: F32>(sums: &Sums, columns: Range<usize>) {
    let mut c = columns.start;
    unsafe {
        // Several vectors at a time: whole cache lines of a row, and chains that do not wait for each other.
        while c + BLOCK * V::LANES <= columns.end {
            let mut chains = [V::splat(0.0); BLOCK];
            for row in 0..sums.rows {
                let x = sums.x.add(row * sums.columns + c);
                for i in 0..BLOCK {
                    chains[i] = chains[i].add(V::load(x.add(i * V::LANES)));
                }
            }
            for i in 0..BLOCK {
                finish(sums, chains[i], c + i * V::LANES, V::LANES);
            }
            c += BLOCK * V::LANES;
        }
        while c < columns.end {
            let count = V::LANES.min(columns.end - c);
            let mut sum = V::splat(0.0);
            for row in 0..sums.rows {
                sum = sum.add(V::load_partial(sums.x.add(row * sums.columns + c), count, 0.0));
            }
            finish(sums, sum, c, count);
            c += V::LANES;
        }
    }
}

#[inline(always)]
unsafe fn finish<V: F32>(sums: &Sums, sum: V, column: usize, count: usize) {
    unsafe {
        let out = sums.out.add(column);
        let sum = match sums.descend {
            Some(learning_rate) => sum.mul_add(V::splat(-learning_rate), V::load_partial(out, count, 0.0)),
            None => sum,
        };
        sum.store_partial(out, count);
    }
}

by_level!(
    /// # Safety
    /// Pointers are good for the sizes given; nobody else touches those columns of `out`.
    pub(crate) unsafe fn column_sums = body(sums: &Sums, columns: Range<usize>)
);
