//! The gradients of whole networks against central differences of their loss, in float64.

use inkgrad::cpu;
use inkgrad::data::Split;
use inkgrad::executor::{Device, ExecutorOptions, Flat};
use inkgrad::network::{
    Dense, Initial, LayerSpec, LossReduction, Network, Normalisation, Optimiser, Task, TrainingOptions,
};
use inkgrad::plan::{Plan, StepScalars, fuse};

use super::softmax_loss;

const BATCH: usize = 6;

fn network() -> Network {
    let dense =
        |units| LayerSpec::Dense(Dense { units, initial: Initial::HeNormal, initial_bias: Initial::Zeros });
    let task = Task { height: 3, width: 3, classes: 4 };
    Network::new(task, Normalisation { mean: 0.3, std: 0.5 }, &[dense(Some(5)), dense(None)]).unwrap()
}

fn images() -> Split {
    let pixels = (0..BATCH * 9).map(|at| (at * 83 % 256) as u8).collect();
    Split::new(9, pixels, (0..BATCH).map(|row| (row * 3 % 4) as u8).collect()).unwrap()
}

/// The mean loss, by the formulas.
fn loss(network: &Network, images: &Split, parameters: &[f64]) -> f64 {
    let losses = (0..BATCH).map(|row| {
        let pixels = images.image(row).iter().map(|byte| (f64::from(*byte) / 255.0 - 0.3) / 0.5);
        let mut x: Vec<f64> = pixels.collect();
        for layer in ["dense1", "dense2"] {
            let slice = |name: &str| &parameters[network.slice(&format!("{layer}.{name}")).unwrap().range()];
            let weight = slice("weight").chunks_exact(x.len());
            let dot = |w: &[f64]| w.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>();
            x = weight.zip(slice("bias")).map(|(w, b)| dot(w) + b).collect();
        }
        softmax_loss(&x, images.label(row).into(), 1.0).0
    });
    losses.sum::<f64>() / BATCH as f64
}

fn gradients(plan: &Plan, parameters: &[f32]) -> Vec<f32> {
    let device = Device::Cpu(cpu::Device::with_threads(2));
    let store = device.store(plan.flat, parameters).unwrap();
    pollster::block_on(async {
        let mut executor = device.executor(plan, &store, ExecutorOptions::default()).await.unwrap();
        let indices: Vec<u32> = (0..BATCH as u32).collect();
        executor.run(&images(), &indices, &[StepScalars::default()]).await.unwrap();
        store.read(Flat::Gradients).await.unwrap()
    })
}

#[test]
fn a_network_s_gradients_are_differences_of_its_loss() {
    let network = network();
    let options = TrainingOptions::new(BATCH, Optimiser::SGD, LossReduction::Mean);
    let plain = network.training_plan(options);
    let parameters = network.initial_parameters(7);
    let exact: Vec<f64> = parameters.iter().map(|value| f64::from(*value)).collect();
    let differences: Vec<f64> = (0..exact.len())
        .map(|at| {
            let moved = |step: f64| {
                let mut parameters = exact.clone();
                parameters[at] += step;
                loss(&network, &images(), &parameters)
            };
            (moved(1e-5) - moved(-1e-5)) / 2e-5
        })
        .collect();
    for plan in [plain.clone(), fuse::for_cpu(plain)] {
        for (at, (given, difference)) in gradients(&plan, &parameters).iter().zip(&differences).enumerate() {
            let error = (difference - f64::from(*given)).abs();
            assert!(error < 1e-6, "parameter {at}: {difference}, not {given}");
        }
    }
}
