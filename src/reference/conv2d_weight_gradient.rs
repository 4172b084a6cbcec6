use super::windows::windows;
use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Conv2dWeightGradient;

/// The gradient of a convolution's weight and bias, one partial sum for each group of neighbouring images:
/// `partials[g, weight (o, c, tap)] = sum over the group's r and all positions of output_gradient[r, o, position] *
/// x[r, c, pixel under the tap]`, then with a bias `partials[g, bias o] = sum of output_gradient[r, o, position]`.
///
/// partials `[groups, weights (+ out_channels)]`; `column_sum` adds the groups up.
impl Reference for Conv2dWeightGradient {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (x, output_gradient) = (inputs.operand(self.x)?, inputs.floats(self.output_gradient)?);
        let (pixels, taps, windows) = (self.window.inputs(), self.window.taps(), windows(&self.window));
        let weights = self.out_channels * self.in_channels * taps;
        let columns = weights + if self.has_bias { self.out_channels } else { 0 };
        let mut partials = vec![0.0; self.rows.div_ceil(self.group) * columns];
        for row in 0..self.rows {
            let partial = &mut partials[row / self.group * columns..][..columns];
            for out_channel in 0..self.out_channels {
                let map = &output_gradient[(row * self.out_channels + out_channel) * windows.len()..];
                for in_channel in 0..self.in_channels {
                    let image = &x[(row * self.in_channels + in_channel) * pixels..];
                    let kernel = &mut partial[(out_channel * self.in_channels + in_channel) * taps..];
                    for (position, window) in windows.iter().enumerate() {
                        for (tap, pixel) in window {
                            kernel[*tap] += map[position] * image[*pixel];
                        }
                    }
                }
                if self.has_bias {
                    for gradient in &map[..windows.len()] {
                        partial[weights + out_channel] += gradient;
                    }
                }
            }
        }
        Ok(vec![partials.into()])
    }
}
