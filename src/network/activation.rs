use serde::{Deserialize, Serialize};

use super::{Layer, Mode, Parameter, Placed, Saved, Task};
use crate::plan::ops;
use crate::plan::{Builder, Phase, TensorId};

/// `max(x, 0)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relu {}

/// The hyperbolic tangent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tanh {}

macro_rules! activation {
    ($layer:ident, $kind:literal, $gradient:ident) => {
        impl Layer for $layer {
            fn kind(&self) -> &'static str {
                $kind
            }

            fn output(&self, input: &[usize], _: &Task) -> Result<Vec<usize>, String> {
                Ok(input.to_vec())
            }

            fn parameters(&self, _: &[usize], _: &Task) -> Vec<Parameter> {
                Vec::new()
            }

            fn multiply_adds(&self, _: &Placed) -> u64 {
                0
            }

            fn forward(&self, builder: &mut Builder, placed: &Placed, input: TensorId, _: Mode) -> TensorId {
                let (rows, columns) = (builder.batch(), placed.values());
                let out = builder.like(&placed.name, input);
                builder.push(Phase::Forward, ops::$layer { x: input, out, rows, columns });
                out
            }

            fn backward(
                &self,
                builder: &mut Builder,
                placed: &Placed,
                saved: &Saved,
                output_gradient: TensorId,
                input_gradient: Option<TensorId>,
            ) {
                let (out, rows, columns) = (saved.output, builder.batch(), placed.values());
                if let Some(input_gradient) = input_gradient {
                    builder.push(
                        Phase::Backward,
                        ops::$gradient { out, output_gradient, input_gradient, rows, columns },
                    );
                }
            }
        }
    };
}

activation!(Relu, "relu", ReluGradient);
activation!(Tanh, "tanh", TanhGradient);
