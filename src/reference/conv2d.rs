use super::windows::windows;
use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Conv2d;

/// Convolution in the sense of neural networks (cross-correlation: the kernel is not mirrored):
/// `out[r, o, position] = bias[o] + sum over c and taps of x[r, c, pixel under the tap] * weight[o, c, tap]`, zeros
/// outside the image; with `relu`, negative results become 0.
///
/// x `[rows, in_channels, height, width]`, weight `[out_channels, in_channels, kernel height, kernel width]`, out
/// `[rows, out_channels, out_height, out_width]`. Dumoulin and Visin 2016, "A guide to convolution arithmetic".
impl Reference for Conv2d {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (x, weight) = (inputs.operand(self.x)?, inputs.floats(self.weight)?);
        let bias = self.bias.map(|bias| inputs.floats(bias)).transpose()?;
        let (pixels, taps, windows) = (self.window.inputs(), self.window.taps(), windows(&self.window));
        let mut out = Vec::new();
        for row in 0..self.rows {
            for out_channel in 0..self.out_channels {
                for window in &windows {
                    let mut sum = bias.map_or(0.0, |bias| bias[out_channel]);
                    for in_channel in 0..self.in_channels {
                        let image = &x[(row * self.in_channels + in_channel) * pixels..];
                        let kernel = &weight[(out_channel * self.in_channels + in_channel) * taps..];
                        for (tap, pixel) in window {
                            sum += image[*pixel] * kernel[*tap];
                        }
                    }
                    out.push(if self.relu { sum.max(0.0) } else { sum });
                }
            }
        }
        Ok(vec![out.into()])
    }
}
