//! What a layer is: shapes, parameters, and the ops that compute it and its gradients.

use serde::{Deserialize, Serialize};

use super::{Dense, Initial, Placed, Task};
use crate::plan::{Builder, TensorId};

/// A layer as a recipe or a model file names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LayerSpec {
    Dense(Dense),
}

impl LayerSpec {
    pub fn layer(&self) -> &dyn Layer {
        match self {
            LayerSpec::Dense(layer) => layer,
        }
    }
}

/// A parameter that a layer asks for.
pub struct Parameter {
    pub name: &'static str,
    pub shape: Vec<usize>,
    pub initial: Initial,
    /// Values that go into one output: the scale of random first values.
    pub fan_in: usize,
}

/// What the forward pass leaves for the backward pass.
pub struct Saved {
    /// `[batch, input...]`.
    pub input: TensorId,
    /// `[batch, output...]`.
    pub output: TensorId,
}

/// One file a layer: everything that inkgrad knows of it stands there.
pub trait Layer {
    /// Its name in recipes, and what its parameters' names begin with.
    fn kind(&self) -> &'static str;

    /// The shape of one sample's output; an error's text says what does not fit.
    fn output(&self, input: &[usize], task: &Task) -> Result<Vec<usize>, String>;

    fn parameters(&self, input: &[usize], task: &Task) -> Vec<Parameter>;

    /// Multiply-adds of one sample's forward pass.
    fn multiply_adds(&self, place: &Placed) -> u64;

    /// Appends the ops that make the output; returns its tensor.
    fn forward(&self, builder: &mut Builder, place: &Placed, input: TensorId) -> TensorId;

    /// Appends the ops that make the gradients of the parameters and, if wanted, of the input.
    fn backward(
        &self,
        builder: &mut Builder,
        place: &Placed,
        saved: &Saved,
        output_gradient: TensorId,
        input_gradient: Option<TensorId>,
    );
}
