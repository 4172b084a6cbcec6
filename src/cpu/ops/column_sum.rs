// Loops over register blocks have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

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
        let sums = ColumnSums { x: chunk.whole(self.x), columns: self.columns, rows: self.rows };
        column_sums(chunk.level(), sums, chunk.range().start, None, chunk.units_mut(self.out))
    }
}

/// Sums down the columns of `x`, `[rows, columns]`.
#[derive(Clone, Copy)]
pub(crate) struct ColumnSums<'a> {
    pub x: &'a [f32],
    pub rows: usize,
    pub columns: usize,
}

#[inline(always)]
fn body<V: F32>(sums: ColumnSums, first: usize, learning_rate: Option<f32>, out: &mut [f32]) {
    let row =
        |row: usize, column: usize, count: usize| &sums.x[row * sums.columns + first + column..][..count];
    let finish = |sum: V, out: &mut [f32], column: usize| match learning_rate {
        Some(rate) => sum.mul_add(V::splat(-rate), V::take(out, column, 0.0)).put(out, column),
        None => sum.put(out, column),
    };
    let mut c = 0;
    // Several vectors at a time: whole cache lines of a row, and chains that do not wait for each other.
    while c + BLOCK * V::LANES <= out.len() {
        let mut chains = [V::splat(0.0); BLOCK];
        for r in 0..sums.rows {
            let x = row(r, c, BLOCK * V::LANES);
            for i in 0..BLOCK {
                chains[i] = chains[i].add(V::take(x, i * V::LANES, 0.0));
            }
        }
        for i in 0..BLOCK {
            finish(chains[i], out, c + i * V::LANES);
        }
        c += BLOCK * V::LANES;
    }
    while c < out.len() {
        let mut sum = V::splat(0.0);
        for r in 0..sums.rows {
            sum = sum.add(V::take(row(r, c, V::LANES.min(out.len() - c)), 0, 0.0));
        }
        finish(sum, out, c);
        c += V::LANES;
    }
}
by_level!(
    /// The sums of the columns from `first` on, as many as `out` has: stored; or with a learning rate, multiplied by it and
    /// subtracted from what `out` holds (`dense_sgd`'s bias).
    pub(crate) fn column_sums =
        body(sums: ColumnSums, first: usize, learning_rate: Option<f32>, out: &mut [f32])
);
