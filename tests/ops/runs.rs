//! The CPU executor as a whole: what it refuses, and several runs at once.

use inkgrad::cpu;
use inkgrad::data::Split;
use inkgrad::executor::{Device, Executor, ExecutorOptions};
use inkgrad::plan::ops::{LossSum, Sgd};
use inkgrad::plan::{Builder, Element, NO_IMAGE, Phase, Plan, StepScalars, Storage};

const BATCH: usize = 4;
const PIXELS: usize = 6;

/// A plan with a stage of `count` values to update (0 makes a stage without work) and a loss.
fn plan(count: usize) -> Plan {
    let mut builder = Builder::new(BATCH, PIXELS, 2);
    let parameters = builder.tensor("parameters", &[count], Element::F32, Storage::Parameters { offset: 0 });
    let gradients = builder.tensor("gradients", &[count], Element::F32, Storage::Gradients { offset: 0 });
    let sample_loss = builder.tensor("sample_loss", &[BATCH], Element::F32, Storage::SampleLoss);
    let losses = builder.tensor("loss", &[1], Element::F32, Storage::Losses);
    builder.flat(inkgrad::plan::FlatSizes { parameters: count, states: 0, statistics: 0 });
    builder.push(Phase::Update, Sgd { gradients, parameters, count, weight_decay: 0.0 });
    builder.push(Phase::Metrics, LossSum { sample_loss, losses, rows: BATCH, scale: 1.0 });
    builder.finish()
}

fn executor(device: &cpu::Device, count: usize) -> Executor {
    let (plan, device) = (plan(count), Device::Cpu(device.clone()));
    let store = device.store(plan.flat, &vec![0.0; count]).unwrap();
    pollster::block_on(device.executor(&plan, &store, ExecutorOptions::default())).unwrap()
}

fn split() -> Split {
    Split::new(PIXELS, vec![1; 10 * PIXELS], vec![0; 10]).unwrap()
}

#[test]
fn an_image_that_is_not_there_is_an_error() {
    let mut executor = executor(&cpu::Device::with_threads(2), 5);
    let mut run = |indices: [u32; BATCH]| {
        pollster::block_on(executor.run(&split(), &indices, &[StepScalars::default()]))
    };
    run([0, 9, 3, NO_IMAGE]).unwrap();
    let error = run([0, 1, 10, 2]).unwrap_err().to_string();
    assert!(error.contains("image 10 of a split of 10"), "{error}");
}

#[test]
fn a_stage_without_work_ends() {
    let mut executor = executor(&cpu::Device::with_threads(2), 0);
    pollster::block_on(executor.run(&split(), &[0; BATCH], &[StepScalars::default()])).unwrap();
    assert_eq!(executor.losses().unwrap().len(), 1);
}

/// Executors that share a device's threads, each driven from a thread of its own, never wait for each other's.
#[test]
fn runs_at_once_on_one_device_all_end() {
    let device = cpu::Device::with_threads(2);
    let (sender, receiver) = std::sync::mpsc::channel();
    for _ in 0..4 {
        let (device, sender) = (device.clone(), sender.clone());
        std::thread::spawn(move || {
            let mut executor = executor(&device, 1000);
            for _ in 0..500 {
                let scalars = [StepScalars::default(); 3];
                pollster::block_on(executor.run(&split(), &[1; 3 * BATCH], &scalars)).unwrap();
            }
            sender.send(executor.losses().unwrap().len()).unwrap();
        });
    }
    for _ in 0..4 {
        // The limit is not a measure of speed: a run that waits for ever must not take the test with it.
        assert_eq!(receiver.recv_timeout(std::time::Duration::from_secs(120)), Ok(1500));
    }
}
