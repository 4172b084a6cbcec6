//! What a layer is: shapes, parameters, and the ops that compute it and its gradients.

use serde::{Deserialize, Serialize};

use super::{
    AveragePool, BatchNorm, Conv2d, Dense, Dropout, Flatten, Initial, MaxPool, Placed, Relu, Tanh, Task,
};
use crate::plan::{Builder, TensorId};

/// A layer as a recipe or a model file names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LayerSpec {
    Dense(Dense),
    Conv2d(Conv2d),
    MaxPool(MaxPool),
    AveragePool(AveragePool),
    Relu(Relu),
    Tanh(Tanh),
    Dropout(Dropout),
    BatchNorm(BatchNorm),
    Flatten(Flatten),
}

impl LayerSpec {
    pub fn layer(&self) -> &dyn Layer {
        match self {
            LayerSpec::Dense(layer) => layer,
            LayerSpec::Conv2d(layer) => layer,
            LayerSpec::MaxPool(layer) => layer,
            LayerSpec::AveragePool(layer) => layer,
            LayerSpec::Relu(layer) => layer,
            LayerSpec::Tanh(layer) => layer,
            LayerSpec::Dropout(layer) => layer,
            LayerSpec::BatchNorm(layer) => layer,
            LayerSpec::Flatten(layer) => layer,
        }
    }
}

/// What a plan is for: some layers behave differently in evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Train,
    Evaluate,
}

/// A parameter or statistic of a layer.
pub struct Parameter {
    pub name: &'static str,
    pub shape: Vec<usize>,
    pub initial: Initial,
    /// Number of inputs of one output value (fan-in), which scales random initial values.
    pub fan_in: usize,
}

/// What the forward pass saves for the backward pass.
pub struct Saved {
    /// `[batch, input...]`.
    pub input: TensorId,
    /// `[batch, output...]`.
    pub output: TensorId,
}

/// A layer's file holds everything about it.
pub trait Layer {
    /// The layer's name in recipes, and the prefix of its parameters' names.
    fn kind(&self) -> &'static str;

    /// The shape of one sample's output.
    ///
    /// # Errors
    /// A text that says why the layer does not accept this input.
    fn output(&self, input: &[usize], task: &Task) -> Result<Vec<usize>, String>;

    fn parameters(&self, input: &[usize], task: &Task) -> Vec<Parameter>;

    /// Values that are kept between steps but not trained.
    fn statistics(&self, _input: &[usize]) -> Vec<Parameter> {
        Vec::new()
    }

    /// Whether the output is the input with another shape, so that nothing is computed, forward or backward.
    fn only_reshapes(&self) -> bool {
        false
    }

    /// Multiply-adds of one sample's forward pass.
    fn multiply_adds(&self, placed: &Placed) -> u64;

    /// Appends the ops that compute the output, and returns the output's tensor.
    fn forward(&self, builder: &mut Builder, placed: &Placed, input: TensorId, mode: Mode) -> TensorId;

    /// Appends the ops that compute the gradients of the parameters and, if requested, of the input.
    fn backward(
        &self,
        builder: &mut Builder,
        placed: &Placed,
        saved: &Saved,
        output_gradient: TensorId,
        input_gradient: Option<TensorId>,
    );
}
