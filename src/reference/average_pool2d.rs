use super::windows::windows;
use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::AveragePool2d;

/// The mean of each window, over the values that lie inside the image. x `[rows, channels, height, width]` to out
/// `[rows, channels, out_height, out_width]`.
impl Reference for AveragePool2d {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let mut out = Vec::new();
        for map in inputs.floats(self.x)?.chunks_exact(self.window.inputs()) {
            for window in windows(&self.window) {
                let mut sum = 0.0;
                for (_, pixel) in &window {
                    sum += map[*pixel];
                }
                out.push(sum / window.len() as f64);
            }
        }
        Ok(vec![out.into()])
    }
}
