//! Model files.

#![no_main]

use std::path::Path;

use inkgrad::model_file::Model;
use inkgrad_fuzz::bounded;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let model = bounded(|| bytes.len(), || Model::from_bytes(Path::new("fuzz"), bytes));
    if let Ok(model) = model {
        assert!(model.members.iter().all(|member| member.is_finite()));
        assert_eq!(model.names().len(), model.network.task.classes);
        // What can be read can be written, and read again.
        let written = model.to_bytes().expect("a model that was read");
        Model::from_bytes(Path::new("again"), &written).expect("a model that was written");
    }
});
