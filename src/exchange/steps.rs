//! What a trained network computes, as every format needs it: sizes as numbers, and nothing implied.

use crate::error::{Error, Result};
use crate::model_file::Weights;
use crate::network::{LayerSpec, Network, Placed};
use crate::plan::Window;

/// A layer as it computes in evaluation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// The layer's name: the prefix of its parameters' names.
    pub name: String,
    pub kind: Kind,
    /// Shapes of one sample, without the batch: `[channels, height, width]` or `[values]`.
    pub input: Vec<usize>,
    pub output: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Conv {
        window: Window,
        has_bias: bool,
    },
    Dense,
    BatchNorm {
        epsilon: f32,
    },
    MaxPool(Window),
    AveragePool(Window),
    Relu,
    Tanh,
    Flatten,
    /// Does nothing in evaluation: for programs in which the network is trained further.
    Dropout {
        rate: f32,
    },
}

/// The steps of a network. A dense layer on images gets the flattening that it implies as a step of its own.
pub(super) fn steps(network: &Network) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for placed in &network.layers {
        let window = |window: Result<Window, String>| {
            window.map_err(|what| Error::Internal(format!("{}: {what}", placed.name)))
        };
        let kind = match &placed.spec {
            LayerSpec::Conv2d(conv) => {
                Kind::Conv { window: window(conv.window(&placed.input))?, has_bias: conv.bias }
            }
            LayerSpec::Dense(_) => Kind::Dense,
            LayerSpec::BatchNorm(norm) => Kind::BatchNorm { epsilon: norm.epsilon },
            LayerSpec::MaxPool(pool) => Kind::MaxPool(window(pool.0.window(&placed.input))?),
            LayerSpec::AveragePool(pool) => Kind::AveragePool(window(pool.0.window(&placed.input))?),
            LayerSpec::Relu(_) => Kind::Relu,
            LayerSpec::Tanh(_) => Kind::Tanh,
            LayerSpec::Flatten(_) if placed.input.len() > 1 => Kind::Flatten,
            LayerSpec::Flatten(_) => continue,
            LayerSpec::Dropout(dropout) => Kind::Dropout { rate: dropout.rate },
        };
        let mut input = placed.input.clone();
        if kind == Kind::Dense && input.len() > 1 {
            let flat = vec![placed.values()];
            let name = format!("{}.flatten", placed.name);
            steps.push(Step { name, kind: Kind::Flatten, input, output: flat.clone() });
            input = flat;
        }
        steps.push(step(placed, kind, input));
    }
    Ok(steps)
}

fn step(placed: &Placed, kind: Kind, input: Vec<usize>) -> Step {
    Step { name: placed.name.clone(), kind, input, output: placed.output.clone() }
}

impl Step {
    /// Names of the layer's parameters and statistics, without its own.
    pub fn tensors(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Conv { has_bias: true, .. } | Kind::Dense => &["weight", "bias"],
            Kind::Conv { has_bias: false, .. } => &["weight"],
            Kind::BatchNorm { .. } => &["weight", "bias", "running_mean", "running_var"],
            Kind::MaxPool(_)
            | Kind::AveragePool(_)
            | Kind::Relu
            | Kind::Tanh
            | Kind::Flatten
            | Kind::Dropout { .. } => &[],
        }
    }
}

/// How far windows reach beyond the map: `[above, left, below, right]`. Below and right the last window decides; it may also end
/// before the map does, which is no padding.
pub(super) fn padding(window: &Window) -> [usize; 4] {
    let after = |i: usize| {
        let reach = (window.output[i] - 1) * window.stride[i] + window.kernel[i];
        reach.saturating_sub(window.padding[i] + window.input[i])
    };
    [window.padding[0], window.padding[1], after(0), after(1)]
}

/// One network's values, by the names of its layers.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    pub network: &'a Network,
    pub weights: &'a Weights,
}

/// A parameter or statistic: shape and values.
pub(super) struct Tensor<'a> {
    pub shape: &'a [usize],
    pub values: &'a [f32],
}

impl<'a> Values<'a> {
    /// The tensor `LAYER.NAME`.
    ///
    /// # Errors
    /// `Internal` where the network has no such tensor, or the weights are not the network's.
    pub fn tensor(self, layer: &str, name: &str) -> Result<Tensor<'a>> {
        let full = format!("{layer}.{name}");
        let parameters = self.network.parameters.iter().map(|slice| (slice, &self.weights.parameters));
        let statistics = self.network.statistics.iter().map(|slice| (slice, &self.weights.statistics));
        let found = parameters.chain(statistics).find(|(slice, _)| slice.name == full);
        let values = found.and_then(|(slice, values)| Some((slice, values.get(slice.range())?)));
        match values {
            Some((slice, values)) => Ok(Tensor { shape: &slice.shape, values }),
            None => Err(Error::Internal(format!("the weights lack `{full}`"))),
        }
    }
}

/// For each channel of an image, gain and offset: a network sees `pixel * gain + offset`, with pixels from 0 to 1.
pub(super) fn pixel_scales(network: &Network) -> Vec<[f32; 2]> {
    let channels = network.normalisation.channels(network.task.channels);
    channels.into_iter().map(|pixels| [pixels.gain, pixels.offset]).collect()
}
