use inkgrad::cpu;
use inkgrad::executor::Device;
use inkgrad::plan::{NO_LABEL, Op};
use inkgrad::verify::cases;

use super::{Inputs, Wanted, check, smoothed_loss};

/// exp is good to 2 units of the last place, a sum of 1,000 of them to some more; logits of ±10,000 are exact.
#[test]
fn losses_and_gradients() {
    check("softmax_cross_entropy", 2e-6, |op, inputs| {
        let Op::SoftmaxCrossEntropy(op) = op else { unreachable!() };
        let logits = inputs.floats(op.logits);
        let rows = logits.chunks_exact(op.classes).zip(inputs.words(op.labels));
        let (losses, gradients): (Vec<f64>, Vec<Vec<f64>>) =
            rows.map(|(row, label)| smoothed_loss(row, label, op.scale.into(), op.smoothing.into())).unzip();
        vec![Wanted::Floats(gradients.concat()), Wanted::Floats(losses)]
    });
}

/// The formula's own gradient, by central differences of its loss; and the op's gradients add up to nothing over the
/// classes: probabilities add up to one, and so does the label.
#[test]
fn gradients_are_differences_of_the_loss_and_add_up_to_zero() {
    let device = Device::Cpu(cpu::Device::with_threads(1));
    for case in cases().iter().filter(|case| case.op == "softmax_cross_entropy") {
        let Op::SoftmaxCrossEntropy(op) = &case.plan.ops[0].op else { unreachable!() };
        let inputs = Inputs { case };
        let (logits, labels) = (inputs.floats(op.logits), inputs.words(op.labels));
        let given = pollster::block_on(case.run(&device)).unwrap();
        let gradients: Vec<f64> = given[0]
            .chunks_exact(4)
            .map(|word| f32::from_le_bytes(word.try_into().unwrap()).into())
            .collect();
        for (row, gradient) in gradients.chunks_exact(op.classes).enumerate() {
            let sum: f64 = gradient.iter().sum();
            assert!(sum.abs() < 1e-6 * f64::from(op.scale), "{}: row {row} adds up to {sum}", case.shape);
            if labels[row] == NO_LABEL {
                assert!(gradient.iter().all(|value| *value == 0.0));
                continue;
            }
            let row_logits = &logits[row * op.classes..(row + 1) * op.classes];
            for class in 0..op.classes.min(12) {
                let loss = |step: f64| {
                    let mut moved = row_logits.to_vec();
                    moved[class] += step;
                    smoothed_loss(&moved, labels[row], 1.0, op.smoothing.into()).0
                };
                let difference = (loss(1e-4) - loss(-1e-4)) / 2e-4 * f64::from(op.scale);
                let error = (difference - gradient[class]).abs();
                assert!(
                    error < 1e-5 * f64::from(op.scale),
                    "{}: {difference}, not {}",
                    case.shape,
                    gradient[class]
                );
            }
        }
    }
}
