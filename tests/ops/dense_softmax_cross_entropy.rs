use inkgrad::plan::Op;

use super::dense::logits;
use super::{Wanted, check, softmax_loss};

/// Logits reach 50 here, so the product's error of some 1e-6 of that is an error of 1e-5 in the exponent.
#[test]
fn is_a_dense_layer_and_the_loss() {
    check("dense_softmax_cross_entropy", 3e-5, |op, inputs| {
        let Op::DenseSoftmaxCrossEntropy(op) = op else { unreachable!() };
        let (x, weight, bias) = (inputs.operand(op.x), inputs.floats(op.weight), inputs.floats(op.bias));
        let logits = logits(inputs, x, weight, bias, op.inputs);
        let rows = logits.chunks_exact(op.classes).zip(inputs.words(op.labels));
        let (losses, gradients): (Vec<f64>, Vec<Vec<f64>>) =
            rows.map(|(row, label)| softmax_loss(row, label, op.scale.into())).unzip();
        vec![Wanted::Floats(gradients.concat()), Wanted::Floats(losses)]
    });
}
