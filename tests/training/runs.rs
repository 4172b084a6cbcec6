//! Runs from their first step to the last: learning rates, going on from a checkpoint, stopping early, diverging.

use std::path::Path;

use inkgrad::Error;
use inkgrad::data::Split;
use inkgrad::executor::{Device, Flat};
use inkgrad::model_file::Weights;
use inkgrad::network::{Network, Task};
use inkgrad::recipe::{Position, Recipe};
use inkgrad::train::{Checkpoint, Event, Fingerprint, Session, SessionOptions, Trainer, TrainerOptions};
use pollster::block_on;
use tempfile::TempDir;

use super::{bits, cpu, gpu, network, noise, parse, run_to_end, train};

const TASK: Task = Task::grey(8, 8, 10);

/// Warm-up, a schedule, and everything that a checkpoint keeps. An epoch is ten steps.
const ALL: &str = r#"
batch = 10
steps = 40
learning_rate = 0.01
warm_up_epochs = 1.5
schedule = { kind = "cosine" }
optimiser = { kind = "adamw" }
average = { decay = 0.9 }
augmentation = { shift = 0.1 }
layers = [
    { kind = "flatten" },
    { kind = "dense", units = 12 },
    { kind = "batch_norm" },
    { kind = "relu" },
    { kind = "dropout", rate = 0.2 },
    { kind = "dense" },
]
"#;

const REGRESSION: &str = r#"
batch = 10
steps = 40
learning_rate = 0.5
optimiser = { kind = "sgd" }
layers = [{ kind = "dense" }]
"#;

fn with(text: &str, line: &str) -> Recipe {
    parse("mine", &format!("{line}\n{text}"))
}

async fn begin(device: &Device, recipe: &Recipe, split: &Split) -> Trainer {
    let options = TrainerOptions { plain: true, seed: 3, ..TrainerOptions::default() };
    Trainer::new(device, &network(recipe, TASK), recipe, split, options).await.unwrap()
}

/// A checkpoint written after `step` steps.
async fn stop_at(step: u64, device: &Device, recipe: &Recipe, split: &Split, dir: &Path) -> Checkpoint {
    let options = SessionOptions { checkpoints: Some(dir.to_owned()), ..SessionOptions::default() };
    let mut trainer = begin(device, recipe, split).await;
    while trainer.started() < step {
        trainer.advance_to(step).await.unwrap();
    }
    Session::new(device, trainer, options).unwrap().save().await.unwrap();
    let checkpoint = Checkpoint::latest(dir).unwrap().checkpoint;
    assert_eq!(checkpoint.about.step, step);
    checkpoint
}

async fn go_on(device: &Device, split: &Split, checkpoint: &Checkpoint) -> Trainer {
    let network = network(&checkpoint.about.recipe, TASK);
    let options = TrainerOptions { plain: true, ..TrainerOptions::default() };
    Trainer::resume(device, &network, split, options, checkpoint).await.unwrap()
}

async fn weight_bits(trainer: &mut Trainer) -> (Vec<u32>, Vec<u32>) {
    let Weights { parameters, statistics } = trainer.weights(0).await.unwrap();
    (bits(&parameters), bits(&statistics))
}

#[test]
fn a_run_that_goes_on_has_the_bits_of_the_run_left_alone() {
    let (recipe, split) = (parse("all", ALL), noise(100, 8, 10));
    for device in [cpu(), gpu()] {
        block_on(async {
            let mut alone = begin(&device, &recipe, &split).await;
            let losses = run_to_end(&mut alone).await;
            // In the warm-up, at its last step, after it, and one step before the end.
            for step in [1, 7, 15, 20, 39] {
                let dir = TempDir::new().unwrap();
                let checkpoint = stop_at(step, &device, &recipe, &split, dir.path()).await;
                let mut again = go_on(&device, &split, &checkpoint).await;
                let rest = run_to_end(&mut again).await;
                assert_eq!(bits(&rest), bits(&losses[step as usize..]), "after step {step}");
                assert_eq!(weight_bits(&mut again).await, weight_bits(&mut alone).await, "after step {step}");
            }
        });
    }
}

/// The learning rate of the next step, as the device sees it: how far it moves a weight, over the gradient.
async fn next_rate(trainer: &mut Trainer) -> f64 {
    let before = trainer.current_weights(0).await.unwrap().parameters;
    trainer.advance_to(trainer.started() + 1).await.unwrap();
    trainer.finish().await.unwrap();
    let after = trainer.current_weights(0).await.unwrap().parameters;
    let gradients = trainer.store().read(Flat::Gradients).await.unwrap();
    let largest = |at: &usize| gradients[*at].abs();
    let at = (0..gradients.len()).max_by(|a, b| largest(a).total_cmp(&largest(b))).unwrap();
    f64::from(before[at] - after[at]) / f64::from(gradients[at])
}

/// One and a half epochs of ten steps: the rate rises by a sixteenth of itself over 15 steps, also where the run was interrupted.
#[test]
fn the_warm_up_is_as_long_as_it_says_also_when_a_run_goes_on() {
    let (recipe, split) = (with(REGRESSION, "warm_up_epochs = 1.5"), noise(100, 8, 10));
    for device in [cpu(), gpu()] {
        block_on(async {
            let dir = TempDir::new().unwrap();
            let mut trainer = begin(&device, &recipe, &split).await;
            for step in 0..20u64 {
                if step == 6 {
                    let checkpoint = stop_at(step, &device, &recipe, &split, dir.path()).await;
                    trainer = go_on(&device, &split, &checkpoint).await;
                }
                let wanted = 0.5 * ((step as f64 + 1.0) / 16.0).min(1.0);
                let given = next_rate(&mut trainer).await;
                assert!((given - wanted).abs() < 1e-3 * wanted, "step {step}: {given}, not {wanted}");
            }
        });
    }
    let at = |step| recipe.learning_rate_at(Position { step, steps: 40, steps_an_epoch: 10.0 });
    assert!(at(14) < 0.5 && at(15) == 0.5, "{} and {}", at(14), at(15));
}

/// 60 of 100 labels are right: as the network becomes sure of itself, the loss falls first and then rises.
fn doubtful(split: &Split) -> Split {
    let labels = split.labels().iter().enumerate();
    let labels = labels.map(|(at, label)| if at % 5 < 3 { *label } else { (label + 1) % 10 }).collect();
    Split::new(split.image_bytes(), split.images().to_vec(), labels).unwrap()
}

struct Watched {
    session: Session,
    losses: Vec<f64>,
}

impl Watched {
    /// Advances until there were `validations` of them, or to the end of the run.
    async fn watch(&mut self, validations: usize) {
        while !self.session.is_done() && self.losses.len() < validations {
            if let Event::Validated { evaluation, .. } = self.session.advance().await.unwrap() {
                self.losses.push(evaluation.loss);
            }
        }
    }
}

#[test]
fn an_early_stop_keeps_the_best_weights_and_an_interrupted_run_its_patience() {
    let (recipe, split) =
        (Recipe { steps: Some(1000), ..parse("regression", REGRESSION) }, noise(100, 8, 10));
    let dir = TempDir::new().unwrap();
    let options = SessionOptions {
        validation: Some(doubtful(&split)),
        validate_every: Some(5),
        patience: Some(4),
        checkpoints: Some(dir.path().to_owned()),
        ..SessionOptions::default()
    };
    block_on(async {
        let device = cpu();
        let start = async || {
            let trainer = begin(&device, &recipe, &split).await;
            Watched { session: Session::new(&device, trainer, options.clone()).unwrap(), losses: Vec::new() }
        };
        let mut alone = start().await;
        alone.watch(usize::MAX).await;
        let losses = &alone.losses;
        let best = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap();
        assert!(best > 0, "the loss falls first: {losses:?}");
        assert_eq!(losses.len(), best + 1 + 4, "four validations without a smaller loss: {losses:?}");
        assert_eq!(alone.session.trainer().started(), 5 * losses.len() as u64);
        let (weights, step) = alone.session.weights(0).await.unwrap();
        assert_eq!(step, 5 * (best as u64 + 1));

        let mut trainer = begin(&device, &recipe, &split).await;
        while trainer.started() < step {
            trainer.advance_to(step).await.unwrap();
        }
        assert_eq!(bits(&trainer.weights(0).await.unwrap().parameters), bits(&weights.parameters));

        // Interrupted before the best, at it, and after each validation that waits; stopped all the same.
        for validations in best..losses.len() {
            let mut first = start().await;
            first.watch(validations).await;
            first.session.save().await.unwrap();
            let checkpoint = Checkpoint::latest(dir.path()).unwrap().checkpoint;
            let trainer = go_on(&device, &split, &checkpoint).await;
            let session = Session::resume(&device, trainer, options.clone(), checkpoint).unwrap();
            let mut again = Watched { session, losses: first.losses };
            again.watch(usize::MAX).await;
            assert_eq!(again.losses, *losses, "interrupted after {validations} validations");
            let (kept, kept_step) = again.session.weights(0).await.unwrap();
            assert_eq!((bits(&kept.parameters), kept_step), (bits(&weights.parameters), step));
            std::fs::remove_dir_all(dir.path()).unwrap();
        }
    });
}

#[test]
fn a_run_does_not_go_on_with_other_images_or_labels() {
    let (recipe, split, device) = (parse("regression", REGRESSION), noise(100, 8, 10), cpu());
    let other = |change: &dyn Fn(&mut Vec<u8>, &mut Vec<u8>)| {
        let (mut images, mut labels) = (split.images().to_vec(), split.labels().to_vec());
        change(&mut images, &mut labels);
        Split::new(64, images, labels).unwrap()
    };
    let others = [
        other(&|_, labels| labels.swap(0, 1)),
        other(&|_, labels| *labels.last_mut().unwrap() ^= 1),
        other(&|images, _| images[0] ^= 1),
        other(&|images, _| *images.last_mut().unwrap() ^= 1),
        split.slice(0..99),
    ];
    block_on(async {
        let dir = TempDir::new().unwrap();
        let checkpoint = stop_at(2, &device, &recipe, &split, dir.path()).await;
        assert_eq!(Fingerprint::of(&other(&|_, _| ())), Fingerprint::of(&split));
        for (at, other) in others.iter().enumerate() {
            let trainer = go_on(&device, other, &checkpoint).await;
            let refused = Session::resume(&device, trainer, SessionOptions::default(), checkpoint.clone());
            let error = refused.err().unwrap_or_else(|| panic!("data set {at} is another"));
            assert!(error.to_string().contains("other images"), "{error}");
        }
    });
}

/// After one epoch of ten steps the learning rate is infinite: step 11 ruins the weights, and step 12's loss shows it.
#[test]
fn a_run_that_diverges_says_at_which_step() {
    let schedule = "schedule = { kind = \"step\", factor = 1e300, every = 1 }";
    let (recipe, split) = (with(REGRESSION, schedule), noise(100, 8, 10));
    let network: Network = network(&recipe, TASK);
    let is_12 = |result: inkgrad::Result<()>| matches!(result, Err(Error::Diverged { step: 12 }));
    for device in [cpu(), gpu()] {
        // Losses known from steps before, all in one block, and steps before a checkpoint.
        for known in [0, 5] {
            block_on(async {
                let mut trainer = begin(&device, &recipe, &split).await;
                trainer.advance_to(known).await.unwrap();
                assert_eq!(trainer.finish().await.unwrap().len() as u64, known);
                trainer.advance().await.unwrap();
                assert!(is_12(trainer.finish().await.map(drop)), "{known} losses known");
            });
        }
        block_on(async {
            let dir = TempDir::new().unwrap();
            let checkpoint = stop_at(7, &device, &recipe, &split, dir.path()).await;
            let mut again = go_on(&device, &split, &checkpoint).await;
            again.advance().await.unwrap();
            assert!(is_12(again.finish().await.map(drop)), "after a checkpoint");
        });
    }
    block_on(async {
        let options = TrainerOptions { networks: 3, ..TrainerOptions::default() };
        let mut trainer = Trainer::new(&gpu(), &network, &recipe, &split, options).await.unwrap();
        trainer.advance().await.unwrap();
        assert!(is_12(trainer.finish().await.map(drop)), "three networks");
    });
}

/// A step's loss is that of the weights before it.
#[test]
fn the_first_loss_is_that_of_the_first_weights() {
    let zeros = parse("zeros", &REGRESSION.replace("\"dense\"", "\"dense\", initial = \"zeros\""));
    for device in [cpu(), gpu()] {
        let (losses, _) = train(&device, &zeros, &noise(100, 8, 10), TrainerOptions::default());
        assert!((f64::from(losses[0]) - 10f64.ln()).abs() < 1e-6, "{}", losses[0]);
        assert!(losses[39] < losses[0]);
    }
}
