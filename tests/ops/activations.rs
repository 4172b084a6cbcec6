use inkgrad::plan::Op;

use super::{Wanted, check};

#[test]
fn relu_is_the_larger_of_value_and_zero() {
    check("relu", 0.0, |op, inputs| {
        let Op::Relu(op) = op else { unreachable!() };
        vec![Wanted::Floats(inputs.floats(op.x).into_iter().map(|x| x.max(0.0)).collect())]
    });
    check("relu_gradient", 0.0, |op, inputs| {
        let Op::ReluGradient(op) = op else { unreachable!() };
        let pairs = inputs.floats(op.out).into_iter().zip(inputs.floats(op.output_gradient));
        vec![Wanted::Floats(pairs.map(|(out, g)| if out > 0.0 { g } else { 0.0 }).collect())]
    });
}

/// exp is good to 2 units of the last place, the polynomial near 0 to 1; the gradient rounds three times.
#[test]
fn tanh_is_tanh() {
    check("tanh", 4e-7, |op, inputs| {
        let Op::Tanh(op) = op else { unreachable!() };
        vec![Wanted::Floats(inputs.floats(op.x).into_iter().map(f64::tanh).collect())]
    });
    check("tanh_gradient", 4e-7, |op, inputs| {
        let Op::TanhGradient(op) = op else { unreachable!() };
        let pairs = inputs.floats(op.out).into_iter().zip(inputs.floats(op.output_gradient));
        vec![Wanted::Floats(pairs.map(|(out, g)| g * (1.0 - out * out)).collect())]
    });
}
