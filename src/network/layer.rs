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

/// What a plan is made for: some layers compute otherwise in evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Train,
    Evaluate,
}

/// A parameter, or a statistic, that a layer asks for.
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

    /// Values that are kept between steps without being trained.
    fn statistics(&self, _input: &[usize]) -> Vec<Parameter> {
        Vec::new()
    }

    /// Whether the output is the input in another shape: then nothing is computed, forward or backward.
    fn only_reshapes(&self) -> bool {
        false
    }

    /// Multiply-adds of one sample's forward pass.
    fn multiply_adds(&self, place: &Placed) -> u64;

    /// Appends the ops that make the output; returns its tensor.
    fn forward(&self, builder: &mut Builder, place: &Placed, input: TensorId, mode: Mode) -> TensorId;

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
