//! The ops that turn image bytes into floats, and pick batches out of a data set.

use super::draft::{AUGMENTED, COLOURS, Draft, EXACT, FEW_ROUNDINGS, NORMAL};
use crate::plan::ops::{Augment, Gather, Pixels, Strengths, Unpack};
use crate::plan::{Element, NO_IMAGE, Phase, Storage};
use crate::verify::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, columns) in [(1, 1), (3, 7), (2, 6), (100, 784), (5, 257), (64, 25)] {
        cases.push(unpack(rows, columns, &[NORMAL]));
        cases.push(gather(rows, columns));
    }
    // Planes of whole words, planes that share words, and three planes in one word.
    for (rows, plane) in [(1, 1), (5, 35), (9, 1024), (4, 5), (3, 2)] {
        cases.push(unpack(rows, 3 * plane, &COLOURS));
    }
    cases.push(gather(7, 3 * 35));
    let all =
        Strengths { shift: 0.1, rotation: 15.0, zoom: 0.2, shear: 0.2, elastic: 1.5, ..Strengths::default() };
    let turned = Strengths { rotation: 180.0, ..Strengths::default() };
    let fine = Strengths { elastic: 2.0, elastic_spacing: 1.0, ..Strengths::default() };
    for (rows, height, width) in [(1, 1, 1), (3, 5, 7), (9, 28, 28), (2, 40, 31)] {
        for strengths in [Strengths::default(), all, turned, fine] {
            cases.push(augment(rows, height, width, strengths, &[NORMAL]));
        }
    }
    let crop = Strengths { crop: 3, ..Strengths::default() };
    let flip = Strengths { flip: true, ..Strengths::default() };
    let everything = Strengths { crop: 2, flip: true, ..all };
    // 70 rows: among only a few, none might be mirrored, or all.
    for (rows, height, width) in [(1, 1, 1), (3, 5, 7), (70, 6, 5), (9, 32, 32)] {
        cases.push(augment(rows, height, width, flip, &[NORMAL]));
        for strengths in [Strengths::default(), crop, flip, everything] {
            cases.push(augment(rows, height, width, strengths, &COLOURS));
        }
    }
    cases
}

fn in_colour(channels: &[Pixels]) -> &'static str {
    if channels.len() > 1 { " in colour" } else { "" }
}

fn unpack(rows: usize, columns: usize, channels: &[Pixels]) -> Case {
    let mut draft = Draft::new(rows, columns, 2);
    let images = draft.images(rows, columns);
    let out = draft.output("out", &[rows, columns]);
    let op = Unpack { images, out, rows, columns, channels: channels.to_vec() };
    let shape = format!("{rows} x {columns}{}", in_colour(channels));
    draft.case(Phase::Forward, op, shape, FEW_ROUNDINGS)
}

fn gather(rows: usize, columns: usize) -> Case {
    let mut draft = Draft::new(rows, columns, 10);
    let examples = 2 * rows + 1;
    let all_images =
        draft.builder.tensor("all_images", &[examples, columns], Element::U8, Storage::Activation);
    let bytes = draft.image_bytes(examples, columns);
    draft.inputs.push((all_images, bytes));
    let all_labels = draft.builder.tensor("all_labels", &[examples], Element::U32, Storage::Activation);
    draft.give(all_labels, (0..examples as u32).map(|label| label % 10).collect());
    let indices = draft.builder.tensor("indices", &[rows], Element::U32, Storage::Activation);
    let mut chosen: Vec<u32> = (0..rows).map(|_| draft.random.below(examples as u32)).collect();
    if rows >= 3 {
        chosen[rows - 1] = NO_IMAGE;
    }
    draft.give(indices, chosen);
    // The op fills a block's images from its first step on; these are of one step.
    let images = draft.builder.tensor("batch", &[rows, columns], Element::U8, Storage::Activation);
    let labels = draft.builder.tensor("batch_labels", &[rows], Element::U32, Storage::Activation);
    let op = Gather { all_images, all_labels, indices, images, labels, rows, columns };
    draft.case(Phase::Forward, op, format!("{rows} of {examples} x {columns}"), EXACT)
}

fn augment(rows: usize, height: usize, width: usize, strengths: Strengths, channels: &[Pixels]) -> Case {
    let columns = channels.len() * height * width;
    let mut draft = Draft::new(rows, columns, 2);
    let images = draft.images(rows, columns);
    let out = draft.output("out", &[rows, columns]);
    let Strengths { shift, rotation, elastic, crop, flip, .. } = strengths;
    let mut shape = format!("{rows} x {height} x {width}{}", in_colour(channels));
    shape += &format!(", shift {shift}, turn {rotation}, elastic {elastic}");
    if crop > 0 {
        shape += &format!(", crop {crop}");
    }
    if flip {
        shape += ", flip";
    }
    let channels = channels.to_vec();
    let op = Augment { images, out, rows, height, width, channels, strengths };
    draft.case(Phase::Forward, op, shape, AUGMENTED)
}
