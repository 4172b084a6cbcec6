//! Tables of pixels, gzipped or not.

#![no_main]

use std::sync::LazyLock;

use inkgrad::data::{DataSet, Options, Part};
use inkgrad_fuzz::{Scratch, bounded, unpacked};
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("train.csv"));

fuzz_target!(|bytes: &[u8]| {
    let path = FILE.holding(bytes);
    let held = || unpacked(bytes);
    let options = Options { size: Some([2, 3]), ..Options::default() };
    for options in [&Options::default(), &options] {
        if let Ok(set) = bounded(held, || DataSet::read(path, options)) {
            assert!(set.train.labels().iter().all(|label| usize::from(*label) < set.classes));
        }
    }
    let _ = bounded(held, || Part::read_unlabelled(path, &options));
});
