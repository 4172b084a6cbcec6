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
        let wanted =
            f64::from(*byte) / 255.0 * f64::from(op.channels[0].gain) + f64::from(op.channels[0].offset);
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

/// Where an image's pixel comes from: its row and column, or none outside.
fn moved(op: &Augment, y: usize, x: usize, [down, right]: [i64; 2], is_mirrored: bool) -> Option<usize> {
    let (y, x) = (y as i64 + down, x as i64 + right);
    let x = if is_mirrored { op.width as i64 - 1 - x } else { x };
    let is_inside = (0..op.height as i64).contains(&y) && (0..op.width as i64).contains(&x);
    is_inside.then(|| y as usize * op.width + x as usize)
}

/// The moves, and whether the image is mirrored, that make `out` of `image`: the same in all channels.
fn changes(op: &Augment, image: &[u8], out: &[f64]) -> Vec<([i64; 2], bool)> {
    let pixels = op.height * op.width;
    let explains = |by: [i64; 2], is_mirrored: bool| {
        op.channels.iter().enumerate().all(|(k, channel)| {
            (0..pixels).all(|at| {
                let from = moved(op, at / op.width, at % op.width, by, is_mirrored);
                let byte = from.map_or(0.0, |from| f64::from(image[k * pixels + from]));
                let wanted = byte / 255.0 * f64::from(channel.gain) + f64::from(channel.offset);
                (out[k * pixels + at] - wanted).abs() < 1e-9
            })
        })
    };
    let most = i64::from(op.strengths.crop) + 1;
    let moves = (-most..=most).flat_map(|down| (-most..=most).map(move |right| [down, right]));
    let all = moves.flat_map(|by| [false, true].map(|is_mirrored| (by, is_mirrored)));
    all.filter(|(by, is_mirrored)| explains(*by, *is_mirrored)).collect()
}

/// Of 70 images each is moved by whole pixels and mirrored, or neither, with all of its channels; about half are mirrored, and
/// every move up to the largest occurs.
#[test]
fn crop_moves_by_whole_pixels_and_flip_mirrors_one_image_in_two() {
    let is_plain = |op: &Augment| {
        let Strengths { crop, flip, .. } = op.strengths;
        op.strengths == Strengths { crop, flip, ..Strengths::default() }
    };
    let of_op = cases().into_iter().filter(|case| case.op == "augment");
    let (mut mirrored, mut moves) = (0, [[0; 7]; 2]);
    for case in of_op {
        let Op::Augment(op) = case.plan.ops[0].op.clone() else { unreachable!() };
        if op.rows != 70 || !is_plain(&op) {
            continue;
        }
        let (columns, stride) = (op.channels.len() * op.height * op.width, case.plan.image_stride());
        let bytes = &case.inputs.iter().find(|(id, _)| *id == op.images).unwrap().1;
        let results = case.reference().unwrap();
        for (image, out) in bytes.chunks_exact(stride).zip(floats(&results[0]).chunks_exact(columns)) {
            let found = changes(&op, &image[..columns], out);
            let [([down, right], is_mirrored)] = found[..] else { panic!("{}: {found:?}", case.shape) };
            assert!(op.strengths.flip || !is_mirrored);
            mirrored += usize::from(is_mirrored);
            if op.strengths.crop == 3 {
                moves[0][(down + 3) as usize] += 1;
                moves[1][(right + 3) as usize] += 1;
            } else {
                assert_eq!([down, right], [0, 0]);
            }
        }
    }
    // Two cases of 70 images: the deviation is 6.
    assert!((52..=88).contains(&mirrored), "{mirrored} of 140");
    assert!(moves.iter().all(|along| along.iter().all(|count| *count > 0)), "{moves:?}");
}
