//! NumPy's arrays: the fuzzer's bytes are two `.npy` files, side by side and in an archive.

#![no_main]

use std::sync::LazyLock;

use inkgrad::data::DataSet;
use inkgrad_fuzz::{Scratch, bounded, zipped};
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("x.npz"));

fuzz_target!(|bytes: &[u8]| {
    // The second file begins with the second magic number.
    let magic = b"\x93NUMPY";
    let second = bytes.windows(magic.len()).skip(1).position(|window| window == magic);
    let (images, labels) = bytes.split_at(second.map_or(bytes.len() / 2, |at| at + 1));
    let archive = zipped(&[("x_train.npy", images), ("y_train.npy", labels)]);
    let path = FILE.holding(&archive);
    if let Ok(set) = bounded(|| bytes.len(), || DataSet::open(path)) {
        assert!(set.train.labels().iter().all(|label| usize::from(*label) < set.classes));
    }
});
