//! Whole networks of every layer: their gradients against central differences of a loss that is computed layer by
//! layer, by the definitions, in float64.

use inkgrad::cpu;
use inkgrad::data::Split;
use inkgrad::executor::{Device, ExecutorOptions, Flat};
use inkgrad::network::{
    LayerSpec, LossReduction, Network, Normalisation, Optimiser, Placed, Task, TrainingOptions,
};
use inkgrad::plan::{Plan, StepScalars, Window, fuse};
use inkgrad::random::{Stream, philox};
use serde::Deserialize;

use super::smoothed_loss;

const BATCH: usize = 5;
const SIDES: [usize; 2] = [9, 8];
const SEED: [u32; 2] = [3, 4];

#[derive(Deserialize)]
struct Layers {
    layers: Vec<LayerSpec>,
}

fn network(layers: &str) -> Network {
    let Layers { layers } = toml::from_str(layers).unwrap();
    let task = Task { height: SIDES[0], width: SIDES[1], classes: 3 };
    Network::new(task, Normalisation { mean: 0.3, std: 0.5 }, &layers).unwrap()
}

fn images() -> Split {
    let pixels = SIDES[0] * SIDES[1];
    let bytes = (0..BATCH * pixels).map(|at| (at * 83 % 256) as u8).collect();
    Split::new(pixels, bytes, (0..BATCH).map(|row| (row * 2 % 3) as u8).collect()).unwrap()
}

/// One layer's output, `[batch, values]`.
fn forward(place: &Placed, parameter: &dyn Fn(&str) -> Vec<f64>, x: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let window = |kernel: [usize; 2], stride: [usize; 2], padding: inkgrad::network::Padding| {
        let input = [place.input[1], place.input[2]];
        match padding {
            inkgrad::network::Padding::Valid => Window::valid(input, kernel, stride).unwrap(),
            inkgrad::network::Padding::Same => Window::same(input, kernel, stride).unwrap(),
            inkgrad::network::Padding::Sides(sides) => {
                Window::padded(input, kernel, stride, sides.0).unwrap()
            }
        }
    };
    // The values of a window over one map, with their taps.
    let gather = |map: &[f64], window: &Window, place: usize| -> Vec<(usize, f64)> {
        let Window { input, output, kernel, stride, padding } = *window;
        (0..kernel[0] * kernel[1])
            .filter_map(|tap| {
                let y = (place / output[1] * stride[0] + tap / kernel[1]).checked_sub(padding[0])?;
                let x = (place % output[1] * stride[1] + tap % kernel[1]).checked_sub(padding[1])?;
                (y < input[0] && x < input[1]).then(|| (tap, map[y * input[1] + x]))
            })
            .collect()
    };
    let pool = |pool: &inkgrad::network::Pool, of: &dyn Fn(Vec<(usize, f64)>) -> f64| {
        let size = pool.size.map_or([place.input[1], place.input[2]], |size| size.0);
        let window = window(size, pool.stride.map_or(size, |stride| stride.0), pool.padding);
        let one = |x: &Vec<f64>| {
            let maps = x.chunks_exact(window.inputs());
            maps.flat_map(|map| {
                (0..window.outputs()).map(|at| of(gather(map, &window, at))).collect::<Vec<_>>()
            })
            .collect()
        };
        x.iter().map(one).collect()
    };
    match &place.spec {
        LayerSpec::Flatten(_) => x.to_vec(),
        LayerSpec::Relu(_) => x.iter().map(|x| x.iter().map(|x| x.max(0.0)).collect()).collect(),
        LayerSpec::Tanh(_) => x.iter().map(|x| x.iter().map(|x| x.tanh()).collect()).collect(),
        LayerSpec::MaxPool(layer) => {
            pool(&layer.0, &|values| values.iter().map(|(_, x)| *x).fold(f64::NEG_INFINITY, f64::max))
        }
        LayerSpec::AveragePool(layer) => {
            pool(&layer.0, &|values| values.iter().map(|(_, x)| x).sum::<f64>() / values.len() as f64)
        }
        LayerSpec::Dense(_) => {
            let (weight, bias) = (parameter("weight"), parameter("bias"));
            let dot = |w: &[f64], x: &[f64]| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
            let one =
                |x: &Vec<f64>| weight.chunks_exact(x.len()).zip(&bias).map(|(w, b)| dot(w, x) + b).collect();
            x.iter().map(one).collect()
        }
        LayerSpec::Conv2d(layer) => {
            let window = window(layer.kernel.0, layer.stride.0, layer.padding);
            let weight = parameter("weight");
            let bias = if layer.bias { parameter("bias") } else { vec![0.0; layer.channels] };
            let taps = window.taps();
            let one = |x: &Vec<f64>| {
                let value = |o: usize, at: usize| {
                    let maps = x.chunks_exact(window.inputs()).enumerate();
                    let sum = maps.flat_map(|(c, map)| {
                        let start = (o * place.input[0] + c) * taps;
                        let weight = &weight;
                        gather(map, &window, at).into_iter().map(move |(tap, x)| x * weight[start + tap])
                    });
                    bias[o] + sum.sum::<f64>()
                };
                (0..layer.channels)
                    .flat_map(|o| (0..window.outputs()).map(move |at| (o, at)))
                    .map(|(o, at)| value(o, at))
                    .collect()
            };
            x.iter().map(one).collect()
        }
        LayerSpec::Dropout(layer) => {
            let seed = u64::from(SEED[0]) | u64::from(SEED[1]) << 32;
            let step = (place.number as u64) << 32;
            let mut index = 0;
            let mut keep = |x: f64| {
                let word = philox(seed, Stream::Dropout, step, index as u32 / 4)[index % 4];
                index += 1;
                let is_kept = f64::from(word) >= (f64::from(layer.rate) * 4_294_967_296.0).round();
                if is_kept { x / (1.0 - f64::from(layer.rate)) } else { 0.0 }
            };
            x.iter().map(|x| x.iter().map(|x| keep(*x)).collect()).collect()
        }
        LayerSpec::BatchNorm(layer) => {
            let (weight, bias) = (parameter("weight"), parameter("bias"));
            let channels = place.input[0];
            let inner = x[0].len() / channels;
            let moments: Vec<(f64, f64)> = (0..channels)
                .map(|c| {
                    let values: Vec<f64> = x.iter().flat_map(|x| x[c * inner..][..inner].to_vec()).collect();
                    let mean = values.iter().sum::<f64>() / values.len() as f64;
                    let variance =
                        values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
                    (mean, 1.0 / (variance + f64::from(layer.epsilon)).sqrt())
                })
                .collect();
            let one = |x: &Vec<f64>| {
                let value = |(at, x): (usize, &f64)| {
                    let c = at / inner;
                    (x - moments[c].0) * moments[c].1 * weight[c] + bias[c]
                };
                x.iter().enumerate().map(value).collect()
            };
            x.iter().map(one).collect()
        }
    }
}

/// The mean loss, by the definitions.
fn loss(network: &Network, images: &Split, parameters: &[f64], smoothing: f64) -> f64 {
    let pixels = |row| images.image(row).iter().map(|byte| (f64::from(*byte) / 255.0 - 0.3) / 0.5).collect();
    let mut x: Vec<Vec<f64>> = (0..BATCH).map(pixels).collect();
    for place in &network.layers {
        let parameter = |name: &str| {
            parameters[network.slice(&format!("{}.{name}", place.name)).unwrap().range()].to_vec()
        };
        x = forward(place, &parameter, &x);
    }
    let losses = x.iter().enumerate();
    losses.map(|(row, x)| smoothed_loss(x, images.label(row).into(), 1.0, smoothing).0).sum::<f64>()
        / BATCH as f64
}

fn check(layers: &str) {
    let network = network(layers);
    let options = TrainingOptions {
        label_smoothing: 0.1,
        ..TrainingOptions::new(BATCH, Optimiser::SGD, LossReduction::Mean)
    };
    let plan = network.training_plan(options);
    let parameters = network.initial_parameters(7);
    let exact: Vec<f64> = parameters.iter().map(|value| f64::from(*value)).collect();
    let scalars = StepScalars { seed: SEED, ..StepScalars::default() };
    let fused = fuse::for_cpu(plan.clone());
    // ReLU right after a convolution is part of it.
    let relus = |plan: &Plan| plan.ops.iter().filter(|planned| planned.op.name() == "relu").count();
    let follows = |pair: &[Placed]| {
        matches!((&pair[0].spec, &pair[1].spec), (LayerSpec::Conv2d(_), LayerSpec::Relu(_)))
    };
    assert_eq!(relus(&plan) - relus(&fused), network.layers.windows(2).filter(|pair| follows(pair)).count());
    // Where executors ask for it, ReLU is part of the products before it, forward and back.
    let all_fused = fuse::relu_into_product(fused.clone());
    let is_dense = |place: &Placed| matches!(place.spec, LayerSpec::Dense(_));
    let is_relu = |place: &Placed| matches!(place.spec, LayerSpec::Relu(_));
    let meet = |pair: &[Placed]| {
        (is_dense(&pair[0]) && is_relu(&pair[1])) || (is_relu(&pair[0]) && is_dense(&pair[1]))
    };
    let meetings = network.layers.windows(2).filter(|pair| meet(pair)).count();
    assert_eq!(fused.ops.len() - all_fused.ops.len(), meetings);
    for plan in [plan, fused, all_fused] {
        let device = Device::Cpu(cpu::Device::with_threads(2));
        let store = device.store(plan.flat, &parameters).unwrap();
        let given = pollster::block_on(async {
            let mut executor = device.executor(&plan, &store, ExecutorOptions::default()).await.unwrap();
            let indices: Vec<u32> = (0..BATCH as u32).collect();
            executor.run(&images(), &indices, &[scalars]).await.unwrap();
            let losses = executor.finish().await.unwrap();
            let wanted = loss(&network, &images(), &exact, 0.1);
            assert!((f64::from(losses[0]) - wanted).abs() < 1e-5, "loss {} not {wanted}", losses[0]);
            store.read(Flat::Gradients).await.unwrap()
        });
        let largest = given.iter().fold(0f32, |a, b| a.max(b.abs()));
        for (at, given) in given.iter().enumerate() {
            let moved = |step: f64| {
                let mut parameters = exact.clone();
                parameters[at] += step;
                loss(&network, &images(), &parameters, 0.1)
            };
            let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            let error = (difference - f64::from(*given)).abs() / f64::from(largest);
            assert!(error < 1e-5, "parameter {at}: {difference}, not {given}");
        }
    }
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
