use inkgrad::plan::Op;

use super::{Inputs, Wanted, check, product};

pub fn logits(inputs: &Inputs, x: Vec<f64>, weight: Vec<f64>, bias: Vec<f64>, k: usize) -> Vec<f64> {
    assert_eq!(inputs.case.plan.ops.len(), 1);
    let outputs = bias.len();
    product(&x, &weight, k).iter().enumerate().map(|(i, y)| y + bias[i % outputs]).collect()
}

/// See `matmul`.
#[test]
fn is_a_product_and_a_bias() {
    check("dense", 4e-6, |op, inputs| {
        let Op::Dense(op) = op else { unreachable!() };
        let (x, weight, bias) = (inputs.operand(op.x), inputs.floats(op.weight), inputs.floats(op.bias));
        let floor = if op.relu { 0.0 } else { f64::NEG_INFINITY };
        let out = logits(inputs, x, weight, bias, op.inputs);
        vec![Wanted::Floats(out.into_iter().map(|value| value.max(floor)).collect())]
    });
}
