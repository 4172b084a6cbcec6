//! Recipes, and the networks that they make.

#![no_main]

use std::path::Path;

use inkgrad::network::{Network, Task};
use inkgrad::recipe::Recipe;
use inkgrad_fuzz::bounded;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    bounded(
        || text.len(),
        || {
            let Ok(recipe) = Recipe::parse(Path::new("fuzz.toml"), text) else { return };
            for channels in [1, 3] {
                let task = Task { height: 28, width: 28, classes: 10, channels };
                let _ = Network::new(task, recipe.normalisation, &recipe.layers);
            }
            let _ = recipe.steps_on(55_000);
            let _ = recipe.training_options_on(&[0, 1, 2, 2], 3);
        },
    );
});
