//! A device's peak rates by a short measurement, to compare the ops' rates with.

use crate::clock::Clock;
use crate::error::Result;
use crate::executor::{Device, Executor, ExecutorOptions};
use crate::plan::ops::{Matmul, Relu};
use crate::plan::{Builder, Element, Op, Phase, StepScalars, Storage, TensorId};

/// A device's measured peak rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeakRates {
    /// Billions of floating-point operations per second in a product of square float32 matrices.
    pub gflops: f64,
    /// Billions of bytes per second, read and written, in one pass over large tensors.
    pub gigabytes: f64,
    /// Rows and columns of those matrices.
    pub side: usize,
}

/// Values of the large tensors: more than caches hold.
const VALUES: usize = 16 << 20;

/// Measures the device: a product of `side` x `side` matrices, and ReLU over 64 MB. Takes the best of `tries`, since other
/// work on the machine can only slow it down.
pub async fn probe(device: &Device, side: usize, tries: usize) -> Result<PeakRates> {
    let mut builder = Builder::new(1, 1, 1);
    let mut tensor = |name| builder.tensor(name, &[side, side], Element::F32, Storage::Activation);
    let (a, b, out) = (tensor("a"), tensor("b"), tensor("out"));
    let (transpose_a, transpose_b, [m, n, k]) = (false, false, [side; 3]);
    let relu_mask = None;
    let product = Matmul { a: a.into(), b: b.into(), out, transpose_a, transpose_b, m, n, k, relu_mask };
    let seconds = best(device, builder, product.into(), &[a, b], tries).await?;
    let gflops = 2.0 * (side as f64).powi(3) / seconds / 1e9;

    let mut builder = Builder::new(1, 1, 1);
    let mut tensor = |name| builder.tensor(name, &[VALUES / 1024, 1024], Element::F32, Storage::Activation);
    let (x, out) = (tensor("x"), tensor("out"));
    let seconds =
        best(device, builder, Relu { x, out, rows: VALUES / 1024, columns: 1024 }.into(), &[x], tries)
            .await?;
    Ok(PeakRates { gflops, gigabytes: 8.0 * VALUES as f64 / seconds / 1e9, side })
}

/// Seconds of the fastest of `tries` executions of an op, after one to warm up.
async fn best(
    device: &Device,
    mut builder: Builder,
    op: Op,
    inputs: &[TensorId],
    tries: usize,
) -> Result<f64> {
    builder.push(Phase::Forward, op);
    let plan = builder.finish();
    let store = device.store(plan.flat, &[])?;
    let options = ExecutorOptions { profile: has_clock(device), block: 1, ..ExecutorOptions::default() };
    let mut executor = device.executor(&plan, &store, options).await?;
    for input in inputs {
        // Neither zeros nor denormals, which some devices multiply at a different speed.
        let values: Vec<f32> =
            (0..plan.tensor(*input).len()).map(|at| (at % 97) as f32 / 97.0 - 0.5).collect();
        executor.write(*input, bytemuck::cast_slice(&values))?;
    }
    once(&mut executor).await?;
    let mut best = f64::INFINITY;
    for _ in 0..tries.max(1) {
        best = best.min(once(&mut executor).await?);
    }
    Ok(best)
}

async fn once(executor: &mut Executor) -> Result<f64> {
    let clock = Clock::start();
    executor.run_as_is(StepScalars::default()).await?;
    let by_the_clock = clock.seconds();
    // By the device's own clock where there is one, so that submitting and waiting do not count.
    let spans = executor.spans().await?;
    let start = spans.iter().map(|span| span.start).fold(f64::INFINITY, f64::min);
    let end = spans.iter().map(|span| span.end).fold(0.0, f64::max);
    Ok(if end > start { end - start } else { by_the_clock })
}

/// Whether the device can time single ops.
fn has_clock(device: &Device) -> bool {
    match device {
        Device::Cpu(_) => true,
        Device::Gpu(device) => device.has_timestamps(),
    }
}
