//! IDX files of images and of labels, gzipped or not.

#![no_main]

use inkgrad::data::idx::Source;
use inkgrad_fuzz::{bounded, unpacked};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let held = || unpacked(bytes);
    if let Ok(images) = bounded(held, || Source::bytes("fuzz", bytes).images()) {
        let pixels = images.count * images.height * images.width * images.channels;
        assert_eq!(images.pixels.len(), pixels);
    }
    if let Ok(labels) = bounded(held, || Source::bytes("fuzz", bytes).labels()) {
        assert!(!labels.is_empty());
    }
});
