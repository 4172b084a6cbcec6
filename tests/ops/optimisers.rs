use inkgrad::plan::Op;

use super::{Wanted, check};

#[test]
fn momentum_and_nesterov() {
    check("momentum", 3e-7, |op, inputs| {
        let Op::Momentum(op) = op else { unreachable!() };
        let (rate, momentum) = (inputs.learning_rate(), f64::from(op.momentum));
        let (mut parameters, mut velocity) = (inputs.floats(op.parameters), inputs.floats(op.velocity));
        let gradients = inputs.floats(op.gradients);
        for ((p, v), g) in parameters.iter_mut().zip(&mut velocity).zip(gradients) {
            let g = g + f64::from(op.weight_decay) * *p;
            *v = momentum * *v + g;
            *p -= rate * if op.nesterov { g + momentum * *v } else { *v };
        }
        vec![Wanted::Floats(parameters), Wanted::Floats(velocity)]
    });
}

#[test]
fn adam_and_adamw() {
    check("adam", 5e-7, |op, inputs| {
        let Op::Adam(op) = op else { unreachable!() };
        let rate = inputs.learning_rate();
        let [beta1, beta2, epsilon, decay] = [op.beta1, op.beta2, op.epsilon, op.weight_decay].map(f64::from);
        let scalars = inputs.case.scalars;
        let (correction1, correction2) = (f64::from(scalars.correction1), f64::from(scalars.correction2));
        let mut parameters = inputs.floats(op.parameters);
        let (mut mean, mut square) = (inputs.floats(op.mean), inputs.floats(op.square));
        for (i, g) in inputs.floats(op.gradients).into_iter().enumerate() {
            let p = &mut parameters[i];
            let g = if op.decoupled { g } else { g + decay * *p };
            if op.decoupled {
                *p -= rate * decay * *p;
            }
            mean[i] = beta1 * mean[i] + (1.0 - beta1) * g;
            square[i] = beta2 * square[i] + (1.0 - beta2) * g * g;
            *p -= rate * mean[i] * correction1 / ((square[i] * correction2).sqrt() + epsilon);
        }
        vec![Wanted::Floats(parameters), Wanted::Floats(mean), Wanted::Floats(square)]
    });
}

#[test]
fn norms_are_clipped() {
    check("square_sum", 2e-6, |op, inputs| {
        let Op::SquareSum(op) = op else { unreachable!() };
        let x = inputs.floats(op.x);
        let part = op.count.div_ceil(op.parts);
        let sums = (0..op.parts).map(|p| x.iter().skip(p * part).take(part).map(|x| x * x).sum::<f64>());
        vec![Wanted::Floats(sums.collect())]
    });
    check("clip_norm", 4e-7, |op, inputs| {
        let Op::ClipNorm(op) = op else { unreachable!() };
        let norm = inputs.floats(op.sums).iter().sum::<f64>().sqrt();
        let factor = (f64::from(op.max_norm) / (norm + 1e-6)).min(1.0);
        vec![Wanted::Floats(inputs.floats(op.gradients).into_iter().map(|g| g * factor).collect())]
    });
}

#[test]
fn averages_approach() {
    check("average_weights", 3e-7, |op, inputs| {
        let Op::AverageWeights(op) = op else { unreachable!() };
        let rate = f64::from(inputs.case.scalars.average_rate);
        let pairs = inputs.floats(op.average).into_iter().zip(inputs.floats(op.parameters));
        vec![Wanted::Floats(pairs.map(|(old, new)| old + rate * (new - old)).collect())]
    });
}
