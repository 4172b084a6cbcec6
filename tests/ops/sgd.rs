use inkgrad::plan::Op;

use super::{Wanted, check};

/// Two multiply-adds a value.
#[test]
fn steps_down_the_gradient() {
    check("sgd", 2.4e-7, |op, inputs| {
        let Op::Sgd(op) = op else { unreachable!() };
        let (values, gradients) = (inputs.floats(op.parameters), inputs.floats(op.gradients));
        let (rate, decay) = (inputs.learning_rate(), f64::from(op.weight_decay));
        let step = |(value, g): (&f64, f64)| value - rate * (g + decay * value);
        vec![Wanted::Floats(values.iter().zip(gradients).map(step).collect())]
    });
}
