use inkgrad::plan::Op;
use inkgrad::plan::ops::{Augment, Strengths};
use inkgrad::reference::Values;
use inkgrad::verify::{Case, cases};

use super::floats;

fn case(is_it: impl Fn(&Augment) -> bool) -> (Case, Augment) {
    let of_op = cases().into_iter().filter(|case| case.op == "augment");
    let mut found = of_op.filter_map(|case| match &case.plan.ops[0].op {
        Op::Augment(op) if op.rows == 9 && is_it(op) => {
            let op = op.clone();
            Some((case, op))
        }
        _ => None,
    });
    found.next().unwrap()
}

#[test]
fn without_strengths_nothing_changes() {
    let (case, op) = case(|op| op.strengths == Strengths::default());
    let bytes = &case.inputs.iter().find(|(id, _)| *id == op.images).unwrap().1;
    let Values::Bytes(bytes) = Values::from_device(case.plan.tensor(op.images), bytes) else {
        unreachable!()
    };
    for (byte, value) in bytes.iter().zip(floats(&case.reference().unwrap()[0])) {
        let wanted = f64::from(*byte) / 255.0 * f64::from(op.pixels.gain) + f64::from(op.pixels.offset);
        assert!((value - wanted).abs() < 1e-12);
    }
}

/// A row's changes are its own: of two equal images each becomes another.
#[test]
fn rows_change_each_its_own_way() {
    let (mut case, op) = case(|op| op.strengths.shift > 0.0);
    let (_, bytes) = case.inputs.iter_mut().find(|(id, _)| *id == op.images).unwrap();
    let (first, second) = bytes.split_at_mut(op.height * op.width);
    second[..first.len()].copy_from_slice(first);
    let results = case.reference().unwrap();
    let mut rows = floats(&results[0]).chunks_exact(op.height * op.width);
    assert_ne!(rows.next(), rows.next());
}
