//! The flat buffers in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cpu::runtime::buffer::Buffer;
use crate::error::{Error, Result};
use crate::execution::Flat;
use crate::plan::FlatSizes;

/// Flat buffers that several executors share. Cheap to clone: clones are the same buffers.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    sizes: FlatSizes,
    parameters: Buffer,
    gradients: Buffer,
    states: Vec<Buffer>,
    statistics: Buffer,
    /// Held by whoever reads or writes the buffers: one step, one read, one write at a time.
    busy: Mutex<()>,
}

impl Store {
    pub(crate) fn new(sizes: FlatSizes, parameters: &[f32]) -> Result<Self> {
        let states = (0..sizes.states).map(|_| Buffer::floats(sizes.parameters)).collect::<Result<_>>()?;
        let shared = Shared {
            sizes,
            parameters: Buffer::floats(sizes.parameters)?,
            gradients: Buffer::floats(sizes.parameters)?,
            states,
            statistics: Buffer::floats(sizes.statistics)?,
            busy: Mutex::new(()),
        };
        let store = Store { shared: Arc::new(shared) };
        store.write(Flat::Parameters, parameters)?;
        Ok(store)
    }

    pub(crate) fn sizes(&self) -> FlatSizes {
        self.shared.sizes
    }

    /// Nobody else touches the buffers while the guard lives.
    pub(crate) fn lock(&self) -> MutexGuard<'_, ()> {
        // A thread that panicked may have left wrong values, but they can still be read.
        self.shared.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a flat buffer begins, and how many values it has; none where the store has no such state.
    pub(crate) fn flat(&self, flat: Flat) -> Option<(*mut u8, usize)> {
        let Shared { sizes, parameters, gradients, states, statistics, .. } = &*self.shared;
        match flat {
            Flat::Parameters => Some((parameters.pointer(), sizes.parameters)),
            Flat::Gradients => Some((gradients.pointer(), sizes.parameters)),
            Flat::State(which) => states.get(which).map(|state| (state.pointer(), sizes.parameters)),
            Flat::Statistics => Some((statistics.pointer(), sizes.statistics)),
        }
    }

    pub fn read(&self, flat: Flat) -> Vec<f32> {
        let Some((start, count)) = self.flat(flat) else { return Vec::new() };
        let _guard = self.lock();
        // SAFETY: the buffer holds `count` floats, and nobody writes them while the guard lives.
        unsafe { std::slice::from_raw_parts(start.cast::<f32>(), count) }.to_vec()
    }

    /// Overwrites a flat buffer; `values` must be as long as it.
    pub fn write(&self, flat: Flat, values: &[f32]) -> Result<()> {
        match self.flat(flat) {
            Some((start, count)) if count == values.len() => {
                let _guard = self.lock();
                // SAFETY: as in `read`.
                unsafe { std::slice::from_raw_parts_mut(start.cast::<f32>(), count) }.copy_from_slice(values);
                Ok(())
            }
            buffer => {
                let wanted = buffer.map_or(0, |(_, count)| count);
                Err(Error::Internal(format!("{flat:?} has {wanted} values, {} were given", values.len())))
            }
        }
    }
}
