use inkgrad::plan::Op;

use super::{Wanted, check};

/// Added in float64, rounded once.
#[test]
fn adds_up_a_batch() {
    check("loss_sum", 1.2e-7, |op, inputs| {
        let Op::LossSum(op) = op else { unreachable!() };
        let sum: f64 = inputs.floats(op.sample_loss).iter().sum();
        vec![Wanted::Floats(vec![sum * f64::from(op.scale)])]
    });
}
