use serde::{Deserialize, Serialize};

use super::{Initial, Layer, Mode, Parameter, Placed, Saved, Task};
use crate::plan::ops::{BiasAdd, ColumnSum, Matmul};
use crate::plan::{Builder, Phase, TensorId};

/// A fully connected layer: `y = x Wᵀ + b`, with W `[units, inputs]` and b `[units]` as PyTorch stores them.
/// An input of several dimensions is read as one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// Number of outputs. Left out in the last layer of a classifier: the number of classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<usize>,
    #[serde(default)]
    pub initial: Initial,
    #[serde(default = "Initial::zeros", skip_serializing_if = "Initial::is_zeros")]
    pub initial_bias: Initial,
}

impl Dense {
    fn units(&self, task: &Task) -> usize {
        self.units.unwrap_or(task.classes)
    }
}

impl Layer for Dense {
    fn kind(&self) -> &'static str {
        "dense"
    }

    fn output(&self, _input: &[usize], task: &Task) -> Result<Vec<usize>, String> {
        match self.units(task) {
            0 => Err("`units` must be at least 1".into()),
            units => Ok(vec![units]),
        }
    }

    fn parameters(&self, input: &[usize], task: &Task) -> Vec<Parameter> {
        let (units, inputs) = (self.units(task), input.iter().product());
        vec![
            Parameter { name: "weight", shape: vec![units, inputs], initial: self.initial, fan_in: inputs },
            Parameter { name: "bias", shape: vec![units], initial: self.initial_bias, fan_in: inputs },
        ]
    }

    fn multiply_adds(&self, placed: &Placed) -> u64 {
        let count = |shape: &[usize]| shape.iter().product::<usize>() as u64;
        count(&placed.input) * count(&placed.output)
    }

    fn forward(&self, builder: &mut Builder, placed: &Placed, input: TensorId, _: Mode) -> TensorId {
        let (rows, inputs, outputs) = sizes(builder, placed);
        let weight = builder.parameter(&placed.name, "weight");
        let bias = builder.parameter(&placed.name, "bias");
        let product = builder.activation(&format!("{}.product", placed.name), &[rows, outputs]);
        let output = builder.activation(&placed.name, &[rows, outputs]);
        builder.push(
            Phase::Forward,
            Matmul {
                a: input.into(),
                b: weight.into(),
                out: product,
                transpose_a: false,
                transpose_b: true,
                m: rows,
                n: outputs,
                k: inputs,
                relu_mask: None,
            },
        );
        builder.push(Phase::Forward, BiasAdd { x: product, bias, out: output, rows, columns: outputs });
        output
    }

    fn backward(
        &self,
        builder: &mut Builder,
        placed: &Placed,
        saved: &Saved,
        output_gradient: TensorId,
        input_gradient: Option<TensorId>,
    ) {
        let (rows, inputs, outputs) = sizes(builder, placed);
        let weight_gradient = builder.gradient(&placed.name, "weight");
        let bias_gradient = builder.gradient(&placed.name, "bias");
        // dW = dyᵀ x
        builder.push(
            Phase::Backward,
            Matmul {
                a: output_gradient.into(),
                b: saved.input.into(),
                out: weight_gradient,
                transpose_a: true,
                transpose_b: false,
                m: outputs,
                n: inputs,
                k: rows,
                relu_mask: None,
            },
        );
        builder.push(
            Phase::Backward,
            ColumnSum { x: output_gradient, out: bias_gradient, rows, columns: outputs },
        );
        if let Some(out) = input_gradient {
            // dx = dy W
            let weight = builder.parameter(&placed.name, "weight");
            builder.push(
                Phase::Backward,
                Matmul {
                    a: output_gradient.into(),
                    b: weight.into(),
                    out,
                    transpose_a: false,
                    transpose_b: false,
                    m: rows,
                    n: inputs,
                    k: outputs,
                    relu_mask: None,
                },
            );
        }
    }
}

/// Rows, inputs and outputs of the layer's products.
fn sizes(builder: &Builder, placed: &Placed) -> (usize, usize, usize) {
    (builder.batch(), placed.input.iter().product(), placed.output.iter().product())
}
