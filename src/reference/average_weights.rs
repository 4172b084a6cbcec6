use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::AverageWeights;

/// A moving average of the parameters (Polyak and Juditsky 1992): `average += average_rate * (parameters - average)`, the
/// rate being one of the step scalars.
impl Reference for AverageWeights {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let rate = f64::from(inputs.scalars.average_rate);
        let mut average = inputs.floats(self.average)?.to_vec();
        for (average, parameter) in average.iter_mut().zip(inputs.floats(self.parameters)?) {
            *average += rate * (parameter - *average);
        }
        Ok(vec![average.into()])
    }
}
