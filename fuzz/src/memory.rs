//! Counts the bytes that are allocated, over all threads: fuzz targets run one input at a time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counted;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn grow(bytes: usize) {
    let now = NOW.fetch_add(bytes, Relaxed) + bytes;
    MOST.fetch_max(now, Relaxed);
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may exist while the values are copied.
        grow(size);
        let moved = unsafe { System.realloc(pointer, layout, size) };
        NOW.fetch_sub(layout.size(), Relaxed);
        moved
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTED: Counted = Counted;

/// What every reader may take, whatever the file.
const FREE: usize = 64 << 20;

/// Calls `work`, which must allocate less than twice what its file holds plus 64 MB. `held` says what it holds, unpacked, in
/// bytes; it is asked only where `work` allocated more than 64 MB.
///
/// # Panics
/// If `work` allocated more.
pub fn bounded<T>(held: impl FnOnce() -> usize, work: impl FnOnce() -> T) -> T {
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    let result = work();
    let taken = MOST.load(Relaxed).saturating_sub(before);
    if taken >= FREE {
        let held = held();
        assert!(
            taken < held.saturating_mul(2) + FREE,
            "{taken} bytes allocated for a file that holds {held}"
        );
    }
    result
}
