//! Trains the two built-in networks from MNIST's training images, and writes them to a directory: `digits.safetensors`, which
//! `inkgrad predict` uses, and `reader.safetensors`, with which `inkgrad read` tells digits from other ink:
//!
//!     cargo run --release --example digit_classifier -- data
//!
//! People draw with pens, markers, chalk and mice. So each digit is also redrawn (`redraw.rs`) with strokes of other widths,
//! in other proportions, on paper, as a small picture or a large one, and then goes the way that their pictures go: through
//! `picture::Preparation`. For the reader, digits are also written on sheets (`sheet.rs`), which are then taken apart. Neither
//! MNIST's test images nor anybody's pictures take part. The same processor type gives the same bits.

mod redraw;
mod sheet;

use std::path::Path;

use inkgrad::data::{DataSet, Split};
use inkgrad::executor::Device;
use inkgrad::model_file::{Model, Precision};
use inkgrad::network::{Network, Task};
use inkgrad::output_file::write_aside;
use inkgrad::picture::Preparation;
use inkgrad::recipe::Recipe;
use inkgrad::train::{Trainer, TrainerOptions, evaluate};
use inkgrad::{cpu, threads};

/// Redrawings of each training image, beside the image itself.
const REDRAWINGS: u32 = 1;
/// A sheet for so many training images.
const EACH_SHEET: usize = 9;
const SEED: u64 = 0;
/// Steps from one printed loss to the next.
const TOLD: u64 = 500;

fn main() -> inkgrad::Result<()> {
    let out = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    pollster::block_on(run(Path::new(&out)))
}

async fn run(out: &Path) -> inkgrad::Result<()> {
    let data = DataSet::embedded()?;
    let digits = Task::from(&data);
    let [train, validation] = [redrawn(&data.train)?, redrawn(&data.validation)?];
    let recipe = include_str!("digits.toml");
    let model = trained("digits", recipe, digits, &train, [&data.validation, &validation]).await?;
    write_aside(&out.join("digits.safetensors"), &model.to_bytes_in(Precision::Float16)?)?;

    let task = Task { classes: usize::from(sheet::NONE) + 1, ..digits };
    let train = joined([&train, &on_sheets(&data.train)?])?;
    let sheets = on_sheets(&data.validation)?;
    let recipe = include_str!("reader.toml");
    let model = trained("reader", recipe, task, &train, [&validation, &sheets]).await?;
    write_aside(&out.join("reader.safetensors"), &model.to_bytes_in(Precision::Float16)?)
}

/// A network that has learned some images; prints its accuracy on others.
async fn trained(
    name: &str,
    recipe: &str,
    task: Task,
    images: &Split,
    others: [&Split; 2],
) -> inkgrad::Result<Model> {
    let recipe = Recipe::parse(Path::new(name), recipe)?;
    let network = Network::new(task, recipe.normalisation, &recipe.layers)?;
    let device = Device::Cpu(cpu::Device::new());
    println!("{name}: {} images, {} parameters", images.len(), network.parameter_count());
    let options = TrainerOptions { seed: SEED, ..TrainerOptions::default() };
    let mut trainer = Trainer::new(&device, &network, &recipe, images, options).await?;
    while !trainer.is_done() {
        trainer.advance_to((trainer.started() / TOLD + 1) * TOLD).await?;
        let losses = trainer.losses()?;
        if trainer.started() % TOLD == 0 {
            let last = losses.last().copied().unwrap_or(f32::NAN);
            println!("step {} of {}: loss {last:.4}", trainer.started(), trainer.steps());
        }
    }
    trainer.finish().await?;
    let (steps, weights) = (trainer.steps(), trainer.weights(0).await?);

    let store = weights.store(&device)?;
    for (what, images) in ["validation images", "harder ones"].into_iter().zip(others) {
        let found = evaluate(&device, &network, &store, images).await?;
        println!("{name}: {what} {:.4}", found.accuracy());
    }
    let Task { height, width, .. } = task;
    Ok(Model {
        name: name.into(),
        network,
        members: vec![weights],
        recipe,
        seed: SEED,
        steps,
        class_names: Vec::new(),
        preparation: Some(Preparation::digits(height, width)),
        split: None,
    })
}

/// The images and their redrawings.
fn redrawn(split: &Split) -> inkgrad::Result<Split> {
    let preparation = Preparation::digits(28, 28);
    let mut images = split.images().to_vec();
    let mut labels = split.labels().to_vec();
    for number in 0..REDRAWINGS {
        let indices: Vec<u32> = (0..split.len() as u32).collect();
        let some = threads::map(&indices, |index| {
            let picture = redraw::picture(split.image(*index as usize), redraw::Random::new(number, *index))?;
            Ok(preparation.bytes(&picture))
        });
        images.extend(some.into_iter().collect::<inkgrad::Result<Vec<_>>>()?.concat());
        labels.extend(split.labels());
    }
    Split::new(28 * 28, images, labels)
}

/// What sheets with the images are taken apart into.
fn on_sheets(split: &Split) -> inkgrad::Result<Split> {
    let numbers: Vec<u32> = (0..(split.len() / EACH_SHEET) as u32).collect();
    let (mut images, mut classes) = (Vec::new(), Vec::new());
    for candidates in threads::map(&numbers, |number| sheet::candidates(split, *number)) {
        let (some, theirs) = candidates?;
        images.extend(some);
        classes.extend(theirs);
    }
    Split::new(28 * 28, images, classes)
}

fn joined(splits: [&Split; 2]) -> inkgrad::Result<Split> {
    let [images, labels] = [splits.map(Split::images).concat(), splits.map(Split::labels).concat()];
    Split::new(28 * 28, images, labels)
}
