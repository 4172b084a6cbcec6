//! Both devices, fused and plain, from the same weights: what one step makes of them, step after step. Each step starts from
//! the reference's weights, so that differences are one step's rounding and never what a trajectory makes of it.

use std::collections::BTreeSet;

use inkgrad::data::{DataSet, Split};
use inkgrad::executor::{Device, Feed, Flat, Variants};
use inkgrad::network::{Network, Slice, Task};
use inkgrad::plan::{Op, Plan, fuse};
use inkgrad::recipe::Recipe;
use inkgrad::train::{Trainer, TrainerOptions, evaluate};
use pollster::block_on;

use super::{MNIST, coloured_noise, cpu, gpu, images, network, parse, preset, run_to_end, task_of, train};

/// Largest difference of two losses, over the loss: some hundred roundings of the forward pass.
const LOSS: f32 = 2e-5;
/// Largest difference of two running means or variances, over the largest of the layer's: rounding of the forward pass.
const STATISTICS: f32 = 1e-4;
/// Largest norm of the difference of two tensors that follow from gradients, over the tensor's norm. On software Vulkan nearly
/// all stay below 1e-5 and the largest is 2e-3. The rest is for activations so near to 0, or to their neighbours, that a ReLU or
/// a pooling window decides otherwise, which changes a whole channel's gradients (one of 192 in `record`'s first step on an
/// NVIDIA H200). In a tensor of 1,000 rows of the same size, one that is missing makes 3.2e-2.
const GRADIENT: f32 = 3e-2;
/// Adam divides gradients by their size, also those that are all rounding: where the first moment is less than this share of
/// its tensor's largest value, updates are not compared.
const NO_GRADIENT: f32 = 0.02;

const STEPS: u64 = 3;

/// With which of each op's shaders a recipe is trained.
#[derive(Clone, Copy, PartialEq)]
enum Shaders {
    All,
    /// A software GPU takes a second to compile one; `verify` runs them all.
    FirstAndLast,
}

/// The optimiser's step fused into dense layers, in blocks where there are enough outputs.
const SGD: &str = r#"
batch = 8
steps = 3
learning_rate = 0.1
optimiser = { kind = "sgd" }
layers = [{ kind = "dense", units = 16 }, { kind = "relu" }, { kind = "dense" }]
"#;

/// What no preset has: Nesterov's momentum with weight decay, clipped gradients, tanh, a bias before batch normalisation.
const REST: &str = r#"
batch = 7
steps = 3
learning_rate = 0.1
loss_reduction = "sum"
optimiser = { kind = "nesterov", weight_decay = 0.3 }
clip_norm = 0.5
layers = [
    { kind = "conv2d", channels = 5, kernel = 3, stride = 2 },
    { kind = "tanh" },
    { kind = "average_pool", size = 2 },
    { kind = "flatten" },
    { kind = "dense" },
]
"#;

/// The flat buffers after a step.
struct State {
    loss: f32,
    parameters: Vec<f32>,
    states: Vec<Vec<f32>>,
    statistics: Vec<f32>,
}

async fn one_step(trainer: &mut Trainer) -> State {
    trainer.advance_to(trainer.started() + 1).await.unwrap();
    let loss = trainer.finish().await.unwrap()[0];
    let weights = trainer.current_weights(0).await.unwrap();
    let (parameters, statistics) = (weights.parameters, weights.statistics);
    State { loss, parameters, states: trainer.states(0).await.unwrap(), statistics }
}

fn restart(trainer: &Trainer, from: &State) {
    let write = |flat, values: &[f32]| trainer.store().write(flat, values).unwrap();
    write(Flat::Parameters, &from.parameters);
    write(Flat::Statistics, &from.statistics);
    from.states.iter().enumerate().for_each(|(which, state)| write(Flat::State(which), state));
}

fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()))
}

/// Compares the named slices of two flat buffers, each by the norm of its differences: at most `bound` times its norm. `extra`
/// is what an element may differ by besides, or `None` where it is not compared.
#[track_caller]
fn close(
    given: &[f32],
    wanted: &[f32],
    slices: &[Slice],
    bound: f32,
    extra: impl Fn(usize) -> Option<f32>,
    what: &str,
) {
    for slice in slices {
        let compared = slice.range().filter_map(|at| Some((given[at], wanted[at], extra(at)?)));
        let squares = |values: &mut dyn Iterator<Item = f32>| -> f64 {
            values.map(|value| f64::from(value) * f64::from(value)).sum()
        };
        let difference = |(given, wanted, extra): (f32, f32, f32)| match (given - wanted).abs() {
            difference if difference <= extra => 0.0,
            difference => difference - extra,
        };
        let norm = squares(&mut compared.clone().map(|(_, wanted, _)| wanted)).sqrt();
        let difference = squares(&mut compared.map(difference)).sqrt();
        let name = &slice.name;
        assert!(
            difference <= f64::from(bound) * norm.max(f64::from(f32::MIN_POSITIVE)),
            "{what} of {name}: differs by {difference:e}, its norm is {norm:e}"
        );
    }
}

fn same_step(network: &Network, is_adam: bool, before: &[f32], wanted: &State, given: &State, what: &str) {
    let (loss, right) = (given.loss, wanted.loss);
    assert!((loss - right).abs() <= LOSS * right.abs(), "{what}: loss {loss}, not {right}");
    close(
        &given.statistics,
        &wanted.statistics,
        &network.statistics,
        STATISTICS,
        |_| Some(0.0),
        &format!("{what}: statistics"),
    );
    let mut has_gradient = vec![true; before.len()];
    if is_adam {
        for slice in &network.parameters {
            let least = NO_GRADIENT * largest(wanted.states[0][slice.range()].iter().copied());
            slice.range().for_each(|at| has_gradient[at] = wanted.states[0][at].abs() > least);
        }
    }
    for (which, (given, wanted)) in given.states.iter().zip(&wanted.states).enumerate() {
        // After Adam's two moments come the averaged weights, which move as the weights do.
        let extra = |at: usize| (which < 2 || has_gradient[at]).then_some(0.0);
        close(given, wanted, &network.parameters, GRADIENT, extra, &format!("{what}: state {which}"));
    }
    let moved = |after: &[f32]| after.iter().zip(before).map(|(after, before)| after - before).collect();
    let (given, wanted_moves): (Vec<f32>, Vec<f32>) = (moved(&given.parameters), moved(&wanted.parameters));
    // Differences of rounded weights.
    let extra = |at: usize| has_gradient[at].then_some(2.0 * f32::EPSILON * before[at].abs());
    close(&given, &wanted_moves, &network.parameters, GRADIENT, extra, &format!("{what}: update"));
}

fn plan(network: &Network, recipe: &Recipe) -> Plan {
    fuse::for_gpu(network.training_plan(recipe.training_options()))
}

/// Steps of a recipe on the CPU in plain ops, and the same on the CPU with fused ops, and on the GPU with each op's first
/// shader, its second, and so on, or with `shaders` only the first and the last; images by either feed.
fn agree(name: &str, recipe: &Recipe, split: &Split, gpu: &Device, shaders: Shaders) {
    let network = network(recipe, task_of(split));
    let is_adam = recipe.optimiser.states() == 2;
    let start = |device: &Device, options: TrainerOptions| {
        block_on(Trainer::new(device, &network, recipe, split, TrainerOptions { seed: 5, ..options }))
            .unwrap()
    };
    let options = TrainerOptions::default();
    let mut reference = start(&cpu(), TrainerOptions { plain: true, ..options });
    let plan = plan(&network, recipe);
    let variants = plan.ops.iter().map(|planned| planned.op.launches(&plan).len()).max().unwrap();
    let mut others = vec![("CPU".to_owned(), start(&cpu(), options))];
    for variant in (0..variants).filter(|at| shaders == Shaders::All || [0, variants - 1].contains(at)) {
        let feed = if variant > 0 { Feed::Resident } else { Feed::Stream };
        let options = TrainerOptions { variants: Variants::Nth(variant), feed, ..options };
        others.push((format!("GPU, shader {variant}"), start(gpu, options)));
    }
    for step in 0..STEPS {
        let before = block_on(reference.current_weights(0)).unwrap().parameters;
        let wanted = block_on(one_step(&mut reference));
        for (device, trainer) in &mut others {
            let given = block_on(one_step(trainer));
            same_step(&network, is_adam, &before, &wanted, &given, &format!("{name}, {device}, step {step}"));
            restart(trainer, &wanted);
        }
    }
}

#[test]
fn every_preset_takes_the_same_steps_on_both_devices() {
    let (split, gpu) = (images(400), gpu());
    for (name, _) in inkgrad::recipe::PRESETS {
        // The larger the network, the fewer images: software Vulkan is slow.
        let batch = if ["record", "cnn", "colour"].contains(name) { 4 } else { 8 };
        agree(name, &preset(name, batch, 30), &split, &gpu, Shaders::FirstAndLast);
    }
}

#[test]
fn what_no_preset_has_takes_the_same_steps_on_both_devices() {
    let (split, gpu) = (images(400), gpu());
    let decay = SGD.replace("\"sgd\"", "\"sgd\", weight_decay = 0.3");
    let momentum = include_str!("../../benches/tasks/lenet5.toml").replace("batch = 100", "batch = 8");
    for (name, text) in [("sgd", SGD), ("weight decay", &decay), ("momentum", &momentum), ("rest", REST)] {
        agree(name, &parse(name, text), &split, &gpu, Shaders::All);
    }
}

/// Colour, from each kind of first layer; all channels scaled alike, so that products read bytes, or not.
const IN_COLOUR: &str = r#"
batch = 6
steps = 3
learning_rate = 0.05
optimiser = { kind = "sgd" }
layers = [FIRST, { kind = "relu" }, { kind = "dense" }]
"#;

#[test]
fn in_colour_the_same_steps_are_taken_on_both_devices() {
    let (split, gpu) = (coloured_noise(40, 13, 10), gpu());
    let each = "normalisation = { mean = [0.3, 0.4, 0.5], std = [0.2, 0.3, 0.25] }\n";
    for (head, first) in [
        (each, r#"{ kind = "conv2d", channels = 9, kernel = 3, padding = "same" }"#),
        ("augmentation = { crop = 2, flip = true }\n", r#"{ kind = "conv2d", channels = 4, kernel = 5 }"#),
        (each, r#"{ kind = "dense", units = 16 }"#),
        ("", r#"{ kind = "dense", units = 16 }"#),
        (each, r#"{ kind = "max_pool", size = 2 }"#),
    ] {
        let text = format!("{head}{}", IN_COLOUR.replace("FIRST", first));
        agree(&format!("{head}{first}"), &parse("colour", &text), &split, &gpu, Shaders::All);
    }
}

/// An op that no step above takes would be compared by nobody here.
#[test]
fn the_steps_above_take_every_op_that_trains() {
    let mut seen = BTreeSet::new();
    let presets = inkgrad::recipe::PRESETS.iter().map(|(name, _)| preset(name, 8, STEPS));
    for recipe in presets.chain([parse("sgd", SGD), parse("rest", REST)]) {
        let network = network(&recipe, MNIST);
        let plain = network.training_plan(recipe.training_options());
        for plan in [&plain, &fuse::for_cpu(plain.clone()), &fuse::for_gpu(plain.clone())] {
            seen.extend(plan.ops.iter().map(|planned| planned.op.name()));
        }
    }
    let all: BTreeSet<&str> = Op::NAMES.iter().copied().collect();
    let rest: Vec<&&str> = all.difference(&seen).collect();
    assert_eq!(rest, [&"confusion", &"count_correct", &"gather"], "evaluation's, and the resident feed's");
}

/// Rounding grows along a trajectory, here so little that 200 steps stay together.
#[test]
fn a_whole_run_of_softmax_has_the_same_losses_on_both_devices() {
    let (split, gpu, recipe) = (images(3000), gpu(), preset("softmax", 100, 200));
    for plain in [false, true] {
        let options = TrainerOptions { seed: 3, plain, ..TrainerOptions::default() };
        let (on_cpu, _) = train(&cpu(), &recipe, &split, options);
        let (on_gpu, _) = train(&gpu, &recipe, &split, options);
        assert!(on_cpu[199] < 0.5 * on_cpu[0], "it learns: {} to {}", on_cpu[0], on_cpu[199]);
        for (step, (a, b)) in on_cpu.iter().zip(&on_gpu).enumerate() {
            assert!((a - b).abs() <= 1e-4 * a.abs(), "plain {plain}, step {step}: {a} and {b}");
        }
    }
}

#[test]
fn the_tutorial_is_in_range_on_both_devices() {
    let (data, recipe) = (DataSet::embedded().unwrap(), preset("softmax", 100, 1000));
    let network = network(&recipe, Task::from(&data));
    let accuracy = |device: &Device| {
        block_on(async {
            let options = TrainerOptions::default();
            let mut trainer = Trainer::new(device, &network, &recipe, &data.train, options).await.unwrap();
            run_to_end(&mut trainer).await;
            let test = evaluate(device, &network, trainer.store(), &data.test).await.unwrap();
            assert_eq!(test.confusion.iter().sum::<u32>(), 10_000);
            let diagonal: u64 = (0..10).map(|class| test.count(class, class)).sum();
            assert_eq!(diagonal, test.correct);
            test.accuracy()
        })
    };
    let (on_gpu, on_cpu) = (accuracy(&gpu()), accuracy(&cpu()));
    for accuracy in [on_gpu, on_cpu] {
        assert!((0.915..=0.925).contains(&accuracy), "{accuracy}");
    }
    assert!((on_gpu - on_cpu).abs() <= 0.001, "{on_gpu} and {on_cpu}");
}
