use super::windows::windows;
use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Conv2dInputGradient;

/// The gradient of a convolution's input: each product of `conv2d` passes its output's gradient, times the weight, on to the
/// pixel that it came from. `input_gradient[r, c, pixel under the tap] += output_gradient[r, o, position] *
/// weight[o, c, tap]` over all o, positions and taps.
impl Reference for Conv2dInputGradient {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (output_gradient, weight) = (inputs.floats(self.output_gradient)?, inputs.floats(self.weight)?);
        let (pixels, taps, windows) = (self.window.inputs(), self.window.taps(), windows(&self.window));
        let mut input_gradient = vec![0.0; self.rows * self.in_channels * pixels];
        for row in 0..self.rows {
            for out_channel in 0..self.out_channels {
                let map = &output_gradient[(row * self.out_channels + out_channel) * windows.len()..];
                for in_channel in 0..self.in_channels {
                    let image = &mut input_gradient[(row * self.in_channels + in_channel) * pixels..];
                    let kernel = &weight[(out_channel * self.in_channels + in_channel) * taps..];
                    for (position, window) in windows.iter().enumerate() {
                        for (tap, pixel) in window {
                            image[*pixel] += map[position] * kernel[*tap];
                        }
                    }
                }
            }
        }
        Ok(vec![input_gradient.into()])
    }
}
