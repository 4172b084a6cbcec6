//! ONNX files.

#![no_main]

use std::path::Path;

use inkgrad::exchange::{Said, onnx};
use inkgrad_fuzz::{RECIPE, bounded};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let beside = |name: &str| match name {
        "beside" => Ok(vec![0; 64]),
        _ => Err(inkgrad::Error::Data(format!("{name} is not there"))),
    };
    for recipe in [None, Some(&*RECIPE)] {
        let said = Said { recipe, size: None };
        let model = bounded(|| bytes.len(), || onnx::read(Path::new("fuzz"), bytes, said, &beside));
        if let Ok(model) = model {
            assert!(model.members.iter().all(|member| member.is_finite()));
        }
    }
});
