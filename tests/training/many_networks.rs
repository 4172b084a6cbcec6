//! Several networks in one run on the GPU: each has the bits that it has alone, and a step takes the dispatches of one.

use inkgrad::data::Split;
use inkgrad::executor::{Device, ExecutorOptions, Feed, Variants};
use inkgrad::network::{Optimiser, Task};
use inkgrad::recipe::{Recipe, Schedule};
use inkgrad::reference::Values;
use inkgrad::train::{MAX_NETWORKS, Session, SessionOptions, Trainer, TrainerOptions};
use pollster::block_on;

use super::{bits, coloured_noise, gpu, network, noise, open_gpu, parse, preset, train};

/// Everything that each network has of its own: masks and changes to images by its seed, running statistics, two optimiser
/// states, averaged weights, the gradient's norm. 14 x 14 images, so that the length of a row is no multiple of 4.
const ALL: &str = r#"
batch = 12
steps = 40
learning_rate = 0.003
optimiser = { kind = "adamw", weight_decay = 0.01 }
average = { decay = 0.9 }
clip_norm = 1.0
label_smoothing = 0.1
augmentation = { shift = 0.1, rotation = 8, elastic = 0.5 }
layers = [
    { kind = "conv2d", channels = 5, kernel = 3, bias = false },
    { kind = "batch_norm" },
    { kind = "tanh" },
    { kind = "average_pool", size = 2 },
    { kind = "conv2d", channels = 7, kernel = 3 },
    { kind = "relu" },
    { kind = "max_pool", size = 2 },
    { kind = "flatten" },
    { kind = "dropout", rate = 0.2 },
    { kind = "dense" },
]
"#;

fn task(side: usize) -> Task {
    Task::grey(side, side, 10)
}

/// Losses, parameters and statistics, as bits.
type Outcome = (Vec<u32>, Vec<u32>, Vec<u32>);

/// Trains the options' networks in one run: what each of them comes to.
fn outcomes(device: &Device, recipe: &Recipe, split: &Split, options: TrainerOptions) -> Vec<Outcome> {
    let (losses, trainer) = train(device, recipe, split, options);
    let networks = trainer.networks();
    assert_eq!(losses.len() as u64, trainer.steps() * networks as u64);
    let outcome = |index: usize| {
        let weights = block_on(trainer.weights(index)).unwrap();
        let losses: Vec<f32> = losses.iter().skip(index).step_by(networks).copied().collect();
        (bits(&losses), bits(&weights.parameters), bits(&weights.statistics))
    };
    (0..networks).map(outcome).collect()
}

fn same_bits(recipe: &Recipe, split: &Split, options: TrainerOptions) {
    let gpu = gpu();
    let together = outcomes(&gpu, recipe, split, options);
    assert_ne!(together[0].1, together[1].1, "seeds differ");
    for (index, outcome) in together.into_iter().enumerate() {
        let seed = options.seed.wrapping_add(index as u64);
        let alone = outcomes(&gpu, recipe, split, TrainerOptions { seed, networks: 1, ..options });
        assert!(outcome == alone[0], "network {index}, {options:?}");
    }
}

/// Every op in every variant: the last of three networks, the only one that is given values, has the results of the op's definition.
#[test]
fn every_op_reads_and_writes_its_network() {
    const NETWORKS: usize = 3;
    let (gpu, last) = (open_gpu(), NETWORKS - 1);
    let device = Device::Gpu(gpu.clone());
    // `gather` reads a split that all networks share: the runs below test it.
    // One shape of each op and number of variants is enough: which network a shader works for does not depend on sizes.
    let mut seen = Vec::new();
    for mut case in inkgrad::verify::cases().into_iter().filter(|case| case.op != "gather") {
        let kind = (case.op, case.variants());
        if seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        let scalars = case.scalars;
        let [low, high] = scalars.seed;
        let seed = (u64::from(high) << 32 | u64::from(low)).wrapping_add(last as u64);
        case.scalars.seed = [seed as u32, (seed >> 32) as u32];
        let wanted = case.reference().unwrap();
        for variant in 0..case.variants() {
            let given = block_on(async {
                let store = gpu.store_of_networks(case.plan.flat, NETWORKS).unwrap();
                let variants = Variants::Nth(variant);
                let options = ExecutorOptions { block: 1, variants, ..ExecutorOptions::default() };
                let mut executor = gpu.executor(&case.plan, &store, options).await.unwrap();
                for (tensor, bytes) in &case.inputs {
                    executor.write_network(last, *tensor, bytes).unwrap();
                }
                executor.run_as_is(scalars).await.unwrap();
                let mut outputs = Vec::new();
                for (tensor, wanted) in case.outputs().into_iter().zip(&wanted) {
                    let mut bytes = executor.read_network(last, tensor).await.unwrap();
                    // What pads the tensor is nobody's.
                    if let Values::Floats(values) = wanted {
                        bytes.truncate(4 * values.len());
                    }
                    outputs.push(bytes);
                }
                outputs
            });
            let comparison = case.comparison(&device, case.error(&wanted, &given));
            assert!(comparison.passed(), "{} {}, variant {variant}: {comparison:?}", case.op, case.shape);
        }
    }
}

/// Seeds of more than 32 bits: the second seed has another high word than the first.
const SEED: u64 = u32::MAX as u64;

#[test]
fn softmax_side_by_side_has_the_bits_of_each_alone() {
    for feed in [Feed::Stream, Feed::Resident] {
        for plain in [false, true] {
            let options =
                TrainerOptions { seed: SEED, networks: 3, feed, plain, ..TrainerOptions::default() };
            same_bits(&preset("softmax", 100, 40), &noise(150, 28, 10), options);
        }
    }
}

#[test]
fn what_each_network_has_of_its_own_stays_apart() {
    for feed in [Feed::Stream, Feed::Resident] {
        let options = TrainerOptions { seed: SEED, networks: 3, feed, ..TrainerOptions::default() };
        same_bits(&parse("all", ALL), &noise(150, 14, 10), options);
    }
}

/// Each network mirrors and moves the images its own way. Planes of 13 x 13 pixels share words.
#[test]
fn in_colour_what_each_network_has_of_its_own_stays_apart() {
    let text = ALL.replace("steps = 40", "steps = 10").replace(
        "augmentation = { shift = 0.1, rotation = 8, elastic = 0.5 }",
        "augmentation = { crop = 2, flip = true }\nnormalisation = { mean = [0.3, 0.4, 0.5], std = [0.2, 0.3, 0.25] }",
    );
    assert!(text.contains("flip") && text.contains("steps = 10"));
    for feed in [Feed::Stream, Feed::Resident] {
        let options = TrainerOptions { seed: SEED, networks: 3, feed, ..TrainerOptions::default() };
        same_bits(&parse("colour", &text), &coloured_noise(150, 13, 10), options);
    }
}

/// Recipes that differ in their learning rates alone: the same seed, and the bits of each run alone, though one of them diverges.
#[test]
fn networks_at_different_rates_have_the_bits_of_each_alone() {
    let (gpu, split) = (gpu(), noise(150, 14, 10));
    let all = parse("all", ALL);
    let sgd = Recipe { optimiser: Optimiser::SGD, ..all.clone() };
    let dense = Recipe { steps: Some(40), ..preset("softmax", 12, 40) };
    for recipe in [all, sgd, dense] {
        let at = |learning_rate: f32| Recipe { learning_rate, ..recipe.clone() };
        let warm = Recipe { warm_up_epochs: 1.0, schedule: Schedule::Linear { end: 0.0 }, ..at(0.02) };
        let recipes = [at(0.003), at(f32::MAX), warm, at(0.05)];
        let network = network(&recipe, task(14));
        let options = TrainerOptions { seed: SEED, ..TrainerOptions::default() };
        let run = async |recipes: &[Recipe]| {
            let mut trainer = Trainer::at_rates(&gpu, &network, recipes, &split, options).await.unwrap();
            while !trainer.is_done() {
                trainer.advance().await.unwrap();
            }
            trainer.finish().await.unwrap();
            trainer
        };
        let together = block_on(run(&recipes));
        assert_eq!(
            (0..4).map(|index| together.has_diverged(index)).collect::<Vec<_>>(),
            [false, true, false, false]
        );
        let weights = |trainer: &Trainer, index| bits(&block_on(trainer.weights(index)).unwrap().parameters);
        for (index, recipe) in recipes.iter().enumerate().filter(|(index, _)| *index != 1) {
            let (_, alone) = train(&gpu, recipe, &split, options);
            assert!(weights(&together, index) == weights(&alone, 0), "{recipe:?}");
        }
        assert_ne!(weights(&together, 0), weights(&together, 3), "rates differ");
    }
}

#[test]
fn networks_of_one_run_differ_in_nothing_but_rates() {
    let (gpu, split, recipe) = (gpu(), noise(150, 28, 10), preset("softmax", 10, 4));
    let other = Recipe { batch: 11, ..recipe.clone() };
    let network = network(&recipe, task(28));
    let (recipes, options) = ([recipe, other], TrainerOptions::default());
    let error =
        block_on(Trainer::at_rates(&gpu, &network, &recipes, &split, options)).err().expect("refused");
    assert!(error.to_string().contains("learning rate, schedule and warm-up"), "{error}");
}

#[test]
fn every_variant_has_the_bits_of_each_network_alone() {
    for variant in 0..3 {
        let options =
            TrainerOptions { networks: 2, variants: Variants::Nth(variant), ..TrainerOptions::default() };
        // The other variants of its ops: `every_op_reads_and_writes_its_network`.
        if variant == 2 {
            same_bits(&preset("lenet5", 10, 4), &noise(150, 28, 10), options);
        }
        same_bits(&parse("sgd", SGD), &noise(150, 28, 10), options);
    }
}

/// Two layers that the optimiser's step is fused into: one wide enough for the blocked shader, one not.
const SGD: &str = r#"
batch = 10
steps = 4
learning_rate = 0.1
optimiser = { kind = "sgd" }
layers = [{ kind = "dense", units = 16 }, { kind = "relu" }, { kind = "dense" }]
"#;

/// What training several small networks in one run is for.
#[test]
fn several_networks_take_the_dispatches_of_one() {
    let (device, split, recipe) = (gpu(), noise(150, 28, 10), preset("lenet5", 4, 32));
    let network = network(&recipe, task(28));
    for feed in [Feed::Stream, Feed::Resident] {
        let work = |networks: usize| {
            block_on(async {
                let options = TrainerOptions { feed, networks, ..TrainerOptions::default() };
                let mut trainer = Trainer::new(&device, &network, &recipe, &split, options).await.unwrap();
                while !trainer.is_done() {
                    trainer.advance().await.unwrap();
                }
                trainer.finish().await.unwrap();
                let work = trainer.work();
                (
                    work.steps,
                    work.dispatches,
                    work.submissions,
                    work.buffers_created,
                    work.bind_groups_created,
                )
            })
        };
        let first = work(1);
        let one = work(1);
        assert_eq!(one.0, 32);
        // Images and labels, which the device keeps from the first run.
        let kept = if feed == Feed::Resident { 2 } else { 0 };
        assert_eq!(first.3, one.3 + kept, "{feed:?}");
        assert_eq!(work(5), one, "{feed:?}");
    }
}

#[test]
fn what_needs_one_network_is_refused_for_several() {
    block_on(async {
        let (device, split, recipe) = (gpu(), noise(150, 28, 10), preset("softmax", 10, 2));
        let network = network(&recipe, task(28));
        let options = TrainerOptions { networks: MAX_NETWORKS + 1, ..TrainerOptions::default() };
        let error = Trainer::new(&device, &network, &recipe, &split, options).await.err().expect("too many");
        assert!(error.to_string().contains("in one run"), "{error}");
        let options = TrainerOptions { networks: 2, ..TrainerOptions::default() };
        for (validate_every, checkpoints) in [(Some(1), None), (None, Some("checkpoints".into()))] {
            let trainer = Trainer::new(&device, &network, &recipe, &split, options).await.unwrap();
            let asked = SessionOptions { validate_every, checkpoints, ..SessionOptions::default() };
            let error = Session::new(&device, trainer, asked).err().expect("one network's");
            assert!(error.to_string().contains("one by one"), "{error}");
        }
    });
}
