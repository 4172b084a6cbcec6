//! Training on both devices: whole runs, their results, and the work that a step costs. Without a GPU adapter (a software
//! one will do) these tests fail.

mod devices_agree;
mod evaluation;
mod executor;
mod golden;
mod many_networks;
mod profile;
mod runs;
mod tuning;

use inkgrad::cpu;
use inkgrad::data::Split;
use inkgrad::executor::Device;
use inkgrad::gpu::{self, Adapter, Choice};
use inkgrad::network::{Network, Task};
use inkgrad::recipe::Recipe;
use inkgrad::train::{Trainer, TrainerOptions};
use pollster::block_on;

const REMEDY: &str = "these tests need a GPU adapter; a software one will do: `apt-get install mesa-vulkan-drivers` \
                      (Debian, Ubuntu), `dnf install mesa-vulkan-drivers` (Fedora)";

const MNIST: Task = Task::grey(28, 28, 10);

fn open_gpu() -> gpu::Device {
    let adapter = block_on(Adapter::choose(&Choice::Any)).expect(REMEDY);
    block_on(gpu::Device::open(&adapter)).expect("the adapter opens")
}

fn gpu() -> Device {
    Device::Gpu(open_gpu())
}

fn cpu() -> Device {
    Device::Cpu(cpu::Device::with_threads(2))
}

/// A preset with a batch size and a number of steps of the test's own.
fn preset(name: &str, batch: usize, steps: u64) -> Recipe {
    Recipe { batch, steps: Some(steps), epochs: None, ..Recipe::preset(name).unwrap() }
}

fn parse(name: &str, text: &str) -> Recipe {
    Recipe::parse(std::path::Path::new(name), text).unwrap()
}

fn network(recipe: &Recipe, task: Task) -> Network {
    Network::new(task, recipe.normalisation, &recipe.layers).unwrap()
}

/// `count` images of 28 x 28 in 10 classes: noise in which every tenth pixel, from the label on, is brighter.
fn images(count: usize) -> Split {
    noise(count, 28, 10)
}

/// As [`images`], of `side` x `side` pixels in `classes` classes.
fn noise(count: usize, side: usize, classes: usize) -> Split {
    noise_of(count, side * side, classes)
}

fn noise_of(count: usize, bytes: usize, classes: usize) -> Split {
    let labels: Vec<u8> = (0..count).map(|row| (row * 7 % classes) as u8).collect();
    let pixel = |row: usize, at: usize| {
        let noise = (row * 2_654_435_761 + at * 40_503) >> 7 & 0x7f;
        (noise + if at % classes == usize::from(labels[row]) { 120 } else { 0 }) as u8
    };
    let all = (0..count).flat_map(|row| (0..bytes).map(move |at| pixel(row, at)));
    Split::new(bytes, all.collect(), labels.clone()).unwrap()
}

/// As [`noise`], in colour: images of `side` x `side` pixels, the bytes of `3 * side * side`.
fn coloured_noise(count: usize, side: usize, classes: usize) -> Split {
    noise_of(count, 3 * side * side, classes)
}

/// Trains to the last step: the losses of all steps.
async fn run_to_end(trainer: &mut Trainer) -> Vec<f32> {
    let mut losses = Vec::new();
    while !trainer.is_done() {
        trainer.advance().await.unwrap();
        losses.extend(trainer.losses().unwrap());
    }
    losses.extend(trainer.finish().await.unwrap());
    losses
}

/// Square images in 10 classes: grey where the number of their bytes is a square, else in colour.
fn task_of(split: &Split) -> Task {
    let square = |bytes: usize| Some(bytes.isqrt()).filter(|side| side * side == bytes);
    match square(split.image_bytes()) {
        Some(side) => Task::grey(side, side, 10),
        None => square(split.image_bytes() / 3).map(|side| Task::colour(side, side, 10)).unwrap(),
    }
}

/// A whole run: the losses of all steps, and the trainer after the last.
fn train(device: &Device, recipe: &Recipe, split: &Split, options: TrainerOptions) -> (Vec<f32>, Trainer) {
    block_on(async {
        let network = network(recipe, task_of(split));
        let mut trainer = Trainer::new(device, &network, recipe, split, options).await.unwrap();
        let losses = run_to_end(&mut trainer).await;
        (losses, trainer)
    })
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
