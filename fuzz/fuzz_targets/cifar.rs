//! CIFAR-10's and CIFAR-100's binary files, with their names of classes.

#![no_main]

use std::sync::LazyLock;

use inkgrad::data::DataSet;
use inkgrad_fuzz::{Scratch, bounded};
use libfuzzer_sys::fuzz_target;

static TEN: LazyLock<[Scratch; 2]> =
    LazyLock::new(|| ["10/data_batch_1.bin", "10/batches.meta.txt"].map(Scratch::new));
static HUNDRED: LazyLock<[Scratch; 2]> =
    LazyLock::new(|| ["100/train.bin", "100/fine_label_names.txt"].map(Scratch::new));

fuzz_target!(|bytes: &[u8]| {
    // The first two bytes say where the names end and how many bytes the records have: they are far longer than what a fuzzer
    // likes to make.
    let [first, second, rest @ ..] = bytes else { return };
    let (names, records) = rest.split_at(rest.len().min(usize::from(*first)));
    for (files, record) in [(&*TEN, 3073), (&*HUNDRED, 3074)] {
        let length = record * usize::from(*second % 6) + usize::from(*second / 6 % 3);
        let records: Vec<u8> = records.iter().copied().cycle().take(length).collect();
        let [data, class_names] = files;
        class_names.holding(names);
        let path = data.holding(&records);
        let directory = path.parent().expect("a file in a directory");
        if let Ok(set) = bounded(|| records.len(), || DataSet::open(directory)) {
            assert_eq!(set.shape(), [3, 32, 32]);
            assert!(set.train.labels().iter().all(|label| usize::from(*label) < set.classes));
        }
    }
});
