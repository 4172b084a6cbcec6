use std::ops::Range;

use super::Level;
use super::kernel::{Cut, Kernel, Need};
use super::simd::{F32, by_level};
use super::tensors::Tensors;
use crate::plan::StepNumbers;
use crate::plan::ops::ColumnSum;

impl Kernel for ColumnSum {
    /// By columns: each adds up its rows in order.
    fn cut(&self, level: Level) -> Cut {
        Cut::Units { count: self.columns, grain: 4 * level.lanes() }
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::floats(self.x, self.rows, self.columns), Need::floats(self.out, 1, self.columns)]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepNumbers, range: Range<usize>) {
        let (x, out) = (tensors.floats(self.x), tensors.floats(self.out));
        let sums = Sums { x, rows: self.rows, columns: self.columns, out, descend: None };
        // SAFETY: `needs` covers both tensors; these columns of `out` are this worker's.
        unsafe { column_sums(tensors.level, &sums, range) }
    }
}

/// Sums down the columns of `x`, stored, or taken at once from what `out` holds (`dense_sgd`'s bias).
pub(super) struct Sums {
    pub x: *const f32,
    pub rows: usize,
    pub columns: usize,
    pub out: *mut f32,
    /// The learning rate, in the second case.
    pub descend: Option<f32>,
}

#[inline(always)]
unsafe fn body<V: F32>(sums: &Sums, columns: Range<usize>) {
    for c in columns.clone().step_by(V::LANES) {
        let count = V::LANES.min(columns.end - c);
        unsafe {
            let mut sum = V::splat(0.0);
            for row in 0..sums.rows {
                sum = sum.add(V::load_partial(sums.x.add(row * sums.columns + c), count, 0.0));
            }
            let out = sums.out.add(c);
            if let Some(learning_rate) = sums.descend {
                sum = sum.mul_add(V::splat(-learning_rate), V::load_partial(out, count, 0.0));
            }
            sum.store_partial(out, count);
        }
    }
}
by_level!(
    /// # Safety
    /// Pointers are good for the sizes given; nobody else touches those columns of `out`.
    pub(super) unsafe fn column_sums = body(sums: &Sums, columns: Range<usize>)
);
