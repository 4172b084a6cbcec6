use super::windows::windows;
use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::MaxPool2d;

/// The largest value of each window; what lies outside the image does not count. x `[rows, channels, height, width]` to out
/// `[rows, channels, out_height, out_width]`.
impl Reference for MaxPool2d {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let mut out = Vec::new();
        for map in inputs.floats(self.x)?.chunks_exact(self.window.inputs()) {
            for window in windows(&self.window) {
                let mut largest = f64::NEG_INFINITY;
                for (_, pixel) in window {
                    largest = largest.max(map[pixel]);
                }
                out.push(largest);
            }
        }
        Ok(vec![out.into()])
    }
}
