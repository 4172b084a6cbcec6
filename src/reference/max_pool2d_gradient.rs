use super::windows::windows;
use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::MaxPool2dGradient;

/// The gradient of each window of `max_pool2d` goes to its largest value (of equal ones to the first, row by row); where
/// windows overlap, the gradients add up. With `relu`, x is the output of a ReLU, and a largest value that is not above
/// 0 gets nothing.
impl Reference for MaxPool2dGradient {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (x, windows) = (inputs.floats(self.x)?, windows(&self.window));
        let mut input_gradient = vec![0.0; x.len()];
        let maps = input_gradient.chunks_exact_mut(self.window.inputs());
        let gradients = inputs.floats(self.output_gradient)?.chunks_exact(windows.len());
        for ((to, x), gradients) in maps.zip(x.chunks_exact(self.window.inputs())).zip(gradients) {
            for (window, gradient) in windows.iter().zip(gradients) {
                let Some(&(_, mut largest)) = window.first() else { continue };
                for (_, pixel) in window {
                    if x[*pixel] > x[largest] {
                        largest = *pixel;
                    }
                }
                if !self.relu || x[largest] > 0.0 {
                    to[largest] += gradient;
                }
            }
        }
        Ok(vec![input_gradient.into()])
    }
}
