//! Layers, losses, optimisers and schedules against PyTorch's own numbers (`make.py` makes `vectors.json`), on both
//! devices.

use std::collections::HashMap;

use inkgrad::data::{BatchOrder, Split};
use inkgrad::executor::Flat;
use inkgrad::network::{Network, Slice, Task};
use inkgrad::plan::StepScalars;
use inkgrad::recipe::{Position, Schedule};
use inkgrad::reference::Interpreter;
use inkgrad::train::{Trainer, TrainerOptions};
use pollster::block_on;
use serde::Deserialize;

use crate::{cpu, gpu, network, parse, run_to_end};

#[derive(Deserialize)]
struct Golden {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    cases: Vec<Case>,
    schedules: Vec<Scheduled>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    recipe: String,
    #[serde(default)]
    in_colour: bool,
    parameters: HashMap<String, Vec<f32>>,
    losses: Vec<f32>,
    gradients: HashMap<String, Vec<f32>>,
    after: HashMap<String, Vec<f32>>,
    statistics: Vec<f32>,
}

#[derive(Deserialize)]
struct Scheduled {
    recipe: String,
    factors: Vec<f64>,
}

impl Case {
    /// The same bytes are grey images of 9 x 8 pixels, or 6 x 4 pixels in three colours.
    fn task(&self) -> Task {
        if self.in_colour { Task::colour(6, 4, 3) } else { Task::grey(9, 8, 3) }
    }
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

/// Named tensors as a flat buffer.
fn flat(network: &Network, named: &HashMap<String, Vec<f32>>) -> Vec<f32> {
    assert_eq!(named.len(), network.parameters.len());
    let values = |slice: &Slice| {
        assert_eq!(named[&slice.name].len(), slice.len(), "{}", slice.name);
        named[&slice.name].clone()
    };
    network.parameters.iter().flat_map(values).collect()
}

/// The tolerance is a few dozen roundings, in another order than PyTorch's, of values of order one.
#[track_caller]
fn close(given: &[f32], wanted: &[f32], what: &str) {
    assert_eq!(given.len(), wanted.len(), "{what}");
    let largest = wanted.iter().fold(1e-3f32, |a, b| a.max(b.abs()));
    for (at, (given, wanted)) in given.iter().zip(wanted).enumerate() {
        assert!((given - wanted).abs() <= 2e-5 * largest, "{what}: value {at} is {given}, not {wanted}");
    }
}

#[test]
fn networks_and_optimisers_compute_what_pytorch_computes() {
    let Golden { pixels, labels, cases, .. } = golden();
    let split = Split::new(72, pixels, labels).unwrap();
    assert!(cases.len() >= 10 && cases.iter().any(|case| case.in_colour));
    for device in [cpu(), gpu()] {
        for case in &cases {
            let recipe = parse(&case.name, &case.recipe);
            let network = network(&recipe, case.task());
            // Plain ops: they alone keep every gradient. `devices_agree` compares the fused ones with them.
            let options = TrainerOptions { plain: true, ..TrainerOptions::default() };
            block_on(async {
                let mut trainer = Trainer::new(&device, &network, &recipe, &split, options).await.unwrap();
                trainer.store().write(Flat::Parameters, &flat(&network, &case.parameters)).unwrap();
                trainer.advance_to(1).await.unwrap();
                let mut losses = trainer.finish().await.unwrap();
                let gradients = trainer.store().read(Flat::Gradients).await.unwrap();
                close(&gradients, &flat(&network, &case.gradients), &format!("{}: gradients", case.name));
                losses.extend(run_to_end(&mut trainer).await);
                close(&losses, &case.losses, &format!("{}: losses", case.name));
                let weights = trainer.current_weights(0).await.unwrap();
                close(&weights.parameters, &flat(&network, &case.after), &case.name);
                close(&weights.statistics, &case.statistics, &format!("{}: statistics", case.name));
            });
        }
    }
}

/// The definitions of the ops, which everything else is measured against, measured themselves.
#[test]
fn the_definitions_compute_what_pytorch_computes() {
    let Golden { pixels, labels, cases, .. } = golden();
    let split = Split::new(72, pixels, labels).unwrap();
    for case in &cases {
        let recipe = parse(&case.name, &case.recipe);
        let network = network(&recipe, case.task());
        let plan = network.training_plan(recipe.training_options_on(split.labels(), 3).unwrap());
        let parameters = flat(&network, &case.parameters).into_iter().map(f64::from).collect();
        let mut interpreter = Interpreter::new(&plan, parameters).unwrap();
        let mut batch = Vec::new();
        BatchOrder::new(split.len(), recipe.batch, TrainerOptions::default().seed)
            .unwrap()
            .next_batch(&mut batch);
        interpreter.step(&split, &batch, StepScalars::default()).unwrap();
        let gradients: Vec<f32> =
            interpreter.flat(Flat::Gradients).iter().map(|value| *value as f32).collect();
        close(&gradients, &flat(&network, &case.gradients), &format!("{}: gradients", case.name));
        close(&[interpreter.loss().unwrap() as f32], &case.losses[..1], &format!("{}: loss", case.name));
    }
}

#[test]
fn schedules_are_pytorchs() {
    #[derive(Deserialize)]
    struct Wrapped {
        schedule: Schedule,
    }
    for Scheduled { recipe, factors } in golden().schedules {
        let Wrapped { schedule } = toml::from_str(&format!("schedule = {{ {recipe} }}")).unwrap();
        for (step, wanted) in factors.iter().enumerate() {
            let at = Position { step: step as u64, steps: factors.len() as u64, steps_an_epoch: 3.0 };
            let given = schedule.factor(at);
            assert!((given - wanted).abs() < 1e-9, "{recipe}, step {step}: {given}, not {wanted}");
        }
    }
}
