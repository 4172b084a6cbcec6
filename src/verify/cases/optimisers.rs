//! The ops that change whole flat buffers.

use super::draft::{BUILT_IN, Draft, FEW_ROUNDINGS, SUM};
use crate::plan::ops::{Adam, AverageWeights, ClipNorm, Momentum, Sgd, SquareSum};
use crate::plan::{Element, FlatSizes, Phase, Storage, TensorId};
use crate::verify::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for count in [1, 7, 256, 257, 7850, 100_003] {
        for weight_decay in [0.0, 0.01] {
            cases.push(sgd(count, weight_decay));
        }
        for nesterov in [false, true] {
            cases.push(momentum(count, nesterov));
        }
        for decoupled in [false, true] {
            cases.push(adam(count, decoupled));
        }
        for parts in [1, 7, 64] {
            cases.push(square_sum(count, parts));
        }
        for max_norm in [0.5, 1e9] {
            cases.push(clip_norm(count, max_norm));
        }
        cases.push(average_weights(count));
    }
    cases
}

/// A flat buffer's tensor with random values: of both signs, or where `is_square` above zero.
fn flat(draft: &mut Draft, name: &str, count: usize, storage: Storage, is_square: bool) -> TensorId {
    let tensor = draft.builder.tensor(name, &[count], Element::F32, storage);
    let values = draft.floats(count, 1.0);
    let values = values.into_iter().map(|bits| if is_square { bits & 0x7fff_ffff } else { bits });
    draft.give(tensor, values.collect());
    tensor
}

fn draft(count: usize) -> (Draft, TensorId, TensorId) {
    let mut draft = Draft::new(1, 1, 2);
    draft.builder.flat(FlatSizes { parameters: count, states: 2, statistics: 0 });
    let parameters = flat(&mut draft, "parameters", count, Storage::Parameters { offset: 0 }, false);
    let gradients = flat(&mut draft, "gradients", count, Storage::Gradients { offset: 0 }, false);
    (draft, parameters, gradients)
}

fn sgd(count: usize, weight_decay: f32) -> Case {
    let (draft, parameters, gradients) = draft(count);
    let op = Sgd { gradients, parameters, count, weight_decay };
    draft.case(Phase::Update, op, format!("{count}, weight decay {weight_decay}"), FEW_ROUNDINGS)
}

fn momentum(count: usize, nesterov: bool) -> Case {
    let (mut draft, parameters, gradients) = draft(count);
    let velocity = flat(&mut draft, "velocity", count, Storage::State { which: 0, offset: 0 }, false);
    let op = Momentum { gradients, parameters, velocity, count, momentum: 0.9, nesterov, weight_decay: 0.01 };
    let shape = format!("{count}{}", if nesterov { ", Nesterov" } else { "" });
    draft.case(Phase::Update, op, shape, FEW_ROUNDINGS)
}

fn adam(count: usize, decoupled: bool) -> Case {
    let (mut draft, parameters, gradients) = draft(count);
    let mean = flat(&mut draft, "mean", count, Storage::State { which: 0, offset: 0 }, false);
    let square = flat(&mut draft, "square", count, Storage::State { which: 1, offset: 0 }, true);
    let op = Adam {
        gradients,
        parameters,
        mean,
        square,
        count,
        beta1: 0.9,
        beta2: 0.99,
        // Where a square is near zero the quotient multiplies its rounding.
        epsilon: 1e-2,
        weight_decay: 0.01,
        decoupled,
    };
    let shape = format!("{count}{}", if decoupled { ", decoupled" } else { "" });
    draft.case(Phase::Update, op, shape, BUILT_IN)
}

fn square_sum(count: usize, parts: usize) -> Case {
    let (mut draft, _, x) = draft(count);
    let sums = draft.output("sums", &[parts]);
    draft.case(Phase::Update, SquareSum { x, sums, count, parts }, format!("{count} in {parts}"), SUM)
}

fn clip_norm(count: usize, max_norm: f32) -> Case {
    let (mut draft, _, gradients) = draft(count);
    let parts = 5;
    let sums = flat(&mut draft, "sums", parts, Storage::Activation, true);
    let op = ClipNorm { gradients, sums, count, parts, max_norm };
    draft.case(Phase::Update, op, format!("{count} to {max_norm}"), BUILT_IN)
}

fn average_weights(count: usize) -> Case {
    let (mut draft, parameters, _) = draft(count);
    let average = flat(&mut draft, "average", count, Storage::State { which: 1, offset: 0 }, false);
    let op = AverageWeights { parameters, average, count };
    draft.case(Phase::Update, op, format!("{count}"), FEW_ROUNDINGS)
}
