//! What ops see of the tensors: pointers, and matrices of float32 or of image bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cpu::Level;
use crate::cpu::simd::F32;
use crate::plan::ops::Operand;
use crate::plan::{TensorId, image_stride};

/// A tensor's memory, as one worker sees it.
#[derive(Clone, Copy)]
pub(crate) struct TensorMemory {
    start: *mut u8,
    bytes: usize,
    /// For a chunk-local tensor: bytes of a row, and the row at which this worker's own rows begin, after all rows of the
    /// tensor, so that no pointer leaves the memory. For other tensors both are 0.
    row_bytes: usize,
    own_rows: usize,
}

impl TensorMemory {
    pub fn whole(start: *mut u8, bytes: usize) -> Self {
        TensorMemory { start, bytes, row_bytes: 0, own_rows: 0 }
    }

    /// Chunk-local, of `rows` rows; this worker's own begin at row `own_rows`.
    pub fn chunk_local(self, rows: usize, own_rows: usize) -> Self {
        TensorMemory { row_bytes: self.bytes / rows.max(1), own_rows, ..self }
    }

    /// Start and bytes, where all rows are kept.
    pub fn kept(&self) -> Option<(*mut u8, usize)> {
        (self.row_bytes == 0).then_some((self.start, self.bytes))
    }
}

/// A plan's tensors as one worker sees them: each has scratch memory of its own.
pub(crate) struct Tensors {
    /// By tensor index.
    pub memory: Vec<TensorMemory>,
    /// The prepared weights of ops, by the index of the tensor that they write; null for all others.
    pub prepared_weights: Arc<[*mut f32]>,
    /// The first row of the chunk that this worker is working on.
    pub first_row: AtomicUsize,
    /// This worker's own floats, as many as the plan's ops asked for with `CpuOp::scratch`.
    pub scratch: *mut f32,
    pub scratch_floats: usize,
    pub level: Level,
}

// SAFETY: the executor keeps the memory alive, and hands each worker rows and units that no other worker has.
unsafe impl Send for Tensors {}
// SAFETY: as above.
unsafe impl Sync for Tensors {}

impl Tensors {
    /// Where row 0 lies or would lie.
    pub fn bytes(&self, id: TensorId) -> *mut u8 {
        let memory = &self.memory[id.index()];
        match memory.row_bytes {
            0 => memory.start,
            bytes => {
                memory.start.wrapping_add((memory.own_rows - self.first_row.load(Ordering::Relaxed)) * bytes)
            }
        }
    }

    /// See `CpuOp::prepared_weights`.
    pub fn prepared_weights(&self, id: TensorId) -> *mut f32 {
        self.prepared_weights[id.index()]
    }

    /// How many bytes the tensor has.
    pub fn size(&self, id: TensorId) -> usize {
        self.memory[id.index()].bytes
    }

    pub fn floats(&self, id: TensorId) -> *mut f32 {
        self.bytes(id).cast()
    }

    pub fn words(&self, id: TensorId) -> *mut u32 {
        self.bytes(id).cast()
    }

    pub fn matrix(&self, id: TensorId, columns: usize) -> Floats {
        Floats { start: self.floats(id), stride: columns }
    }

    /// One side of a product, stored in rows of `columns`.
    pub fn operand(&self, operand: &Operand, columns: usize) -> Matrix {
        match operand.pixels {
            None => Matrix::Floats(self.matrix(operand.tensor, columns)),
            Some(pixels) => Matrix::Bytes(Bytes {
                start: self.bytes(operand.tensor),
                stride: image_stride(columns),
                gain: pixels.gain / 255.0,
                offset: pixels.offset,
            }),
        }
    }
}

/// A matrix stored in rows, of either kind.
#[derive(Clone, Copy)]
pub(crate) enum Matrix {
    Floats(Floats),
    Bytes(Bytes),
}

#[derive(Clone, Copy)]
pub(crate) struct Floats {
    pub start: *const f32,
    /// Values from one row to the next.
    pub stride: usize,
}

/// Bytes that are `byte * gain + offset` (the gain includes the division by 255).
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    pub start: *const u8,
    /// Bytes from one row to the next.
    pub stride: usize,
    pub gain: f32,
    pub offset: f32,
}

/// Where a product's values come from.
///
/// # Safety
/// Of every function: `LANES` or `count` values from that row and column on lie inside the matrix; the level's
/// instructions are there.
pub(crate) trait Source: Copy {
    unsafe fn at(self, row: usize, column: usize) -> f32;
    unsafe fn load<V: F32>(self, row: usize, column: usize) -> V;
    /// `count` values; what follows them is finite.
    unsafe fn load_partial<V: F32>(self, row: usize, column: usize, count: usize) -> V;
}

impl Source for Floats {
    #[inline(always)]
    unsafe fn at(self, row: usize, column: usize) -> f32 {
        // SAFETY: the caller's promise.
        unsafe { *self.start.add(row * self.stride + column) }
    }
    #[inline(always)]
    unsafe fn load<V: F32>(self, row: usize, column: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load(self.start.add(row * self.stride + column)) }
    }
    #[inline(always)]
    unsafe fn load_partial<V: F32>(self, row: usize, column: usize, count: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load_partial(self.start.add(row * self.stride + column), count, 0.0) }
    }
}

impl Source for Bytes {
    #[inline(always)]
    unsafe fn at(self, row: usize, column: usize) -> f32 {
        // SAFETY: the caller's promise.
        f32::from(unsafe { *self.start.add(row * self.stride + column) }) * self.gain + self.offset
    }
    #[inline(always)]
    unsafe fn load<V: F32>(self, row: usize, column: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe {
            let bytes = V::load_bytes(self.start.add(row * self.stride + column));
            bytes.mul_add(V::splat(self.gain), V::splat(self.offset))
        }
    }
    #[inline(always)]
    unsafe fn load_partial<V: F32>(self, row: usize, column: usize, count: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe {
            let bytes = V::load_bytes_partial(self.start.add(row * self.stride + column), count);
            bytes.mul_add(V::splat(self.gain), V::splat(self.offset))
        }
    }
}
