use serde::{Deserialize, Serialize};

use super::pair::{Padding, Pair, window};
use super::{Initial, Layer, Mode, Parameter, Placed, Saved, Task};
use crate::plan::ops::{self, ColumnSum};
use crate::plan::{Builder, Element, Phase, Storage, TensorId, Window};

/// A convolution in the sense of neural networks (a cross-correlation): each of `channels` outputs has a kernel over all input
/// channels. Weights `[channels, in_channels, kernel_height, kernel_width]` and one bias per channel, as PyTorch stores them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// Number of output channels.
    pub channels: usize,
    pub kernel: Pair,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub stride: Pair,
    #[serde(default)]
    pub padding: Padding,
    /// Whether a bias is added; batch normalisation makes it redundant.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub bias: bool,
    #[serde(default)]
    pub initial: Initial,
    #[serde(default = "Initial::zeros", skip_serializing_if = "Initial::is_zeros")]
    pub initial_bias: Initial,
}

fn one() -> Pair {
    Pair::from(1)
}

fn is_one(pair: &Pair) -> bool {
    *pair == one()
}

fn yes() -> bool {
    true
}

fn is_yes(bias: &bool) -> bool {
    *bias
}

/// The weight gradient is summed over groups of images separately, then over the groups: enough groups to occupy a GPU,
/// few enough for the second sum to be cheap.
const MAX_GROUPS: usize = 32;

/// Fewest images per group: a group is one chunk of a CPU's work, and reads and writes a sum for every weight, so that more
/// weights call for larger groups.
fn least_group(weights: usize) -> usize {
    match weights {
        ..8_192 => 4,
        8_192..131_072 => 8,
        _ => 16,
    }
}

/// Sizes of the layer's ops.
struct Sizes {
    rows: usize,
    in_channels: usize,
    out_channels: usize,
    window: Window,
}

impl Conv2d {
    /// The windows over maps of `[channels, height, width]`.
    ///
    /// # Errors
    /// A text that says what does not fit.
    pub fn window(&self, input: &[usize]) -> Result<Window, String> {
        window(input, self.kernel, self.stride, self.padding)
    }

    fn sizes(&self, builder: &Builder, placed: &Placed) -> Sizes {
        // `output` has accepted this window when the network was built.
        let window = self.window(&placed.input).unwrap_or_else(|e| unreachable!("{}: {e}", placed.name));
        Sizes { rows: builder.batch(), in_channels: placed.input[0], out_channels: self.channels, window }
    }
}

impl Layer for Conv2d {
    fn kind(&self) -> &'static str {
        "conv"
    }

    fn output(&self, input: &[usize], _: &Task) -> Result<Vec<usize>, String> {
        let window = self.window(input)?;
        match self.channels {
            0 => Err("`channels` must be at least 1".into()),
            channels => Ok(vec![channels, window.output[0], window.output[1]]),
        }
    }

    fn parameters(&self, input: &[usize], _: &Task) -> Vec<Parameter> {
        let (in_channels, Pair(kernel)) = (input[0], self.kernel);
        let fan_in = in_channels.saturating_mul(kernel[0]).saturating_mul(kernel[1]);
        let shape = vec![self.channels, in_channels, kernel[0], kernel[1]];
        let weight = Parameter { name: "weight", shape, initial: self.initial, fan_in };
        let bias = Parameter { name: "bias", shape: vec![self.channels], initial: self.initial_bias, fan_in };
        std::iter::once(weight).chain(self.bias.then_some(bias)).collect()
    }

    fn multiply_adds(&self, placed: &Placed) -> u64 {
        let Pair(kernel) = self.kernel;
        let outputs: usize = placed.output.iter().product();
        (outputs * placed.input[0] * kernel[0] * kernel[1]) as u64
    }

    fn forward(&self, builder: &mut Builder, placed: &Placed, input: TensorId, _: Mode) -> TensorId {
        let Sizes { rows, in_channels, out_channels, window } = self.sizes(builder, placed);
        let weight = builder.parameter(&placed.name, "weight");
        let bias = self.bias.then(|| builder.parameter(&placed.name, "bias"));
        let out = builder.activation(&placed.name, &[rows, out_channels, window.output[0], window.output[1]]);
        let (x, relu) = (input.into(), false);
        builder.push(
            Phase::Forward,
            ops::Conv2d { x, weight, bias, relu, out, rows, in_channels, out_channels, window },
        );
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
        let Sizes { rows, in_channels, out_channels, window } = self.sizes(builder, placed);
        let weights = out_channels * in_channels * window.taps();
        let columns = weights + if self.bias { out_channels } else { 0 };
        let group = rows.div_ceil(MAX_GROUPS).next_power_of_two().max(least_group(columns));
        let groups = rows.div_ceil(group);
        let partials = builder.activation(&format!("{}.partial_gradients", placed.name), &[groups, columns]);
        builder.push(
            Phase::Backward,
            ops::Conv2dWeightGradient {
                x: saved.input.into(),
                output_gradient,
                partials,
                has_bias: self.bias,
                group,
                rows,
                in_channels,
                out_channels,
                window,
            },
        );
        // The bias follows the weight in the flat buffer, so that one sum over the groups computes both gradients.
        let weight_gradient = builder.gradient(&placed.name, "weight");
        let offset = builder.storage(weight_gradient).offset();
        let storage = Storage::Gradients { offset };
        let out = builder.tensor(&format!("{}.gradients", placed.name), &[columns], Element::F32, storage);
        builder.push(Phase::Backward, ColumnSum { x: partials, out, rows: groups, columns });
        if let Some(input_gradient) = input_gradient {
            let weight = builder.parameter(&placed.name, "weight");
            builder.push(
                Phase::Backward,
                ops::Conv2dInputGradient {
                    output_gradient,
                    weight,
                    input_gradient,
                    rows,
                    in_channels,
                    out_channels,
                    window,
                },
            );
        }
    }
}
