use inkgrad::plan::Op;

use super::{Wanted, check};

/// One multiply-add a value.
#[test]
fn steps_down_the_gradient() {
    check("sgd", 1.2e-7, |op, inputs| {
        let Op::Sgd(op) = op else { unreachable!() };
        let (values, gradients) = (inputs.floats(op.parameters), inputs.floats(op.gradients));
        let rate = inputs.learning_rate();
        vec![Wanted::Floats(values.iter().zip(gradients).map(|(value, g)| value - rate * g).collect())]
    });
}
