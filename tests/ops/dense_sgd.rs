use inkgrad::plan::Op;

use super::{Wanted, check, product, transposed};

/// See `matmul`.
#[test]
fn is_a_gradient_and_a_step() {
    check("dense_sgd", 4e-6, |op, inputs| {
        let Op::DenseSgd(op) = op else { unreachable!() };
        let (x, dy) = (inputs.operand(op.x), inputs.floats(op.output_gradient));
        let rate = inputs.learning_rate();
        let step = |values: Vec<f64>, gradient: Vec<f64>| {
            Wanted::Floats(
                values.iter().zip(gradient).map(|(value, gradient)| value - rate * gradient).collect(),
            )
        };
        let dw = product(&transposed(&dy, op.outputs), &transposed(&x, op.inputs), op.rows);
        let db =
            transposed(&dy, op.outputs).chunks_exact(op.rows).map(|column| column.iter().sum()).collect();
        vec![step(inputs.floats(op.weight), dw), step(inputs.floats(op.bias), db)]
    });
}
