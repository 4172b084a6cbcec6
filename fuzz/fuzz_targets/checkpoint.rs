//! Checkpoints, and the networks of the runs that they continue.

#![no_main]

use std::path::Path;

use inkgrad::network::Network;
use inkgrad::train::Checkpoint;
use inkgrad_fuzz::bounded;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    bounded(
        || bytes.len(),
        || {
            let Ok(checkpoint) = Checkpoint::from_bytes(Path::new("fuzz"), bytes) else { return };
            let recipe = &checkpoint.about.recipe;
            let _ = Network::new(checkpoint.about.task, recipe.normalisation, &recipe.layers);
            let _ = recipe.steps_on(55_000);
        },
    );
});
