//! What the definitions of the ops must satisfy, whatever computes them.

use inkgrad::plan::{NO_LABEL, Op};
use inkgrad::reference::{Inputs, Values, compute};
use inkgrad::verify::{Case, cases};

use super::floats;

fn of(op: &str) -> Vec<Case> {
    cases().into_iter().filter(|case| case.op == op).collect()
}

/// The contents of a case's tensors.
fn contents(case: &Case) -> Vec<Option<Values>> {
    let mut tensors = vec![None; case.plan.tensors.len()];
    for (id, bytes) in &case.inputs {
        tensors[id.index()] = Some(Values::from_device(case.plan.tensor(*id), bytes));
    }
    tensors
}

/// The loss's gradient is the loss's central difference, and adds up to nothing over the classes: probabilities add up to
/// one, and so does the target.
#[test]
fn the_gradient_of_the_loss_is_its_difference() {
    for case in of("softmax_cross_entropy") {
        let Op::SoftmaxCrossEntropy(op) = &case.plan.ops[0].op else { unreachable!() };
        let results = case.reference().unwrap();
        let [gradients, _] = &results[..] else { continue };
        let tensors = contents(&case);
        let Some(Values::Words(labels)) = &tensors[op.labels.index()] else { unreachable!() };
        let loss = |row: usize, class: usize, step: f64| {
            let mut tensors = tensors.clone();
            let Some(Values::Floats(logits)) = &mut tensors[op.logits.index()] else { unreachable!() };
            logits[row * op.classes + class] += step;
            let inputs = Inputs { plan: &case.plan, scalars: case.scalars, tensors: &tensors };
            floats(&compute(&case.plan.ops[0].op, &inputs).unwrap()[1])[row]
        };
        let scale = f64::from(op.scale);
        for (row, gradient) in floats(gradients).chunks_exact(op.classes).enumerate().take(8) {
            let sum: f64 = gradient.iter().sum();
            assert!(sum.abs() < 1e-12, "{}: row {row} adds up to {sum}", case.shape);
            if labels[row] == NO_LABEL {
                assert!(gradient.iter().all(|value| *value == 0.0));
                continue;
            }
            for (class, given) in gradient.iter().enumerate().take(12) {
                let difference = (loss(row, class, 1e-4) - loss(row, class, -1e-4)) / 2e-4 * scale;
                let error = (difference - given).abs();
                assert!(error < 1e-6 * scale, "{}: {difference}, not {given}", case.shape);
            }
        }
    }
}

/// The gradient of a linear function f is its adjoint: for any x and g, `g · f(x)` equals `x · gradient(g)`.
#[test]
fn gradients_of_linear_ops_are_adjoint() {
    for (forward, backward) in of("average_pool2d").iter().zip(&of("average_pool2d_gradient")) {
        assert_eq!(forward.shape, backward.shape);
        let (Op::AveragePool2d(f), Op::AveragePool2dGradient(b)) =
            (&forward.plan.ops[0].op, &backward.plan.ops[0].op)
        else {
            unreachable!()
        };
        let (x, g) = (contents(forward), contents(backward));
        let (x, g) = (x[f.x.index()].as_ref().unwrap(), g[b.output_gradient.index()].as_ref().unwrap());
        let dot =
            |a: &Values, b: &Values| -> f64 { floats(a).iter().zip(floats(b)).map(|(a, b)| a * b).sum() };
        let (one, other) =
            (dot(g, &forward.reference().unwrap()[0]), dot(x, &backward.reference().unwrap()[0]));
        assert!((one - other).abs() < 1e-9, "{}: {one} and {other}", forward.shape);
    }
}
