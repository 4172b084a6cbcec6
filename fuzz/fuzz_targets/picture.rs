//! Pictures: decoded, normalised as a digit, fitted to a size, and taken apart as a page.

#![no_main]

use std::path::Path;

use inkgrad::picture::{Fit, Picture, Preparation, page};
use inkgrad_fuzz::{bounded, decoded};
use libfuzzer_sys::fuzz_target;

/// Larger pictures take too long to be prepared thousands of times.
const PREPARED: usize = 40_000;

fuzz_target!(|bytes: &[u8]| {
    let picture = bounded(|| decoded(bytes), || Picture::decode(Path::new("fuzz"), bytes));
    let Ok(picture) = picture else { return };
    let (height, width) = (picture.height(), picture.width());
    assert_eq!(picture.pixels().len(), height * width * picture.channels());
    if height * width > PREPARED {
        return;
    }
    bounded(
        || picture.pixels().len(),
        || {
            assert_eq!(Preparation::digits(28, 28).bytes(&picture).len(), 784);
            for fit in [Fit::Pad, Fit::Crop, Fit::Stretch] {
                assert_eq!(Preparation::fitted(20, 30, 3, fit).bytes(&picture).len(), 1800);
            }
            for touching in page::lines(&picture, 28, 28).iter().flatten() {
                let whole = |span| span == (0, touching.cuts + 1);
                assert!(touching.candidates.iter().any(|candidate| whole(candidate.span)));
            }
        },
    );
});
