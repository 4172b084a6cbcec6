//! Archives, whatever they hold: folders of pictures, tables, arrays, CIFAR's files, IDX, further archives.

#![no_main]

use std::sync::LazyLock;

use inkgrad::data::{DataSet, Options};
use inkgrad_fuzz::{Scratch, archived, bounded};
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<Scratch> = LazyLock::new(|| Scratch::new("set.zip"));

fuzz_target!(|bytes: &[u8]| {
    let path = FILE.holding(bytes);
    let options = Options { size: Some([4, 4]), channels: Some(1), skip_bad: true, ..Options::default() };
    for options in [&Options::default(), &options] {
        if let Ok(set) = bounded(|| archived(bytes), || DataSet::read(path, options)) {
            assert!(set.train.labels().iter().all(|label| usize::from(*label) < set.classes));
        }
    }
});
