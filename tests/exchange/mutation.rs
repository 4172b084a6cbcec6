//! Whatever is done to a file, reading it ends in a model or an error, and in bounded memory.

use std::path::Path;

use inkgrad::exchange::{Said, keras, onnx, pytorch};
use inkgrad::model_file::Model;
use inkgrad::{Error, Result};
use proptest::collection::vec;
use proptest::prelude::*;

use super::networks::{ONE_LAYER, models, recipe};
use crate::allocation::largest_allocation;

#[derive(Clone, Debug)]
enum Change {
    Flip {
        at: prop::sample::Index,
        mask: u8,
    },
    Set {
        at: prop::sample::Index,
        value: u8,
    },
    Cut(prop::sample::Index),
    Insert {
        at: prop::sample::Index,
        bytes: Vec<u8>,
    },
    Remove {
        at: prop::sample::Index,
        length: usize,
    },
    /// A stretch of the file once more, elsewhere.
    Copy {
        from: prop::sample::Index,
        to: prop::sample::Index,
        length: usize,
    },
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    let value = prop_oneof![any::<u8>(), Just(0), Just(0xff), Just(0x80), Just(0x7f)];
    prop_oneof![
        4 => (at(), 1u8..).prop_map(|(at, mask)| Change::Flip { at, mask }),
        4 => (at(), value).prop_map(|(at, value)| Change::Set { at, value }),
        1 => at().prop_map(Change::Cut),
        1 => (at(), vec(any::<u8>(), 1..12)).prop_map(|(at, bytes)| Change::Insert { at, bytes }),
        1 => (at(), 1usize..40).prop_map(|(at, length)| Change::Remove { at, length }),
        1 => (at(), at(), 1usize..200).prop_map(|(from, to, length)| Change::Copy { from, to, length }),
    ]
}

fn apply(bytes: &mut Vec<u8>, changes: &[Change]) {
    for change in changes.iter() {
        if bytes.is_empty() {
            return;
        }
        let len = bytes.len();
        match change {
            Change::Flip { at, mask } => bytes[at.index(len)] ^= mask,
            Change::Set { at, value } => bytes[at.index(len)] = *value,
            Change::Cut(at) => bytes.truncate(at.index(len)),
            Change::Insert { at, bytes: more } => {
                let at = at.index(len);
                bytes.splice(at..at, more.iter().copied());
            }
            Change::Remove { at, length } => {
                let at = at.index(len);
                bytes.drain(at..(at + length).min(len));
            }
            Change::Copy { from, to, length } => {
                let from = from.index(len);
                let stretch = bytes[from..(from + length).min(len)].to_vec();
                let to = to.index(len);
                bytes.splice(to..to, stretch);
            }
        }
    }
}

/// The files of all small models, changed. Most changes fall on what describes the tensors, of which the files hold little.
fn mutated(originals: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(originals), vec(change(), 1..5)).prop_map(|(mut bytes, changes)| {
        apply(&mut bytes, &changes);
        bytes
    })
}

/// One allocation may be as large as this: far above any small model's, far below what a header can make up.
const MAX_ALLOCATION: usize = 80 << 20;

fn onnx_files() -> Vec<Vec<u8>> {
    models().iter().map(|model| onnx::write(model, onnx::Options::default()).unwrap()).collect()
}

fn pytorch_files() -> Vec<Vec<u8>> {
    models().iter().map(|model| pytorch::weights(model).unwrap()).collect()
}

/// h5py's own files too: of a Keras model, with groups as symbol tables.
fn keras_files() -> Vec<Vec<u8>> {
    let ours = models().into_iter().map(|model| keras::weights(&model).unwrap());
    ours.chain([include_bytes!("keras.weights.h5").to_vec()]).collect()
}

fn ends_well(result: Result<Model>) -> std::result::Result<(), TestCaseError> {
    match result {
        Ok(model) => prop_assert!(model.members.iter().all(|member| member.is_finite())),
        Err(error) => prop_assert!(error.to_string().starts_with("mutant: "), "{}", error),
    }
    Ok(())
}

fn beside(name: &str) -> Result<Vec<u8>> {
    Err(Error::bad_file(Path::new(name), "not there"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn onnx(bytes in mutated(onnx_files())) {
        let recipe = recipe(ONE_LAYER);
        for recipe in [None, Some(&recipe)] {
            let (result, largest) =
                largest_allocation(|| onnx::read(Path::new("mutant.onnx"), &bytes, Said { recipe, size: None }, &beside));
            prop_assert!(largest < MAX_ALLOCATION, "{} bytes", largest);
            match result {
                Ok(model) => prop_assert!(model.members.iter().all(|member| member.is_finite())),
                Err(Error::Recipe(_)) => {}
                Err(error) => prop_assert!(error.to_string().starts_with("mutant.onnx: "), "{}", error),
            }
        }
    }

    #[test]
    fn pytorch(bytes in mutated(pytorch_files())) {
        let (result, largest) = largest_allocation(|| pytorch::read(Path::new("mutant"), &bytes, Said { recipe: Some(&recipe(ONE_LAYER)), size: None }));
        prop_assert!(largest < MAX_ALLOCATION, "{} bytes", largest);
        ends_well(result)?;
    }

    #[test]
    fn keras(bytes in mutated(keras_files())) {
        let (result, largest) = largest_allocation(|| keras::read(Path::new("mutant"), &bytes, Said { recipe: Some(&recipe(ONE_LAYER)), size: None }));
        prop_assert!(largest < MAX_ALLOCATION, "{} bytes", largest);
        ends_well(result)?;
    }

    #[test]
    fn anything_at_all(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(onnx::read(Path::new("noise"), &bytes, Said::default(), &beside).is_err());
        prop_assert!(pytorch::read(Path::new("noise"), &bytes, Said::default()).is_err());
        prop_assert!(keras::read(Path::new("noise"), &bytes, Said::default()).is_err());
        let hdf5 = [b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0".as_slice(), &bytes].concat();
        prop_assert!(keras::read(Path::new("noise"), &hdf5, Said::default()).is_err());
    }
}
