//! Whole networks of every layer. Their gradients by the definitions of the plan's ops are the central differences of their
//! loss by the same definitions; plans with fused ops take the same step; and the CPU agrees with the definitions.

use inkgrad::cpu;
use inkgrad::data::Split;
use inkgrad::executor::{Device, ExecutorOptions, Flat};
use inkgrad::network::{
    LayerSpec, LossReduction, Network, Normalisation, Optimiser, PerChannel, Placed, Task, TrainingOptions,
};
use inkgrad::plan::{Phase, Plan, StepScalars, fuse};
use inkgrad::reference::Interpreter;
use serde::Deserialize;

const BATCH: usize = 5;
const SIDES: [usize; 2] = [9, 8];
const SCALARS: StepScalars = StepScalars {
    seed: [3, 4],
    learning_rates: [0.1; 16],
    first_row: 0,
    step: 0,
    correction1: 1.0,
    correction2: 1.0,
    average_rate: 0.0,
    same_seed: 0,
};

#[derive(Deserialize)]
struct Layers {
    layers: Vec<LayerSpec>,
}

const GREY: Task = Task::grey(SIDES[0], SIDES[1], 3);
/// Planes of 35 pixels: neither they nor an image are whole words.
const COLOUR: Task = Task::colour(7, 5, 3);

fn network(task: Task, normalisation: Normalisation, layers: &str) -> Network {
    let Layers { layers } = toml::from_str(layers).unwrap();
    Network::new(task, normalisation, &layers).unwrap()
}

fn images(bytes: usize) -> Split {
    let all = (0..BATCH * bytes).map(|at| (at * 83 % 256) as u8).collect();
    Split::new(bytes, all, (0..BATCH).map(|row| (row * 2 % 3) as u8).collect()).unwrap()
}

/// One step by the definitions.
fn step(plan: &Plan, parameters: &[f64]) -> Interpreter {
    let mut interpreter = Interpreter::new(plan, parameters.to_vec()).unwrap();
    let indices: Vec<u32> = (0..BATCH as u32).collect();
    interpreter.step(&images(plan.image_bytes), &indices, SCALARS).unwrap();
    interpreter
}

/// That no two values differ by more than `tolerance`, over the largest.
#[track_caller]
fn close(given: &[f64], wanted: &[f64], tolerance: f64) {
    assert_eq!(given.len(), wanted.len());
    let largest = wanted.iter().fold(0f64, |a, b| a.max(b.abs()));
    for (at, (given, wanted)) in given.iter().zip(wanted).enumerate() {
        let error = (given - wanted).abs() / largest;
        assert!(error <= tolerance, "value {at} is {given}, not {wanted}");
    }
}

fn check(layers: &str) {
    check_network(network(GREY, Normalisation { mean: 0.3.into(), std: 0.5.into() }, layers));
}

/// In colour, all channels scaled alike, so that bytes go into products, and each its own way.
fn check_in_colour(layers: &str) {
    let (mean, std) = (PerChannel::Each([0.3, 0.5, 0.4]), PerChannel::Each([0.5, 0.25, 2.0]));
    for normalisation in [Normalisation { mean: 0.3.into(), std: 0.5.into() }, Normalisation { mean, std }] {
        check_network(network(COLOUR, normalisation, layers));
    }
}

fn check_network(network: Network) {
    let options = TrainingOptions {
        label_smoothing: 0.1,
        ..TrainingOptions::new(BATCH, Optimiser::SGD, LossReduction::Mean)
    };
    let plan = network.training_plan(options);
    let parameters = network.initial_parameters(7);
    let exact: Vec<f64> = parameters.iter().map(|value| f64::from(*value)).collect();
    let wanted = step(&plan, &exact);

    let mut forward = plan.clone();
    forward.ops.retain(|planned| !matches!(planned.phase, Phase::Backward | Phase::Update));
    let differences = (0..exact.len()).map(|at| {
        let loss = |difference: f64| {
            let mut moved = exact.clone();
            moved[at] += difference;
            step(&forward, &moved).loss().unwrap()
        };
        (loss(1e-6) - loss(-1e-6)) / 2e-6
    });
    close(wanted.flat(Flat::Gradients), &differences.collect::<Vec<_>>(), 1e-6);

    for plan in [plan.clone(), fused(&network, plan)] {
        let defined = step(&plan, &exact);
        close(defined.flat(Flat::Parameters), wanted.flat(Flat::Parameters), 1e-12);
        let device = Device::Cpu(cpu::Device::with_threads(2));
        let store = device.store(plan.flat, &parameters).unwrap();
        pollster::block_on(async {
            let mut executor = device.executor(&plan, &store, ExecutorOptions::default()).await.unwrap();
            let indices: Vec<u32> = (0..BATCH as u32).collect();
            executor.run(&images(plan.image_bytes), &indices, &[SCALARS]).await.unwrap();
            let losses = executor.finish().await.unwrap();
            close(&[losses[0].into()], &[wanted.loss().unwrap()], 1e-6);
            for (flat, tolerance) in
                [(Flat::Gradients, 1e-5), (Flat::Parameters, 1e-6), (Flat::Statistics, 1e-6)]
            {
                let given = store.read(flat).await.unwrap().into_iter().map(f64::from);
                close(&given.collect::<Vec<_>>(), wanted.flat(flat), tolerance);
            }
        });
    }
}

/// The plan with everything fused that executors may ask for.
fn fused(network: &Network, plan: Plan) -> Plan {
    let fused = fuse::for_cpu(plan.clone());
    // ReLU right after a convolution is part of it.
    let relus = |plan: &Plan| plan.ops.iter().filter(|planned| planned.op.name() == "relu").count();
    let follows = |pair: &[Placed]| {
        matches!((&pair[0].spec, &pair[1].spec), (LayerSpec::Conv2d(_), LayerSpec::Relu(_)))
    };
    assert_eq!(relus(&plan) - relus(&fused), network.layers.windows(2).filter(|pair| follows(pair)).count());
    // ReLU is part of the products before it, forward and back.
    let all_fused = fuse::relu_into_product(fused.clone());
    let is_dense = |placed: &Placed| matches!(placed.spec, LayerSpec::Dense(_));
    let is_relu = |placed: &Placed| matches!(placed.spec, LayerSpec::Relu(_));
    let meet = |pair: &[Placed]| {
        (is_dense(&pair[0]) && is_relu(&pair[1])) || (is_relu(&pair[0]) && is_dense(&pair[1]))
    };
    let meetings = network.layers.windows(2).filter(|pair| meet(pair)).count();
    assert_eq!(fused.ops.len() - all_fused.ops.len(), meetings);
    all_fused
}

#[test]
fn convolution_max_pooling_batch_norm_dropout() {
    check(
        r#"
        layers = [
            { kind = "conv2d", channels = 3, kernel = [3, 2], padding = "same", bias = false },
            { kind = "batch_norm" },
            { kind = "tanh" },
            { kind = "max_pool", size = 2 },
            { kind = "conv2d", channels = 4, kernel = 3, stride = 2, padding = 1 },
            { kind = "relu" },
            { kind = "dropout", rate = 0.4 },
            { kind = "flatten" },
            { kind = "dense", units = 6 },
            { kind = "batch_norm" },
            { kind = "relu" },
            { kind = "dense" },
        ]
        "#,
    );
}

#[test]
fn dense_layers_with_relu_between() {
    check(
        r#"
        layers = [
            { kind = "dense", units = 7 },
            { kind = "relu" },
            { kind = "dense", units = 6 },
            { kind = "relu" },
            { kind = "dense" },
        ]
        "#,
    );
}

#[test]
fn windows_that_overlap_and_strides_that_leave_gaps() {
    check(
        r#"
        layers = [
            { kind = "average_pool", size = 3, stride = 1, padding = "same" },
            { kind = "conv2d", channels = 2, kernel = 2, stride = 3 },
            { kind = "tanh" },
            { kind = "max_pool", size = 2, stride = 1 },
            { kind = "conv2d", channels = 3, kernel = 2, padding = "same" },
            { kind = "average_pool", size = 2, stride = 1 },
            { kind = "dense" },
        ]
        "#,
    );
}

#[test]
fn a_pool_without_a_size_takes_the_whole_map() {
    for kind in ["average_pool", "max_pool"] {
        check(&format!(
            r#"
            layers = [
                {{ kind = "conv2d", channels = 3, kernel = [3, 2] }},
                {{ kind = "tanh" }},
                {{ kind = "{kind}" }},
                {{ kind = "dense" }},
            ]
            "#
        ));
    }
}

#[test]
fn every_layer_reads_images_in_colour() {
    for first in [
        r#"{ kind = "conv2d", channels = 4, kernel = 3, padding = "same" }, { kind = "relu" }"#,
        r#"{ kind = "conv2d", channels = 2, kernel = [2, 5], stride = 2 }, { kind = "tanh" }"#,
        r#"{ kind = "dense", units = 6 }, { kind = "relu" }"#,
        r#"{ kind = "flatten" }, { kind = "dropout", rate = 0.3 }"#,
        r#"{ kind = "max_pool", size = 2 }"#,
        r#"{ kind = "average_pool", size = [3, 2], stride = 1 }"#,
        r#"{ kind = "batch_norm" }"#,
        r#"{ kind = "tanh" }"#,
    ] {
        check_in_colour(&format!(r#"layers = [{first}, {{ kind = "dense" }}]"#));
    }
    check_in_colour(r#"layers = [{ kind = "dense" }]"#);
}
