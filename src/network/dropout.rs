use serde::{Deserialize, Serialize};

use super::{Layer, Mode, Parameter, Placed, Saved, Task};
use crate::plan::ops;
use crate::plan::{Builder, Phase, TensorId};

/// In training each value is set to zero with probability `rate`, and the others are divided by `1 - rate` (Srivastava et
/// al. 2014, scaled in training as all frameworks do); in evaluation the layer does nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    pub rate: f32,
}

impl Dropout {
    /// The mask is a function of seed, step, layer and position, so that the backward pass can compute it again.
    fn push(&self, builder: &mut Builder, placed: &Placed, phase: Phase, x: TensorId, out: TensorId) {
        let (rows, columns, rate, layer) =
            (builder.batch(), placed.values(), self.rate, placed.number as u32);
        builder.push(phase, ops::Dropout { x, out, rows, columns, rate, layer });
    }
}

impl Layer for Dropout {
    fn kind(&self) -> &'static str {
        "dropout"
    }

    fn output(&self, input: &[usize], _: &Task) -> Result<Vec<usize>, String> {
        match (0.0..1.0).contains(&self.rate) {
            true => Ok(input.to_vec()),
            false => Err(format!("rate = {}: from 0 to less than 1", self.rate)),
        }
    }

    fn parameters(&self, _: &[usize], _: &Task) -> Vec<Parameter> {
        Vec::new()
    }

    fn multiply_adds(&self, _: &Placed) -> u64 {
        0
    }

    fn forward(&self, builder: &mut Builder, placed: &Placed, input: TensorId, mode: Mode) -> TensorId {
        if mode == Mode::Evaluate {
            return input;
        }
        let out = builder.like(&placed.name, input);
        self.push(builder, placed, Phase::Forward, input, out);
        out
    }

    fn backward(
        &self,
        builder: &mut Builder,
        placed: &Placed,
        _: &Saved,
        output_gradient: TensorId,
        input_gradient: Option<TensorId>,
    ) {
        if let Some(out) = input_gradient {
            self.push(builder, placed, Phase::Backward, output_gradient, out);
        }
    }
}
