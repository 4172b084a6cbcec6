//! Runs every op on a device and on the CPU reference, over many shapes, and compares: whether a driver is to be
//! trusted shows in seconds.

mod cases;

pub use cases::cases;

use crate::error::Result;
use crate::executor::{Device, ExecutorOptions, Feed, Flat, Variants};
use crate::plan::{Element, Plan, StepScalars, Storage, TensorId};

/// One op in one shape: a plan of that op alone, and what its tensors hold before it runs.
pub struct Case {
    pub op: &'static str,
    /// The sizes, for a reader.
    pub shape: String,
    pub plan: Plan,
    pub inputs: Vec<(TensorId, Vec<u8>)>,
    pub scalars: StepScalars,
    pub tolerance: Tolerance,
}

/// How far two devices may differ in an op's results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Largest difference of two values over the largest reference value of their tensor.
    pub relative: f64,
    pub reason: &'static str,
}

/// How two devices compared in one case.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub op: &'static str,
    pub shape: String,
    /// Largest difference over the largest reference value, over all tensors that the op writes. Infinite where
    /// a value is not finite, where integers differ, or where the op wrote beside its tensors.
    pub error: f64,
    pub tolerance: Tolerance,
}

impl Comparison {
    pub fn passed(&self) -> bool {
        self.error <= self.tolerance.relative
    }
}

impl Case {
    /// Runs the op once on a device: the bytes of each tensor that it writes.
    pub async fn run(&self, device: &Device) -> Result<Vec<Vec<u8>>> {
        Ok(self.run_watched(device, Variants::Plain).await?.0)
    }

    /// How many shaders the op has to choose from in this shape.
    pub fn variants(&self) -> usize {
        self.plan.ops.iter().map(|planned| planned.op.launches(&self.plan).len()).max().unwrap_or(0)
    }

    /// As `run`; also whether the op left alone what lies beside its tensors in the flat parameter buffer.
    async fn run_watched(&self, device: &Device, variants: Variants) -> Result<(Vec<Vec<u8>>, bool)> {
        let store = device.store(self.plan.flat, &vec![0.0; self.plan.flat.parameters])?;
        let options =
            ExecutorOptions { feed: Feed::Stream, block: 1, variants, ..ExecutorOptions::default() };
        let mut executor = device.executor(&self.plan, &store, options).await?;
        for (tensor, bytes) in &self.inputs {
            executor.write(*tensor, bytes)?;
        }
        executor.run_as_is(self.scalars).await?;
        let mut outputs = Vec::new();
        for tensor in self.outputs() {
            outputs.push(executor.read(tensor).await?);
        }
        let is_clean = !strays(&self.plan, &store.read(Flat::Parameters).await?);
        Ok((outputs, is_clean))
    }

    pub fn outputs(&self) -> Vec<TensorId> {
        self.plan.ops.iter().flat_map(|planned| planned.op.writes()).collect()
    }

    /// Runs the op on both devices, on a GPU with each of its shaders in turn, and compares.
    pub async fn compare(&self, reference: &Device, device: &Device) -> Result<Comparison> {
        let wanted = self.run(reference).await?;
        let variants = if let Device::Gpu(_) = device { self.variants() } else { 1 };
        let mut error = 0f64;
        for variant in 0..variants {
            let (given, is_clean) = self.run_watched(device, Variants::Nth(variant)).await?;
            if !is_clean {
                error = f64::INFINITY;
            }
            for ((tensor, wanted), given) in self.outputs().into_iter().zip(&wanted).zip(&given) {
                error = error.max(largest_error(self.plan.tensor(tensor).element, wanted, given));
            }
        }
        let (shape, tolerance) = (self.shape.clone(), self.tolerance);
        Ok(Comparison { op: self.op, shape, error, tolerance })
    }
}

/// Whether the flat parameter buffer, zero at first, holds anything where the plan has no tensor.
fn strays(plan: &Plan, parameters: &[f32]) -> bool {
    let mut is_owned = vec![false; parameters.len()];
    for tensor in &plan.tensors {
        if let Storage::Parameters { offset } = tensor.storage {
            is_owned.iter_mut().skip(offset).take(tensor.len()).for_each(|owned| *owned = true);
        }
    }
    parameters.iter().zip(is_owned).any(|(value, owned)| !owned && value.to_bits() != 0)
}

/// See [`Comparison::error`].
fn largest_error(element: Element, wanted: &[u8], given: &[u8]) -> f64 {
    if wanted.len() != given.len() {
        return f64::INFINITY;
    }
    if element != Element::F32 {
        return if wanted == given { 0.0 } else { f64::INFINITY };
    }
    let floats = bytemuck::pod_collect_to_vec::<u8, f32>;
    let (wanted, given) = (floats(wanted), floats(given));
    if wanted.iter().chain(&given).any(|value| !value.is_finite()) {
        return f64::INFINITY;
    }
    let largest = wanted.iter().fold(0f64, |largest, value| largest.max(f64::from(value.abs())));
    let difference = wanted
        .iter()
        .zip(&given)
        .fold(0f64, |largest, (wanted, given)| largest.max((f64::from(*wanted) - f64::from(*given)).abs()));
    if difference == 0.0 { 0.0 } else { difference / largest.max(f64::from(f32::MIN_POSITIVE)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beside_the_tensors_are_seen() {
        let mut builder = crate::plan::Builder::new(1, 1, 1);
        builder.tensor("weight", &[3], Element::F32, Storage::Parameters { offset: 2 });
        let plan = builder.finish();
        let strays =
            |at: usize| super::strays(&plan, &std::array::from_fn::<f32, 8, _>(|i| (i == at).into()));
        assert_eq!(std::array::from_fn(strays), [true, true, false, false, false, true, true, true]);
    }

    #[test]
    fn errors_are_told() {
        let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
        let error = |a: &[f32], b: &[f32]| largest_error(Element::F32, &bytes(a), &bytes(b));
        assert_eq!(error(&[1.0, -4.0], &[1.0, -4.0]), 0.0);
        assert_eq!(error(&[1.0, -4.0], &[2.0, -4.0]), 0.25);
        assert_eq!(error(&[1.0], &[f32::NAN]), f64::INFINITY);
        assert_eq!(error(&[1.0], &[1.0, 1.0]), f64::INFINITY);
        assert!(error(&[0.0], &[1e-6]) > 1.0, "something where nothing should be is an error");
        assert_eq!(largest_error(Element::U32, &[1, 0, 0, 0], &[2, 0, 0, 0]), f64::INFINITY);
    }
}
