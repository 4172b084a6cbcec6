//! Trains the built-in digit classifier, `data/digits.safetensors`, from MNIST's training images:
//!
//!     cargo run --release --example digit_classifier -- data/digits.safetensors
//!
//! People draw with pens, markers, chalk and mice. So each digit is also redrawn (`redraw.rs`) with strokes of other widths,
//! in other proportions, on paper, as a small picture or a large one, and then goes the way that their pictures go: through
//! `picture::Preparation`. Neither MNIST's test images nor anybody's pictures take part. The same processor type gives the
//! same bits.

mod redraw;

use std::path::Path;

use inkgrad::data::{DataSet, Split};
use inkgrad::executor::Device;
use inkgrad::model_file::{Model, Precision, write_aside};
use inkgrad::network::{Network, Task};
use inkgrad::picture::Preparation;
use inkgrad::recipe::Recipe;
use inkgrad::train::{Trainer, TrainerOptions, evaluate};
use inkgrad::{cpu, threads};

/// Redrawings of each training image, beside the image itself.
const REDRAWINGS: u32 = 1;
const SEED: u64 = 0;
/// Steps from one printed loss to the next.
const TOLD: u64 = 500;

fn main() -> inkgrad::Result<()> {
    let out = std::env::args().nth(1).unwrap_or_else(|| "digits.safetensors".into());
    pollster::block_on(run(Path::new(&out)))
}

async fn run(out: &Path) -> inkgrad::Result<()> {
    let data = DataSet::embedded()?;
    let recipe = Recipe::parse(Path::new("digits"), include_str!("recipe.toml"))?;
    let network = Network::new(Task::from(&data), recipe.normalisation, &recipe.layers)?;
    let device = Device::Cpu(cpu::Device::new());

    let images = redrawn(&data.train)?;
    println!("{} images, {} parameters", images.len(), network.parameter_count());
    let options = TrainerOptions { seed: SEED, ..TrainerOptions::default() };
    let mut trainer = Trainer::new(&device, &network, &recipe, &images, options).await?;
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
    let plain = evaluate(&device, &network, &store, &data.validation).await?;
    let drawn = evaluate(&device, &network, &store, &redrawn(&data.validation)?).await?;
    println!("validation images {:.4}, with redrawings {:.4}", plain.accuracy(), drawn.accuracy());
    let Task { height, width, .. } = network.task;
    let model = Model {
        name: "digits".into(),
        network,
        members: vec![weights],
        recipe,
        seed: SEED,
        steps,
        class_names: Vec::new(),
        preparation: Some(Preparation::digits(height, width)),
        split: None,
    };
    write_aside(out, &model.to_bytes_in(Precision::Float16)?)
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
