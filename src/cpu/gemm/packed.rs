//! Packed GEMM, `out = a · b` with vectors along the columns of b: for every product that `dot_product` does not serve (weight
//! gradients, input gradients, short k).
//!
//! The usual blocked algorithm (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008): parts of
//! both operands are copied ("packed") into the order in which they are read, small enough for the caches, and a micro-kernel
//! keeps a tile of `out` in registers while it adds up k as a sum of outer products. Packing also transposes, and
//! turns image bytes into floats, so that there is one micro-kernel for all operands.
//!
//! Every value is one chain of additions in the order of k, whatever tile it falls in: its bits depend on k alone (between
//! blocks of k a tile's sums are kept in memory, which rounds nothing).

// Loops over register blocks have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::gemm::pack::{pack_columns, pack_rows};
use crate::cpu::runtime::tensors::{Bytes, Floats, Matrix, Source};
use crate::cpu::simd::{F32, by_level};

/// Products per value that are done before the next part of k is packed.
const BLOCK_K: usize = 512;

/// Rows of `a` that are packed together.
const BLOCK_ROWS: usize = 128;

/// Up to this k all of those rows stay packed from panel to panel, 4 MB of them; beyond it every panel packs them anew.
const MAX_PACKED_K: usize = 8192;

/// Values of a row of `a` that are packed at a time.
fn packed_k(k: usize) -> usize {
    if k <= MAX_PACKED_K { k } else { BLOCK_K }
}

/// Vectors in a row of a tile.
const VECTORS: usize = 2;

/// Rows of the largest tile, for 32 and for 16 registers.
const fn tile_rows(registers: usize) -> usize {
    if registers == 32 { 14 } else { 6 }
}

#[derive(Clone, Copy)]
pub(crate) struct PackedGemm {
    /// `[m, k]`, or `[k, m]` with `transpose_a`.
    pub a: Matrix,
    pub transpose_a: bool,
    /// `[k, n]`, or `[n, k]` with `transpose_b`.
    pub b: Matrix,
    pub transpose_b: bool,
    /// `[m, n]`.
    pub out: *mut f32,
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub epilogue: Epilogue,
}

/// What is done with a finished value.
#[derive(Clone, Copy)]
pub(crate) enum Epilogue {
    Store,
    /// `out = value + bias[column]`.
    Bias(*const f32),
    /// `out -= learning_rate * value`.
    SgdUpdate(f32),
}

impl PackedGemm {
    /// How many columns a panel has: the unit of work along n.
    pub fn panel(level: Level) -> usize {
        VECTORS * level.lanes()
    }

    /// Panels of n, times blocks of rows: the independent units of [`PackedGemm::units`].
    pub fn unit_count(level: Level, m: usize, n: usize) -> usize {
        m.div_ceil(BLOCK_ROWS) * n.div_ceil(Self::panel(level))
    }

    /// Floats of scratch memory: packed a, packed b, partial sums of a block of out.
    pub fn scratch(level: Level, k: usize) -> usize {
        let block_k = k.min(BLOCK_K);
        let partial = if k > BLOCK_K { BLOCK_ROWS * Self::panel(level) } else { 0 };
        packed_k(k) * BLOCK_ROWS + block_k * Self::panel(level) + partial
    }

    /// The rows `rows` of out.
    ///
    /// # Safety
    /// Pointers are good for the sizes given, `scratch` for as much as [`PackedGemm::scratch`] says; nobody else
    /// touches those rows.
    pub unsafe fn rows(&self, level: Level, rows: Range<usize>, scratch: *mut f32) {
        let panels = self.n.div_ceil(Self::panel(level));
        for start in rows.clone().step_by(BLOCK_ROWS) {
            let block = start..rows.end.min(start + BLOCK_ROWS);
            // SAFETY: as promised by the caller.
            unsafe { packed_gemm(level, self, block, 0..panels, scratch) }
        }
    }

    /// The units `units`, counted along n first.
    ///
    /// # Safety
    /// As [`PackedGemm::rows`], of those units.
    pub unsafe fn units(&self, level: Level, units: Range<usize>, scratch: *mut f32) {
        let panels = self.n.div_ceil(Self::panel(level));
        let mut unit = units.start;
        while unit < units.end {
            let (block, panel) = (unit / panels, unit % panels);
            let count = (panels - panel).min(units.end - unit);
            let rows = block * BLOCK_ROWS..self.m.min((block + 1) * BLOCK_ROWS);
            // SAFETY: as promised by the caller.
            unsafe { packed_gemm(level, self, rows, panel..panel + count, scratch) }
            unit += count;
        }
    }
}

by_level!(
    unsafe fn packed_gemm = body(product: &PackedGemm, rows: Range<usize>, panels: Range<usize>, scratch: *mut f32)
);

/// Where a tile lies: its rows and columns of out, and which part of k.
#[derive(Clone, Copy)]
struct TilePosition {
    row: usize,
    column: usize,
    /// Columns that exist, at most `VECTORS` vectors.
    width: usize,
    k: usize,
    first: bool,
    last: bool,
    /// Where its sums are kept between parts of k.
    partial: *mut f32,
}

/// At most `BLOCK_ROWS` rows, and panels of columns.
#[inline(always)]
unsafe fn body<V: F32>(product: &PackedGemm, rows: Range<usize>, panels: Range<usize>, scratch: *mut f32) {
    let panel_width = VECTORS * V::LANES;
    let tiles = rows.len().div_ceil(tile_rows(V::REGISTERS));
    let tile_start = |t: usize| rows.start + rows.len() * t / tiles;
    let parts = product.k.div_ceil(BLOCK_K).max(1);
    let block_k = product.k.min(BLOCK_K);
    // SAFETY: `scratch` holds packed a, packed b and partial sums (`PackedGemm::scratch`), every panel and row lies inside the matrices, and those of `out` are ours (`packed_gemm`'s callers).
    unsafe {
        let packed_a = scratch;
        let packed_b = packed_a.add(packed_k(product.k) * BLOCK_ROWS);
        let partial = packed_b.add(block_k * panel_width);
        for panel in panels.clone() {
            let column = panel * panel_width;
            let width = panel_width.min(product.n - column);
            for part in 0..parts {
                let ks = part * BLOCK_K..product.k.min((part + 1) * BLOCK_K);
                let stays = product.k <= MAX_PACKED_K;
                let packed_a = if stays { packed_a.add(rows.len() * ks.start) } else { packed_a };
                if !stays || panel == panels.start {
                    for t in 0..tiles {
                        let to = packed_a.add((tile_start(t) - rows.start) * ks.len());
                        pack_a::<V>(product, tile_start(t)..tile_start(t + 1), ks.clone(), to);
                    }
                }
                // b is read in place if few tiles would use the packed values and packing would merely copy
                // them
                let direct = width == panel_width && !product.transpose_b && tiles <= 2;
                if !direct {
                    pack_b::<V>(product, ks.clone(), column, width, packed_b);
                }
                for t in 0..tiles {
                    let (row, height) = (tile_start(t), tile_start(t + 1) - tile_start(t));
                    let tile = TilePosition {
                        row,
                        column,
                        width,
                        k: ks.len(),
                        first: part == 0,
                        last: part + 1 == parts,
                        partial: partial.add((row - rows.start) * panel_width),
                    };
                    let a = packed_a.add((row - rows.start) * ks.len());
                    match product.b {
                        Matrix::Bytes(b) if direct => {
                            let start = b.start.add(ks.start * b.stride + column);
                            by_height::<V, _>(product, height, a, Bytes { start, ..b }, tile);
                        }
                        Matrix::Floats(b) if direct => {
                            let start = b.start.add(ks.start * b.stride + column);
                            by_height::<V, _>(product, height, a, Floats { start, ..b }, tile);
                        }
                        _ => {
                            let b = Floats { start: packed_b, stride: panel_width };
                            by_height::<V, _>(product, height, a, b, tile);
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn pack_a<V: F32>(product: &PackedGemm, rows: Range<usize>, ks: Range<usize>, to: *mut f32) {
    let height = rows.len();
    // SAFETY: rows and part of k lie inside a; `to` has room for them, as in `body`.
    unsafe {
        match (product.a, product.transpose_a) {
            (Matrix::Floats(a), true) => pack_rows::<V, _>(a, ks, rows, height, to),
            (Matrix::Bytes(a), true) => pack_rows::<V, _>(a, ks, rows, height, to),
            (Matrix::Floats(a), false) => pack_columns(a, rows, ks, height, to),
            (Matrix::Bytes(a), false) => pack_columns(a, rows, ks, height, to),
        }
    }
}

#[inline(always)]
unsafe fn pack_b<V: F32>(product: &PackedGemm, ks: Range<usize>, column: usize, width: usize, to: *mut f32) {
    let (columns, pitch) = (column..column + width, VECTORS * V::LANES);
    // SAFETY: part of k and columns lie inside b; `to` has room for a panel of them, as in `body`.
    unsafe {
        match (product.b, product.transpose_b) {
            (Matrix::Floats(b), false) => pack_rows::<V, _>(b, ks, columns, pitch, to),
            (Matrix::Bytes(b), false) => pack_rows::<V, _>(b, ks, columns, pitch, to),
            (Matrix::Floats(b), true) => pack_columns(b, columns, ks, pitch, to),
            (Matrix::Bytes(b), true) => pack_columns(b, columns, ks, pitch, to),
        }
    }
}

#[inline(always)]
unsafe fn by_height<V: F32, B: Source>(
    product: &PackedGemm,
    height: usize,
    a: *const f32,
    b: B,
    tile: TilePosition,
) {
    macro_rules! heights {
        ($($rows:literal)*) => {
            match height {
                $($rows if $rows <= tile_rows(V::REGISTERS) => compute_tile::<V, B, $rows>(product, a, b, tile),)*
                _ => {}
            }
        };
    }
    // SAFETY: as in `body`: `a` and `b` hold `tile.k` packed rows, the tile lies inside `out`.
    unsafe { heights!(1 2 3 4 5 6 7 8 9 10 11 12 13 14) }
}

/// Adds `k` products to every sum. A function of its own, so that the sums alone fill the registers.
#[inline(always)]
unsafe fn accumulate<V: F32, B: Source, const R: usize>(
    mut sums: [[V; VECTORS]; R],
    a: *const f32,
    b: B,
    k: usize,
) -> [[V; VECTORS]; R] {
    let mut a = a;
    for k in 0..k {
        // SAFETY: `a` holds `R` values for each of `k`, and `b` `VECTORS` vectors.
        unsafe {
            let mut bs = [V::splat(0.0); VECTORS];
            for v in 0..VECTORS {
                bs[v] = b.load(k, v * V::LANES);
            }
            for r in 0..R {
                let x = V::splat(*a.add(r));
                for v in 0..VECTORS {
                    sums[r][v] = x.mul_add(bs[v], sums[r][v]);
                }
            }
            a = a.add(R);
        }
    }
    sums
}

/// `R` rows by `VECTORS` vectors. `a` is packed `[k, R]`.
#[inline(always)]
unsafe fn compute_tile<V: F32, B: Source, const R: usize>(
    product: &PackedGemm,
    a: *const f32,
    b: B,
    tile: TilePosition,
) {
    // SAFETY: `a` and `b` as in `accumulate`; partial sums have room for the tile; of `out` only columns that exist are touched.
    unsafe {
        let mut sums = [[V::splat(0.0); VECTORS]; R];
        if !tile.first {
            for r in 0..R {
                for v in 0..VECTORS {
                    sums[r][v] = V::load(tile.partial.add((r * VECTORS + v) * V::LANES));
                }
            }
        }
        let sums = accumulate(sums, a, b, tile.k);
        if !tile.last {
            for r in 0..R {
                for v in 0..VECTORS {
                    sums[r][v].store(tile.partial.add((r * VECTORS + v) * V::LANES));
                }
            }
            return;
        }
        for r in 0..R {
            for v in 0..VECTORS {
                let column = tile.column + v * V::LANES;
                let count = V::LANES.min((tile.column + tile.width).saturating_sub(column));
                let out = product.out.add((tile.row + r) * product.n + column);
                if count == V::LANES {
                    finish(product, sums[r][v], V::load(out), column, count).store(out);
                } else if count > 0 {
                    let old = V::load_partial(out, count, 0.0);
                    finish(product, sums[r][v], old, column, count).store_partial(out, count);
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn finish<V: F32>(product: &PackedGemm, value: V, old: V, column: usize, count: usize) -> V {
    // SAFETY: the bias has `count` values from `column` on.
    unsafe {
        match product.epilogue {
            Epilogue::Store => value,
            Epilogue::Bias(bias) => value.add(V::load_partial(bias.add(column), count, 0.0)),
            Epilogue::SgdUpdate(learning_rate) => value.mul_add(V::splat(-learning_rate), old),
        }
    }
}
