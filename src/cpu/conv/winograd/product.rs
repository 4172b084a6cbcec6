//! The matrix products at the points.

// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use crate::cpu::simd::F32;

/// Rows of the largest block, for 32 and for 16 registers; it is two vectors wide.
pub(crate) const fn most_rows(registers: usize) -> usize {
    if registers == 32 { 14 } else { 6 }
}

/// `out[row, column] = sum over k of a[row, k] * b[k, column]`, or added to what is there.
#[derive(Clone, Copy)]
pub(crate) struct Product {
    pub a: *const f32,
    /// Floats from one row of a, and one k, to the next.
    pub a_row: usize,
    pub a_k: usize,
    pub b: *const f32,
    pub b_k: usize,
    pub out: *mut f32,
    pub out_row: usize,
    pub rows: usize,
    pub k: usize,
    pub adds: bool,
}

impl Product {
    /// All rows, and `vectors` (1 or 2) vectors of columns.
    ///
    /// # Safety
    /// Pointers are good for the sizes given.
    #[inline(always)]
    pub unsafe fn run<V: F32>(&self, vectors: usize) {
        let blocks = self.rows.div_ceil(most_rows(V::REGISTERS));
        for block in 0..blocks {
            let (start, end) = (self.rows * block / blocks, self.rows * (block + 1) / blocks);
            unsafe {
                let at = Product {
                    a: self.a.add(start * self.a_row),
                    out: self.out.add(start * self.out_row),
                    ..*self
                };
                macro_rules! heights {
                    ($($rows:literal)*) => {
                        match end - start {
                            $($rows if $rows <= most_rows(V::REGISTERS) => {
                                if vectors == 2 { at.block::<V, $rows, 2>() } else { at.block::<V, $rows, 1>() }
                            })*
                            _ => {}
                        }
                    };
                }
                heights!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
            }
        }
    }

    #[inline(always)]
    unsafe fn block<V: F32, const R: usize, const N: usize>(&self) {
        unsafe {
            let mut sums = [[V::splat(0.0); N]; R];
            if self.adds {
                for r in 0..R {
                    for n in 0..N {
                        sums[r][n] = V::load(self.out.add(r * self.out_row + n * V::LANES));
                    }
                }
            }
            let sums = self.chains(sums);
            for r in 0..R {
                for n in 0..N {
                    sums[r][n].store(self.out.add(r * self.out_row + n * V::LANES));
                }
            }
        }
    }

    /// Apart from what comes before and after, so that the sums alone fill the registers.
    #[inline(always)]
    unsafe fn chains<V: F32, const R: usize, const N: usize>(&self, mut sums: [[V; N]; R]) -> [[V; N]; R] {
        let (mut a, mut b) = (self.a, self.b);
        let (a_row, a_k, b_k) = (self.a_row, self.a_k, self.b_k);
        for _ in 0..self.k {
            unsafe {
                let mut columns = [V::splat(0.0); N];
                for n in 0..N {
                    columns[n] = V::load(b.add(n * V::LANES));
                }
                for r in 0..R {
                    let value = V::splat(*a.add(r * a_row));
                    for n in 0..N {
                        sums[r][n] = value.mul_add(columns[n], sums[r][n]);
                    }
                }
                (a, b) = (a.add(a_k), b.add(b_k));
            }
        }
        sums
    }
}
