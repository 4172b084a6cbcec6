//! PyTorch's states in safetensors files.

#![no_main]

use std::path::Path;

use inkgrad::exchange::{Said, pytorch};
use inkgrad_fuzz::{RECIPE, bounded};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for (recipe, size) in [(None, None), (Some(&*RECIPE), None), (Some(&*RECIPE), Some([3, 2]))] {
        let said = Said { recipe, size };
        let model = bounded(|| bytes.len(), || pytorch::read(Path::new("fuzz"), bytes, said));
        if let Ok(model) = model {
            assert!(model.members.iter().all(|member| member.is_finite()));
        }
    }
});
