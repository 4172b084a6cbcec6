//! What an op gets to work on: one chunk, and the slices of tensors that belong to it.
//!
//! This is where threads' shared memory becomes slices, so that ops are safe Rust. Each chunk is handed to one worker; a
//! slice that an op may write holds the chunk's own rows or units, and no two slices of one chunk overlap where one of them
//! can be written. What no slice can express (matrix products, convolutions) goes through the pointers of [`Tensors`].

// Every `&mut` that is given out is recorded, and compared with all others: see `Chunk::hand_out`.
#![allow(clippy::mut_from_ref)]

use std::cell::RefCell;
use std::ops::Range;
use std::sync::atomic::AtomicU32;

use bytemuck::Pod;

use crate::cpu::Level;
use crate::cpu::runtime::tensors::Tensors;
use crate::plan::TensorId;

/// A part of an op's work that one worker does: rows of the batch or units, as the op's
/// [`Partition`](crate::cpu::runtime::cpu_op::Partition) counts them.
pub(crate) struct Chunk<'a> {
    pub tensors: &'a Tensors,
    range: Range<usize>,
    handed_out: RefCell<HandedOut>,
}

/// Most slices that an op asks for.
const MAX_SLICES: usize = 12;

/// Addresses of the slices handed out so far, and whether they can be written.
#[derive(Default)]
struct HandedOut {
    slices: [(usize, usize, bool); MAX_SLICES],
    count: usize,
}

impl<'a> Chunk<'a> {
    /// # Safety
    /// The tensors are as large as the op's requirements say, and scratch memory and prepared weights as large as it
    /// asked for. Nobody else is at work on the same rows or units, and nobody writes what the op reads. Every chunk of
    /// the op is a part of its own partition.
    pub unsafe fn new(tensors: &'a Tensors, range: Range<usize>) -> Self {
        Chunk { tensors, range, handed_out: RefCell::default() }
    }

    /// The rows or units.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    pub fn level(&self) -> Level {
        self.tensors.level
    }

    /// The chunk's rows of a tensor `[rows, columns]`.
    pub fn rows<T: Pod>(&self, id: TensorId, columns: usize) -> &[T] {
        self.read(id, self.range.start * columns..self.range.end * columns)
    }

    /// As [`Chunk::rows`], to write.
    pub fn rows_mut<T: Pod>(&self, id: TensorId, columns: usize) -> &mut [T] {
        self.write(id, self.range.start * columns..self.range.end * columns)
    }

    /// The chunk's units of a tensor that has one value per unit.
    pub fn units<T: Pod>(&self, id: TensorId) -> &[T] {
        self.rows(id, 1)
    }

    /// As [`Chunk::units`], to write.
    pub fn units_mut<T: Pod>(&self, id: TensorId) -> &mut [T] {
        self.rows_mut(id, 1)
    }

    /// The chunk's units in one row of a tensor `[rows, units]`, of all `units` of the op.
    pub fn units_of_row_mut<T: Pod>(&self, id: TensorId, row: usize, units: usize) -> &mut [T] {
        assert!(self.range.end <= units, "units beyond a row's end");
        self.write(id, row * units + self.range.start..row * units + self.range.end)
    }

    /// All of a tensor that the op has listed as shared, or of any that it only reads where it goes by units.
    pub fn whole<T: Pod>(&self, id: TensorId) -> &[T] {
        self.read(id, 0..self.tensors.size(id) / size_of::<T>())
    }

    /// Counters that all chunks add to at once.
    pub fn counters(&self, id: TensorId) -> &[AtomicU32] {
        let count = self.tensors.size(id) / size_of::<AtomicU32>();
        // SAFETY: the memory is there, see `new`; an `AtomicU32` is laid out as a `u32`, and nobody reaches these but as counters.
        unsafe { std::slice::from_raw_parts(self.tensors.words(id).cast::<AtomicU32>(), count) }
    }

    /// The first `count` floats of the worker's scratch memory. Their contents are arbitrary.
    pub fn scratch(&self, count: usize) -> &mut [f32] {
        assert!(count <= self.tensors.scratch_floats, "more scratch memory than was asked for");
        self.hand_out(self.tensors.scratch, count, true);
        // SAFETY: the memory is this worker's own and large enough, and no slice before this one overlaps it.
        unsafe { std::slice::from_raw_parts_mut(self.tensors.scratch, count) }
    }

    fn read<T: Pod>(&self, id: TensorId, values: Range<usize>) -> &[T] {
        let (start, count) = self.locate::<T>(id, values);
        self.hand_out(start, count, false);
        // SAFETY: `locate` has found the values inside the tensor; nobody else writes them (`new`), nor does this chunk
        // (`hand_out`). Any bits are a value of a `Pod` type.
        unsafe { std::slice::from_raw_parts(start, count) }
    }

    fn write<T: Pod>(&self, id: TensorId, values: Range<usize>) -> &mut [T] {
        let (start, count) = self.locate::<T>(id, values);
        self.hand_out(start, count, true);
        // SAFETY: as in `read`; the values belong to rows or units that are this chunk's alone.
        unsafe { std::slice::from_raw_parts_mut(start, count) }
    }

    fn locate<T: Pod>(&self, id: TensorId, values: Range<usize>) -> (*mut T, usize) {
        assert!(values.end * size_of::<T>() <= self.tensors.size(id), "values past a tensor's end");
        let start = self.tensors.bytes(id).cast::<T>().wrapping_add(values.start);
        assert!(start.is_aligned(), "a tensor of another element");
        (start, values.len())
    }

    /// Records a slice.
    ///
    /// # Panics
    /// Where it overlaps an earlier one of this chunk and one of the two can be written: a mistake in an op.
    fn hand_out<T>(&self, start: *const T, count: usize, is_mut: bool) {
        let mut handed_out = self.handed_out.borrow_mut();
        let (start, end) = (start.addr(), start.addr() + count * size_of::<T>());
        let at = handed_out.count;
        let is_free =
            |other: &(usize, usize, bool)| end <= other.0 || other.1 <= start || !(is_mut || other.2);
        assert!(handed_out.slices[..at].iter().all(is_free), "slices of one chunk overlap");
        handed_out.slices[at] = (start, end, is_mut);
        handed_out.count = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::cpu::runtime::buffer::Buffer;
    use crate::cpu::runtime::tensors::TensorMemory;

    /// Two tensors of 8 floats, and 4 floats of scratch memory.
    fn with_chunk(range: Range<usize>, test: impl Fn(&Chunk, [TensorId; 2])) {
        let buffers: Vec<Buffer> = (0..3).map(|_| Buffer::floats(8).unwrap()).collect();
        let memory = buffers[..2].iter().map(|buffer| TensorMemory::whole(buffer.pointer(), 32)).collect();
        let tensors = Tensors {
            memory,
            prepared_weights: [].into(),
            first_row: AtomicUsize::new(0),
            scratch: buffers[2].pointer().cast(),
            scratch_floats: 4,
            level: Level::Portable,
        };
        // SAFETY: nobody else is at work on these tensors.
        test(&unsafe { Chunk::new(&tensors, range) }, [TensorId::new(0), TensorId::new(1)]);
    }

    fn panics(range: Range<usize>, test: impl Fn(&Chunk, [TensorId; 2])) -> bool {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| with_chunk(range, test))).is_err()
    }

    #[test]
    fn a_chunk_has_its_own_rows_and_units() {
        with_chunk(1..3, |chunk, [a, _]| chunk.rows_mut(a, 2).copy_from_slice(&[1.0f32, 2.0, 3.0, 4.0]));
        with_chunk(1..3, |chunk, [a, b]| {
            chunk.rows_mut(a, 2).copy_from_slice(&[1.0f32, 2.0, 3.0, 4.0]);
            chunk.units_of_row_mut(b, 1, 4).copy_from_slice(&[5.0f32, 6.0]);
            chunk.scratch(4).fill(7.0);
        });
        with_chunk(1..3, |chunk, [a, b]| {
            assert_eq!(chunk.whole::<f32>(a), [0.0; 8]);
            assert_eq!(chunk.rows::<f32>(b, 2).len(), 4);
            // What is only read may be handed out twice.
            assert_eq!(chunk.units::<f32>(a).len() + chunk.units::<f32>(a).len(), 4);
        });
    }

    #[test]
    fn slices_that_could_alias_or_leave_their_tensor_are_refused() {
        fn read(chunk: &Chunk, id: TensorId) -> usize {
            chunk.rows::<f32>(id, 4).len()
        }
        fn write(chunk: &Chunk, id: TensorId) -> usize {
            chunk.rows_mut::<f32>(id, 4).len()
        }
        with_chunk(0..2, |chunk, [a, b]| assert_eq!(read(chunk, a) + write(chunk, b), 16));
        assert!(panics(0..2, |chunk, [a, _]| assert_eq!(read(chunk, a) + write(chunk, a), 16)));
        assert!(panics(0..2, |chunk, [a, _]| assert_eq!(write(chunk, a) + read(chunk, a), 16)));
        assert!(panics(0..2, |chunk, _| assert_eq!(chunk.scratch(2).len() + chunk.scratch(1).len(), 3)));
        assert!(panics(0..3, |chunk, [a, _]| assert_eq!(read(chunk, a), 12)));
        assert!(panics(0..3, |chunk, [a, _]| assert_eq!(chunk.units_of_row_mut::<f32>(a, 0, 2).len(), 3)));
        assert!(panics(0..1, |chunk, _| assert_eq!(chunk.scratch(5).len(), 5)));
    }
}
