//! Half precision: that training survives it, that it is where it is asked for and nowhere else. (How far each op may be off
//! is `inkgrad verify`'s to tell.) Without an adapter that has f16 these tests fail.

use inkgrad::cpu;
use inkgrad::data::Split;
use inkgrad::executor::{Device, ExecutorOptions, Feed, Flat, Precision};
use inkgrad::gpu::{self, Adapter, Choice};
use inkgrad::network::{Network, Task};
use inkgrad::plan::{Home, Op, Plan, StepNumbers, fuse};
use inkgrad::recipe::Recipe;
use inkgrad::train::{Trainer, TrainerOptions};
use pollster::block_on;

const REMEDY: &str = "these tests need a GPU adapter with f16; a software one will do: `apt-get install \
                      mesa-vulkan-drivers` (Debian, Ubuntu), `dnf install mesa-vulkan-drivers` (Fedora)";
const MNIST: Task = Task { height: 28, width: 28, classes: 10 };

fn gpu() -> gpu::Device {
    let adapter = block_on(Adapter::choose(&Choice::Any)).expect(REMEDY);
    let device = block_on(gpu::Device::open(&adapter)).expect("the adapter opens");
    assert!(device.has_f16(), "{REMEDY}");
    device
}

/// Images of noise with a bright row that depends on their label.
fn images(count: usize) -> Split {
    let labels: Vec<u8> = (0..count).map(|row| (row * 7 % 10) as u8).collect();
    let pixel = |row: usize, at: usize| {
        let noise = (row * 2_654_435_761 + at * 40_503) >> 7 & 0x7f;
        (noise + if at / 56 == usize::from(labels[row]) { 120 } else { 0 }) as u8
    };
    let pixels = (0..count).flat_map(|row| (0..784).map(move |at| (row, at))).map(|(row, at)| pixel(row, at));
    Split::new(784, pixels.collect(), labels.clone()).unwrap()
}

/// Momentum stores its gradients, and every kind of product is there.
fn lenet5(batch: usize, steps: u64) -> (Recipe, Network) {
    let recipe = include_str!("../benches/tasks/lenet5.toml");
    let mut recipe = Recipe::parse(std::path::Path::new("lenet5"), recipe).unwrap();
    (recipe.batch, recipe.steps) = (batch, Some(steps));
    let network = Network::new(MNIST, recipe.normalisation, &recipe.layers).unwrap();
    (recipe, network)
}

/// Every gradient of one step.
fn gradients(plan: &Plan, network: &Network, split: &Split, precision: Precision) -> Vec<f32> {
    block_on(async {
        let device = Device::Gpu(gpu());
        let store = device.store(plan.flat, &network.initial_parameters(0)).unwrap();
        let options = ExecutorOptions { feed: Feed::Stream, block: 1, precision, ..Default::default() };
        let mut executor = device.executor(plan, &store, options).await.unwrap();
        assert_eq!(executor.half_products() > 5, precision == Precision::F16);
        let indices: Vec<u32> = (0..plan.batch as u32).collect();
        executor.run(split, &indices, &[StepNumbers::default()]).await.unwrap();
        executor.finish().await.unwrap();
        store.read(Flat::Gradients).await.unwrap()
    })
}

/// The same with nothing in it that picks one of two nearly equal values, as ReLU and the largest of a window do: rounding
/// then moves a result by as little as a factor.
fn smooth(batch: usize, steps: u64) -> (Recipe, Network) {
    let recipe = include_str!("../benches/tasks/lenet5.toml").replace("max_pool", "average_pool");
    let mut recipe = Recipe::parse(std::path::Path::new("smooth"), &recipe.replace("relu", "tanh")).unwrap();
    (recipe.batch, recipe.steps) = (batch, Some(steps));
    let network = Network::new(MNIST, recipe.normalisation, &recipe.layers).unwrap();
    (recipe, network)
}

/// Every layer's gradient beside that of float32: the largest difference over the largest value.
fn errors(plan: &Plan, full: &[f32], half: &[f32]) -> Vec<(String, f32)> {
    let layers = plan.tensors.iter().filter_map(|tensor| {
        let Home::Gradients { offset } = tensor.home else { return None };
        let part = offset..offset + tensor.len();
        let largest = full[part.clone()].iter().fold(0f32, |largest, value| largest.max(value.abs()));
        assert!(largest > 0.0, "{}", tensor.name);
        let differences = full[part.clone()].iter().zip(&half[part]).map(|(full, half)| (full - half).abs());
        Some((tensor.name.clone(), differences.fold(0f32, f32::max) / largest))
    });
    layers.collect()
}

#[test]
fn a_smooth_network_loses_nothing_but_digits() {
    let (recipe, network) = smooth(8, 1);
    let plan = fuse::for_gpu(network.training_plan(recipe.training_options()));
    let [full, half] =
        [Precision::F32, Precision::F16].map(|precision| gradients(&plan, &network, &images(8), precision));
    for (name, error) in errors(&plan, &full, &half) {
        assert!(error < 5e-3, "{name}: {error}");
    }
}

/// However small the loss's scale: float16 alone ends at 6e-8.
#[test]
fn small_gradients_keep_their_digits() {
    let split = images(8);
    let (recipe, network) = lenet5(8, 1);
    for loss_scale in [1.0, 1.0 / 8.0, 1e-9] {
        let mut plan = fuse::for_gpu(network.training_plan(recipe.training_options()));
        for step in &mut plan.steps {
            if let Op::DenseSoftmaxCrossEntropy(loss) = &mut step.op {
                loss.scale = loss_scale;
            }
        }
        let full = gradients(&plan, &network, &split, Precision::F32);
        let half = gradients(&plan, &network, &split, Precision::F16);
        assert_ne!(full, half);
        let errors = errors(&plan, &full, &half);
        assert!(errors.len() >= 5);
        for (name, error) in errors {
            // Rounding makes pooling take another of nearly equal places, which convolutions' gradients feel.
            let allowed = if name.starts_with("dense") { 0.01 } else { 0.3 };
            assert!(error < allowed, "scale {loss_scale}, {name}: {error}");
        }
    }
}

#[test]
fn a_run_in_half_precision_repeats_and_stays_near_the_other() {
    let split = images(200);
    let (recipe, network) = smooth(8, 20);
    let device = gpu();
    device.tune(gpu::Choices::new());
    let run = |precision| {
        block_on(async {
            let options = TrainerOptions { seed: 1, precision, ..TrainerOptions::default() };
            let gpu = Device::Gpu(device.clone());
            let mut trainer = Trainer::new(&gpu, &network, &recipe, &split, options).await.unwrap();
            while !trainer.is_done() {
                trainer.advance().await.unwrap();
            }
            (trainer.finish().await.unwrap(), trainer.products())
        })
    };
    let (full, counts) = run(Precision::F32);
    assert_eq!(counts.1, 0);
    let choices = device.choices();
    assert!(!choices.is_empty() && choices.values().all(|variant| variant != "blocked_f16"), "{choices:?}");
    let (half, (products, halves)) = run(Precision::F16);
    assert!(5 < halves && halves < products, "{halves} of {products}");
    assert_ne!(full, half);
    for (step, (a, b)) in full.iter().zip(&half).enumerate() {
        assert!((a - b).abs() <= 0.05 * a.max(0.5), "step {step}: {a} and {b}");
    }
    assert_eq!(run(Precision::F16).0, half, "again");
    assert_eq!(run(Precision::F32).0, full, "what was chosen for one precision is not taken for the other");
    assert!(choices.iter().all(|(key, variant)| device.choices().get(key) == Some(variant)));
}

#[test]
fn the_cpu_says_that_it_cannot() {
    let (recipe, network) = lenet5(8, 1);
    let device = Device::Cpu(cpu::Device::with_threads(1));
    assert!(!device.has_f16());
    let options = TrainerOptions { precision: Precision::F16, ..TrainerOptions::default() };
    let refused = block_on(Trainer::new(&device, &network, &recipe, &images(20), options));
    let error = refused.err().expect("a refusal");
    assert!(error.is_environment() && error.to_string().contains("--precision f32"), "{error}");
}
