use serde::{Deserialize, Serialize};

use super::pair::{Padding, Pair, window};
use super::{Layer, Mode, Parameter, Placed, Saved, Task};
use crate::plan::ops::{AveragePool2d, AveragePool2dGradient, MaxPool2d, MaxPool2dGradient};
use crate::plan::{Builder, Phase, TensorId, Window};

/// The largest value, or the mean, of each window of `size`, channel by channel. Values outside the image do not count (as in
/// TensorFlow).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// If left out, the whole map: one value per channel for images of any size (global pooling; Lin, Chen and Yan 2013,
    /// "Network In Network").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Pair>,
    /// If left out, the size of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Pair>,
    #[serde(default)]
    pub padding: Padding,
}

impl Pool {
    /// The windows over maps of `[channels, height, width]`.
    ///
    /// # Errors
    /// A text that says what does not fit.
    pub fn window(&self, input: &[usize]) -> Result<Window, String> {
        let size = match (self.size, input) {
            (Some(size), _) => size,
            (None, &[_, height, width]) => Pair([height, width]),
            (None, _) => Pair::from(1),
        };
        window(input, size, self.stride.unwrap_or(size), self.padding)
    }

    fn sizes(&self, builder: &Builder, placed: &Placed) -> (usize, usize, Window) {
        // `output` has accepted this window when the network was built.
        let window = self.window(&placed.input).unwrap_or_else(|e| unreachable!("{}: {e}", placed.name));
        (builder.batch(), placed.input[0], window)
    }
}

/// Max pooling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MaxPool(pub Pool);

/// Average pooling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AveragePool(pub Pool);

macro_rules! pool {
    ($layer:ident, $kind:literal, $forward:expr, $backward:expr) => {
        impl Layer for $layer {
            fn kind(&self) -> &'static str {
                $kind
            }

            fn output(&self, input: &[usize], _: &Task) -> Result<Vec<usize>, String> {
                let window = self.0.window(input)?;
                Ok(vec![input[0], window.output[0], window.output[1]])
            }

            fn parameters(&self, _: &[usize], _: &Task) -> Vec<Parameter> {
                Vec::new()
            }

            fn multiply_adds(&self, _: &Placed) -> u64 {
                0
            }

            fn forward(&self, builder: &mut Builder, placed: &Placed, input: TensorId, _: Mode) -> TensorId {
                let (rows, channels, window) = self.0.sizes(builder, placed);
                let shape = [rows, channels, window.output[0], window.output[1]];
                let out = builder.activation(&placed.name, &shape);
                $forward(builder, input, out, rows, channels, window);
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
                let (rows, channels, window) = self.0.sizes(builder, placed);
                if let Some(input_gradient) = input_gradient {
                    $backward(builder, saved, output_gradient, input_gradient, rows, channels, window);
                }
            }
        }
    };
}

pool!(
    MaxPool,
    "max_pool",
    |builder: &mut Builder, x, out, rows, channels, window| {
        builder.push(Phase::Forward, MaxPool2d { x, out, rows, channels, window });
    },
    |builder: &mut Builder, saved: &Saved, output_gradient, input_gradient, rows, channels, window| {
        let x = saved.input;
        builder.push(
            Phase::Backward,
            MaxPool2dGradient { x, output_gradient, input_gradient, rows, channels, window, relu: false },
        );
    }
);

pool!(
    AveragePool,
    "average_pool",
    |builder: &mut Builder, x, out, rows, channels, window| {
        builder.push(Phase::Forward, AveragePool2d { x, out, rows, channels, window });
    },
    |builder: &mut Builder, _: &Saved, output_gradient, input_gradient, rows, channels, window| {
        builder.push(
            Phase::Backward,
            AveragePool2dGradient { output_gradient, input_gradient, rows, channels, window },
        );
    }
);
