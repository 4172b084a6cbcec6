use serde::{Deserialize, Serialize};

use super::{Layer, Mode, Parameter, Placed, Saved, Task};
use crate::plan::{Builder, TensorId};

/// Turns an image of several channels into one row of values, channel by channel. Nothing moves in memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flatten {}

impl Layer for Flatten {
    fn kind(&self) -> &'static str {
        "flatten"
    }

    fn output(&self, input: &[usize], _: &Task) -> Result<Vec<usize>, String> {
        Ok(vec![input.iter().product()])
    }

    fn parameters(&self, _: &[usize], _: &Task) -> Vec<Parameter> {
        Vec::new()
    }

    fn multiply_adds(&self, _: &Placed) -> u64 {
        0
    }

    fn only_reshapes(&self) -> bool {
        true
    }

    fn forward(&self, _: &mut Builder, _: &Placed, input: TensorId, _: Mode) -> TensorId {
        input
    }

    fn backward(&self, _: &mut Builder, _: &Placed, _: &Saved, _: TensorId, _: Option<TensorId>) {}
}
