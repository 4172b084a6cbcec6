//! The matrix products of transformed tiles.

// Loops over register blocks have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use super::ELEMENTS;
use crate::cpu::conv::split_evenly;
use crate::cpu::simd::F32;

/// Rows of the largest register block, for 32 and for 16 registers; it is two vectors wide.
const fn most_rows(registers: usize) -> usize {
    if registers == 32 { 14 } else { 6 }
}

/// Transformed tiles times transformed kernels, for each of the 36 elements:
/// `sums[element, tile, output] = sum over inputs of tiles[element, tile, input] * kernels[element, input, output]`.
pub(super) struct TileProducts {
    pub tiles: *const f32,
    /// As [`super::kernels`] orders them: for each element panels of two vectors of outputs, `[input, output of the panel]`.
    pub kernels: *const f32,
    pub sums: *mut f32,
    /// Channels that are summed over, and their number in whole vectors; output channels, in whole vectors.
    pub inputs: usize,
    pub input_stride: usize,
    pub outputs: usize,
    /// From one element to the next, of the tiles and of the sums.
    pub tile_element: usize,
    pub sum_element: usize,
}

impl TileProducts {
    /// For the first `count` tiles.
    ///
    /// # Safety
    /// Pointers are good for the sizes given.
    #[inline(always)]
    pub unsafe fn run<V: F32>(&self, count: usize) {
        for element in 0..ELEMENTS {
            let kernels = self.kernels.add(element * self.inputs * self.outputs);
            for column in (0..self.outputs).step_by(2 * V::LANES) {
                let width = (2 * V::LANES).min(self.outputs - column);
                let product = Product {
                    a: self.tiles.add(element * self.tile_element),
                    a_row: self.input_stride,
                    a_k: 1,
                    b: kernels.add(column * self.inputs),
                    b_k: width,
                    out: self.sums.add(element * self.sum_element + column),
                    out_row: self.outputs,
                    rows: count,
                    k: self.inputs,
                    adds: false,
                };
                product.run::<V>(width / V::LANES);
            }
        }
    }
}

/// `out[row, column] = sum over k of a[row, k] * b[k, column]`, or added to what is there.
#[derive(Clone, Copy)]
pub(super) struct Product {
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
        for rows in split_evenly(self.rows, most_rows(V::REGISTERS)) {
            let at = Product {
                a: self.a.add(rows.start * self.a_row),
                out: self.out.add(rows.start * self.out_row),
                ..*self
            };
            macro_rules! heights {
                ($($rows:literal)*) => {
                    match rows.len() {
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

    #[inline(always)]
    unsafe fn block<V: F32, const R: usize, const N: usize>(&self) {
        let mut sums = [[V::splat(0.0); N]; R];
        if self.adds {
            for r in 0..R {
                for n in 0..N {
                    sums[r][n] = V::load(self.out.add(r * self.out_row + n * V::LANES));
                }
            }
        }
        let sums = self.accumulate(sums);
        for r in 0..R {
            for n in 0..N {
                sums[r][n].store(self.out.add(r * self.out_row + n * V::LANES));
            }
        }
    }

    /// Separate from loads and stores, so that the sums alone fill the registers.
    #[inline(always)]
    unsafe fn accumulate<V: F32, const R: usize, const N: usize>(
        &self,
        mut sums: [[V; N]; R],
    ) -> [[V; N]; R] {
        let (mut a, mut b) = (self.a, self.b);
        let (a_row, a_k, b_k) = (self.a_row, self.a_k, self.b_k);
        for _ in 0..self.k {
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
        sums
    }
}
