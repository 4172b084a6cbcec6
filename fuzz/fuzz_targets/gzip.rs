//! Gzip streams: the fuzzer's bytes say what is packed, and what is done to the stream afterwards.

#![no_main]

use inkgrad::data::{DataSet, Part};
use inkgrad_fuzz::{bounded, gzip, unpacked};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Starting a thread for each half would take longer than reading it.
    inkgrad::threads::limit(1);
    // Number of changes, the changes (where, and what), length of the first file, the two files.
    let [changes, rest @ ..] = bytes else { return };
    let Some((changes, rest)) = rest.split_at_checked(usize::from(changes % 8) * 3) else { return };
    let [length, rest @ ..] = rest else { return };
    let (images, labels) = rest.split_at(rest.len().min(usize::from(*length)));
    let (mut images, mut labels) = (gzip(images), gzip(labels));
    for change in changes.chunks_exact(3) {
        let file = if change[0].is_multiple_of(2) { &mut images } else { &mut labels };
        match usize::from(change[1]) {
            at if at < file.len() => file[at] ^= change[2],
            // behind the stream: padding, or anything else
            254 => file.resize(file.len() + usize::from(change[2]), 0),
            // another member
            255 => file.extend(gzip(&[change[2]])),
            _ => file.push(change[2]),
        }
    }
    let held = || unpacked(&images) + unpacked(&labels);
    let part = bounded(held, || Part::from_idx_bytes("t10k", &images, &labels));
    if let Ok(part) = &part {
        assert_eq!(part.examples.image_bytes(), part.shape().iter().product::<usize>());
    }
    let set = bounded(|| 2 * held(), || DataSet::from_idx_bytes(&images, &labels, &images, &labels));
    if let Ok(set) = set {
        assert!(set.train.labels().iter().all(|label| usize::from(*label) < set.classes));
    }
});
