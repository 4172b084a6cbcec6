use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::SquareSum;

/// `sums[p] = sum of x[i]²` over the p-th `ceil(count / parts)` values of x. Together the sums are the square
/// of x's norm.
impl Reference for SquareSum {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (x, part) = (inputs.floats(self.x)?, self.count.div_ceil(self.parts));
        let mut sums = vec![0.0; self.parts];
        for (i, x) in x.iter().enumerate() {
            sums[i / part] += x * x;
        }
        Ok(vec![sums.into()])
    }
}
