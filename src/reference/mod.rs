//! The definition of every op: float64, plain loops over plain slices, one file per op.
//!
//! Everything else in this crate that computes an op (the CPU path at each of its vector levels, the GPU's shaders) is fast,
//! and is compared with these loops by `inkgrad verify` and by the tests. Nothing here is fast: each file should be simple
//! enough to be verified by reading it. [`compute`] runs one op; [`Interpreter`] runs whole plans.

// Loops use the indices of the formulas.
#![allow(clippy::needless_range_loop)]

mod adam;
mod augment;
mod average_pool2d;
mod average_pool2d_gradient;
mod average_weights;
mod batch_norm;
mod batch_norm_input_gradient;
mod batch_norm_moments;
mod batch_norm_sums;
mod bias_add;
mod clip_norm;
mod column_sum;
mod confusion;
mod conv2d;
mod conv2d_input_gradient;
mod conv2d_weight_gradient;
mod count_correct;
mod dense;
mod dense_sgd;
mod dense_softmax_cross_entropy;
mod dropout;
mod gather;
mod interpreter;
mod loss_sum;
mod matmul;
mod max_pool2d;
mod max_pool2d_gradient;
mod momentum;
mod relu;
mod relu_gradient;
mod sgd;
mod softmax_cross_entropy;
mod square_sum;
mod tanh;
mod tanh_gradient;
mod unpack;
mod values;
mod windows;

pub use interpreter::Interpreter;
pub use values::Values;

use crate::error::{Error, Result};
use crate::plan::ops::{ClassWeights, Operand, Pixels, with_ops};
use crate::plan::{Op, Plan, StepScalars, TensorId};

/// What an op computes from: a plan, the step's scalars, and the contents of tensors.
pub struct Inputs<'a> {
    pub plan: &'a Plan,
    pub scalars: StepScalars,
    /// By [`TensorId::index`]. Only what the op reads must be there.
    pub tensors: &'a [Option<Values>],
}

/// The definition of an op.
trait Reference {
    /// What the op writes, in the order of [`Op::writes`].
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>>;
}

/// What `op` writes, in the order of [`Op::writes`]. A tensor that is updated in place comes back whole.
///
/// # Errors
/// `Internal` where a tensor that the op reads is missing, or has another element type or length than the plan
/// says.
pub fn compute(op: &Op, inputs: &Inputs) -> Result<Vec<Values>> {
    macro_rules! dispatch {
        ($(($module:ident, $name:ident),)*) => {
            match op { $(Op::$name(op) => Reference::compute(op, inputs),)* }
        };
    }
    with_ops!(dispatch)
}

impl Inputs<'_> {
    fn get(&self, id: TensorId) -> Result<&Values> {
        let tensor = self.plan.tensor(id);
        let error = |what: String| Err(Error::Internal(format!("the reference has {what} for {tensor}")));
        match self.tensors.get(id.index()) {
            Some(Some(values)) if values.len() == tensor.len() => Ok(values),
            Some(Some(values)) => error(format!("{} values", values.len())),
            _ => error("no values".into()),
        }
    }

    fn floats(&self, id: TensorId) -> Result<&[f64]> {
        match self.get(id)? {
            Values::Floats(values) => Ok(values),
            _ => Err(self.wrong_element(id)),
        }
    }

    /// `[classes]`; all 1 where the op has none.
    fn class_weights(&self, weights: Option<ClassWeights>, classes: usize) -> Result<Vec<f64>> {
        match weights {
            Some(weights) => Ok(self.floats(weights.tensor)?.to_vec()),
            None => Ok(vec![1.0; classes]),
        }
    }

    fn words(&self, id: TensorId) -> Result<&[u32]> {
        match self.get(id)? {
            Values::Words(values) => Ok(values),
            _ => Err(self.wrong_element(id)),
        }
    }

    fn bytes(&self, id: TensorId) -> Result<&[u8]> {
        match self.get(id)? {
            Values::Bytes(values) => Ok(values),
            _ => Err(self.wrong_element(id)),
        }
    }

    /// One side of a product: floats as they are, image bytes as the floats that they stand for.
    fn operand(&self, operand: Operand) -> Result<Vec<f64>> {
        match operand.pixels {
            None => Ok(self.floats(operand.tensor)?.to_vec()),
            Some(pixels) => Ok(unpacked(self.bytes(operand.tensor)?, pixels)),
        }
    }

    fn learning_rate(&self) -> f64 {
        self.scalars.learning_rate().into()
    }

    /// The seed of all random numbers.
    fn seed(&self) -> u64 {
        u64::from(self.scalars.seed[0]) | u64::from(self.scalars.seed[1]) << 32
    }

    fn wrong_element(&self, id: TensorId) -> Error {
        Error::Internal(format!("the reference has other elements than {}'s", self.plan.tensor(id)))
    }
}

/// Bytes as the floats that they stand for: `byte / 255 * gain + offset`.
fn unpacked(bytes: &[u8], pixels: Pixels) -> Vec<f64> {
    let (gain, offset) = (f64::from(pixels.gain), f64::from(pixels.offset));
    bytes.iter().map(|byte| f64::from(*byte) / 255.0 * gain + offset).collect()
}
