//! Times each op of a recipe's training step on a GPU, with each of its shaders: many copies of the op after another, as ops
//! follow one another in training.
//!
//!     cargo run --release --example op_times -- benches/tasks/lenet5.toml [COPIES]
//!     cargo run --release --example op_times -- product 4096

use std::path::Path;
use std::time::Instant;

use inkgrad::Result;
use inkgrad::executor::{Device, ExecutorOptions, Feed, Variants};
use inkgrad::gpu::{self, Adapter, Choice};
use inkgrad::network::{Network, Task};
use inkgrad::plan::ops::{Matmul, Relu};
use inkgrad::plan::{Builder, Phase, Plan, PlannedOp, StepScalars, fuse};
use inkgrad::recipe::Recipe;
use pollster::block_on;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let what = arguments.first().map_or("benches/tasks/lenet5.toml", String::as_str);
    let number = arguments.get(1).and_then(|text| text.parse().ok());
    let adapter = block_on(Adapter::choose(&Choice::Any))?;
    let device = Device::Gpu(block_on(gpu::Device::open(&adapter))?);
    match what {
        "product" => {
            let side = number.unwrap_or(1024);
            times(&device, &product(side), 0, if side > 2000 { 10 } else { 100 })
        }
        "floor" => times(&device, &floor(), 0, 1000),
        file => {
            let text =
                std::fs::read_to_string(file).map_err(|error| inkgrad::Error::Usage(error.to_string()))?;
            let recipe = Recipe::parse(Path::new(file), &text)?;
            let network = Network::new(Task::grey(28, 28, 10), recipe.normalisation, &recipe.layers)?;
            let plan = fuse::for_gpu(network.training_plan(recipe.training_options()));
            let all = 0..plan.ops.len();
            all.filter(|op| plan.ops[*op].phase != Phase::Metrics)
                .try_for_each(|op| times(&device, &plan, op, number.unwrap_or(200)))
        }
    }
}

fn product(side: usize) -> Plan {
    let mut builder = Builder::new(1, 1, 1);
    let [a, b, out] = ["a", "b", "out"].map(|name| builder.activation(name, &[side, side]));
    let [m, n, k] = [side; 3];
    let (transpose_a, transpose_b, relu_mask) = (false, false, None);
    let op = Matmul { a: a.into(), b: b.into(), out, transpose_a, transpose_b, m, n, k, relu_mask };
    builder.push(Phase::Forward, op);
    builder.finish()
}

fn floor() -> Plan {
    let mut builder = Builder::new(1, 1, 1);
    let [x, out] = ["x", "out"].map(|name| builder.activation(name, &[4]));
    builder.push(Phase::Forward, Relu { x, out, rows: 1, columns: 4 });
    builder.finish()
}

fn times(device: &Device, plan: &Plan, op: usize, copies: usize) -> Result<()> {
    let planned = &plan.ops[op];
    let variants = planned.op.launches(plan);
    for (nth, launch) in variants.iter().enumerate() {
        let few = seconds(device, plan, planned, nth, copies / 10)?;
        let many = seconds(device, plan, planned, nth, copies / 10 + copies)?;
        let each = (many - few) / copies as f64;
        let rate = 2.0 * planned.op.multiply_adds() as f64 / each / 1e9;
        let sizes: Vec<String> = ["WIDTH", "HEIGHT", "DEPTH", "TILE_WIDTH", "TILE_HEIGHT", "THREADS"]
            .iter()
            .filter_map(|name| launch.constants.iter().rev().find(|c| c.0 == *name))
            .map(|c| c.1.to_string())
            .collect();
        let made = planned.op.writes().first().map_or("", |id| &plan.tensor(*id).name).to_owned();
        println!(
            "{:<28}{:<26}{:<10}{:>9.2} us {:>8.0} GFLOP/s {:?} {}",
            planned.op.name(),
            made,
            launch.shader.variant,
            1e6 * each,
            rate,
            launch.groups,
            sizes.join(",")
        );
    }
    Ok(())
}

fn seconds(device: &Device, plan: &Plan, planned: &PlannedOp, nth: usize, copies: usize) -> Result<f64> {
    let mut plan = plan.clone();
    plan.ops = vec![PlannedOp { phase: planned.phase, op: planned.op.clone() }; copies.max(1)];
    let store = device.store(plan.flat, &vec![0.01; plan.flat.parameters])?;
    let options = ExecutorOptions {
        feed: Feed::Stream,
        block: 1,
        variants: Variants::Nth(nth),
        ..ExecutorOptions::default()
    };
    let mut executor = block_on(device.executor(&plan, &store, options))?;
    // Hardware raises its clock only once there is work.
    let begun = Instant::now();
    while begun.elapsed().as_secs_f64() < 0.03 {
        block_on(executor.run_as_is(StepScalars::default()))?;
    }
    let mut best = f64::INFINITY;
    for _ in 0..4 {
        let begun = Instant::now();
        block_on(executor.run_as_is(StepScalars::default()))?;
        best = best.min(begun.elapsed().as_secs_f64());
    }
    Ok(best)
}
