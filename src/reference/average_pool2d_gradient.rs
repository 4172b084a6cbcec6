use super::windows::windows;
use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::AveragePool2dGradient;

/// The gradient of each window of `average_pool2d` goes in equal parts to its values that lie inside the image.
impl Reference for AveragePool2dGradient {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let windows = windows(&self.window);
        let mut input_gradient = vec![0.0; self.rows * self.channels * self.window.inputs()];
        let maps = input_gradient.chunks_exact_mut(self.window.inputs());
        let gradients = inputs.floats(self.output_gradient)?.chunks_exact(windows.len());
        for (map, gradients) in maps.zip(gradients) {
            for (window, gradient) in windows.iter().zip(gradients) {
                for (_, pixel) in window {
                    map[*pixel] += gradient / window.len() as f64;
                }
            }
        }
        Ok(vec![input_gradient.into()])
    }
}
