//! Whatever is done to a file, reading it ends in a value or an error, and in bounded memory.

use inkgrad::data::idx::Source;
use inkgrad::data::{DataSet, Part};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::allocation::largest_allocation;
use crate::{gzip, image_file, label_file};

#[derive(Clone, Debug)]
enum Change {
    Flip {
        at: prop::sample::Index,
        mask: u8,
    },
    Cut(prop::sample::Index),
    Append(Vec<u8>),
    /// One of the big-endian numbers of the header.
    Field {
        number: usize,
        value: u32,
    },
    Remove(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let value = prop_oneof![
        any::<u32>(),
        0u32..9,
        Just(u32::MAX),
        Just(0x801),
        Just(0x803),
        Just(1 << 20),
        Just(4096),
    ];
    prop_oneof![
        4 => (any::<prop::sample::Index>(), 1u8..).prop_map(|(at, mask)| Change::Flip { at, mask }),
        1 => any::<prop::sample::Index>().prop_map(Change::Cut),
        1 => vec(any::<u8>(), 1..40).prop_map(Change::Append),
        3 => (0usize..4, value).prop_map(|(number, value)| Change::Field { number, value }),
        1 => any::<prop::sample::Index>().prop_map(Change::Remove),
    ]
}

fn apply(bytes: &mut Vec<u8>, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Append(more) => bytes.extend_from_slice(more),
            _ if bytes.is_empty() => {}
            Change::Flip { at, mask } => {
                let at = at.index(bytes.len());
                bytes[at] ^= mask;
            }
            Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Change::Remove(at) => {
                bytes.remove(at.index(bytes.len()));
            }
            Change::Field { number, value } => {
                if let Some(field) = bytes.get_mut(number * 4..number * 4 + 4) {
                    field.copy_from_slice(&value.to_be_bytes());
                }
            }
        }
    }
}

/// An original, changed before it is packed and after.
fn mutated(original: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    (vec(change(), 0..3), any::<bool>(), vec(change(), 0..3)).prop_map(move |(inside, pack, outside)| {
        let mut bytes = original.clone();
        apply(&mut bytes, &inside);
        if pack {
            bytes = gzip(&bytes);
        }
        apply(&mut bytes, &outside);
        bytes
    })
}

const LABELS: [u8; 6] = [0, 1, 2, 3, 4, 5];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn image_files(bytes in mutated(image_file(6, 5, 4))) {
        let (result, largest) = largest_allocation(|| Source::bytes("mutant", &bytes).images());
        prop_assert!(largest < 1 << 20, "{} bytes", largest);
        match result {
            Ok(images) => {
                prop_assert_eq!(images.pixels.len(), images.count * images.height * images.width);
                prop_assert!(!images.pixels.is_empty());
            }
            Err(error) => prop_assert!(error.to_string().starts_with("mutant: "), "{}", error),
        }
    }

    #[test]
    fn label_files(bytes in mutated(label_file(&LABELS))) {
        let (result, largest) = largest_allocation(|| Source::bytes("mutant", &bytes).labels());
        prop_assert!(largest < 1 << 20, "{} bytes", largest);
        match result {
            Ok(labels) => prop_assert!(!labels.is_empty()),
            Err(error) => prop_assert!(error.to_string().starts_with("mutant: "), "{}", error),
        }
    }

    #[test]
    fn anything_at_all(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(Source::bytes("noise", &bytes).images().is_err());
        prop_assert!(Source::bytes("noise", &[&[0x1f, 0x8b][..], &bytes].concat()).labels().is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn whole_sets(
        train in mutated(image_file(6, 5, 4)), train_labels in mutated(label_file(&LABELS)),
        test in mutated(image_file(6, 5, 4)), test_labels in mutated(label_file(&LABELS)),
    ) {
        if let Ok(set) = DataSet::from_idx_bytes(&train, &train_labels, &test, &test_labels) {
            for split in [&set.train, &set.validation, &set.test] {
                prop_assert_eq!(split.images().len(), split.len() * set.image_bytes());
                prop_assert!(split.labels().iter().all(|&label| usize::from(label) < set.classes));
            }
            prop_assert!(!set.train.is_empty() && !set.test.is_empty());
        }
        if let Ok(part) = Part::from_idx_bytes("t10k", &test, &test_labels) {
            prop_assert_eq!(part.examples.image_bytes(), part.height * part.width);
        }
    }
}
