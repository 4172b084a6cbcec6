//! Memory that threads share through raw pointers, each thread writing its own part.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use crate::error::{Error, Result};

/// Bytes of a cache line, and of the widest vector.
const ALIGNMENT: usize = 64;

/// Zeroed bytes on whole cache lines, reached through pointers alone: no reference to them is ever made here, so
/// any number of threads may hold pointers into them.
#[derive(Debug)]
pub(crate) struct Buffer {
    start: NonNull<u8>,
    layout: Layout,
    /// Bytes that were asked for.
    #[cfg(debug_assertions)]
    bytes: usize,
}

/// Debug builds put this after every buffer, and check at the end that it is still there: ops write through
/// pointers, and no test would notice a value beyond the last.
#[cfg(debug_assertions)]
const FENCE: [u8; ALIGNMENT] = [0xa5; ALIGNMENT];

// SAFETY: a Buffer only owns the memory; whoever uses the pointer must prevent data races.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    pub fn new(bytes: usize) -> Result<Self> {
        let too_large = || Error::NoMemory { bytes };
        // AddressSanitizer sees each access beyond the end if there is no padding.
        let padded = if cfg!(address_sanitizer) { 1 } else { ALIGNMENT };
        let size = bytes.max(1).checked_next_multiple_of(padded).ok_or_else(too_large)?;
        #[cfg(debug_assertions)]
        let size = size.checked_add(2 * ALIGNMENT).ok_or_else(too_large)?;
        let layout = Layout::from_size_align(size, ALIGNMENT).map_err(|_| too_large())?;
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or_else(too_large)?;
        #[cfg(debug_assertions)]
        // SAFETY: the buffer is that much longer than `bytes`.
        unsafe {
            start.as_ptr().add(bytes).copy_from_nonoverlapping(FENCE.as_ptr(), FENCE.len())
        };
        Ok(Buffer {
            start,
            layout,
            #[cfg(debug_assertions)]
            bytes,
        })
    }

    pub fn floats(count: usize) -> Result<Self> {
        Buffer::new(count.saturating_mul(4))
    }

    /// Fills it with NaN in debug builds: scratch memory holds what other ops left there, and no op may rely on zeros.
    /// No thread may be using it yet.
    pub fn spoil(&self) {
        #[cfg(debug_assertions)]
        for at in 0..self.bytes / size_of::<f32>() {
            // SAFETY: the buffer has that many bytes, on whole cache lines.
            unsafe { self.start.cast::<f32>().add(at).write(f32::NAN) }
        }
    }

    pub fn pointer(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Bytes of memory taken, which are a few more than asked for.
    pub fn size(&self) -> usize {
        self.layout.size()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        #[cfg(debug_assertions)]
        if !std::thread::panicking() {
            // SAFETY: `new` has put the fence there.
            let fence =
                unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(self.bytes), FENCE.len()) };
            assert_eq!(fence, FENCE, "something wrote beyond a buffer of {} bytes", self.bytes);
        }
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}
