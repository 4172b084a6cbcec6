use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Dense;

/// A dense layer: `out[r, o] = bias[o] + sum over i of x[r, i] * weight[o, i]`, with x `[rows, inputs]`, weight
/// `[outputs, inputs]` and out `[rows, outputs]`; with `relu`, negative results become 0.
impl Reference for Dense {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (x, weight) = (inputs.operand(self.x)?, inputs.floats(self.weight)?);
        let mut out = dense(&x, weight, inputs.floats(self.bias)?, self.inputs);
        if self.relu {
            out.iter_mut().for_each(|value| *value = value.max(0.0));
        }
        Ok(vec![out.into()])
    }
}

/// `x · weightᵀ + bias`.
pub(super) fn dense(x: &[f64], weight: &[f64], bias: &[f64], inputs: usize) -> Vec<f64> {
    let mut out = Vec::new();
    for x in x.chunks_exact(inputs) {
        for (weight, bias) in weight.chunks_exact(inputs).zip(bias) {
            let mut sum = *bias;
            for (x, weight) in x.iter().zip(weight) {
                sum += x * weight;
            }
            out.push(sum);
        }
    }
    out
}
