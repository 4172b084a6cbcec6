//! Memory that threads share by raw pointers, each writing its own part.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use crate::error::{Error, Result};

/// Bytes of a cache line, and of the widest vector.
const ALIGNMENT: usize = 64;

/// Zeroed bytes on whole cache lines, reached through pointers alone: no reference is ever made to them here, so
/// any number of threads may hold pointers into them.
#[derive(Debug)]
pub(super) struct Buffer {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: a Buffer only owns the memory; whoever uses the pointer answers for races.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    pub fn new(bytes: usize) -> Result<Self> {
        let too_large =
            || Error::Config(format!("no memory for a buffer of {bytes} bytes: try a smaller `--batch`"));
        let layout = Layout::from_size_align(bytes.max(1).next_multiple_of(ALIGNMENT), ALIGNMENT)
            .map_err(|_| too_large())?;
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or_else(too_large)?;
        Ok(Buffer { start, layout })
    }

    pub fn floats(count: usize) -> Result<Self> {
        Buffer::new(count.saturating_mul(4))
    }

    pub fn pointer(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}
