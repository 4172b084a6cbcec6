//! Reads the digits on a page: `picture` takes the page apart, a model classifies what may be digits, and here the best way
//! to cut touching digits apart is chosen.

use crate::data::Split;
use crate::error::Result;
use crate::executor::Device;
use crate::model_file::Model;
use crate::picture::Picture;
use crate::picture::page::{self, Bounds, Candidate, Touching};
use crate::train::{Predictions, predict_members};

/// A digit that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Digit {
    /// The most probable class, and its probability.
    pub class: usize,
    pub probability: f32,
    pub bounds: Bounds,
}

/// Reads a page: its lines from top to bottom, each from left to right.
///
/// # Errors
/// Whatever goes wrong on the device.
pub async fn read(device: &Device, model: &Model, picture: &Picture) -> Result<Vec<Vec<Digit>>> {
    let task = model.network.task;
    let lines = page::lines(picture, task.height, task.width);
    let candidates = || lines.iter().flatten().flat_map(|touching| &touching.candidates);
    let images: Vec<u8> = candidates().flat_map(|candidate| candidate.image.repeat(task.channels)).collect();
    if images.is_empty() {
        return Ok(Vec::new());
    }
    let split = Split::new(task.image_bytes(), images, vec![0; candidates().count()])?;
    let (network, views) = (&model.network, model.recipe.views);
    let predictions = predict_members(device, network, &model.members, views, &split).await?;
    Ok(chosen(&lines, &predictions))
}

/// The best digits of all marks.
fn chosen(lines: &[Vec<Touching>], predictions: &Predictions) -> Vec<Vec<Digit>> {
    let labels = predictions.labels();
    let mut at = 0;
    let mut read = Vec::new();
    for line in lines {
        let mut digits = Vec::new();
        for touching in line {
            let found = touching.candidates.iter().map(|candidate| {
                let class = labels.get(at).copied().unwrap_or(0);
                let probabilities = predictions.probabilities.get(at * predictions.classes..);
                let probability = probabilities.and_then(|row| row.get(class)).copied().unwrap_or(0.0);
                at += 1;
                (candidate, Digit { class, probability, bounds: candidate.bounds })
            });
            let found: Vec<(&Candidate, Digit)> = found.collect();
            digits.extend(best_path(touching.cuts, &found));
        }
        if !digits.is_empty() {
            read.push(digits);
        }
    }
    read
}

/// The way from a mark's left end to its right end over the cuts that makes the most probable digits.
fn best_path(cuts: usize, found: &[(&Candidate, Digit)]) -> Vec<Digit> {
    let ends = cuts + 2;
    // The best score to each place, and the candidate that led there.
    let mut best: Vec<(f32, Option<usize>)> = vec![(f32::NEG_INFINITY, None); ends];
    best[0].0 = 0.0;
    for to in 1..ends {
        for (number, (candidate, digit)) in found.iter().enumerate() {
            let (from, end) = candidate.span;
            if end == to && from < to {
                let score = best[from].0 + score(candidate, digit);
                if score > best[to].0 {
                    best[to] = (score, Some(number));
                }
            }
        }
    }
    let mut path = Vec::new();
    let mut at = ends - 1;
    while let Some((_, Some(number))) = best.get(at) {
        let Some((candidate, digit)) = found.get(*number) else { break };
        path.push(digit.clone());
        at = candidate.span.0;
    }
    path.reverse();
    path
}

/// Mean and standard deviation of the logarithm of width over height, of MNIST's training images of each digit.
const SHAPES: [(f32, f32); 10] = [
    (-0.10, 0.19),
    (-0.92, 0.46),
    (-0.07, 0.22),
    (-0.23, 0.21),
    (-0.24, 0.21),
    (-0.07, 0.26),
    (-0.32, 0.22),
    (-0.26, 0.21),
    (-0.28, 0.22),
    (-0.39, 0.20),
];
/// Standard deviation of the logarithm of a digit's height over its line's.
const HEIGHTS: f32 = 0.25;
/// What each further digit costs: one digit is likelier than the two halves of it.
const FURTHER: f32 = 0.3;
/// What a cut through as much ink as a line is high costs.
const CUT: f32 = 2.0;

/// How well a candidate is a digit: the logarithm of its probability, less what speaks against its shape.
fn score(candidate: &Candidate, digit: &Digit) -> f32 {
    // Classes that are no digits have shapes of their own.
    let (mean, deviation) = SHAPES.get(digit.class).copied().unwrap_or((-0.3, 0.3));
    let shape = (candidate.aspect.max(1e-3).ln() - mean) / deviation;
    let low = candidate.height.max(1e-3).ln().min(0.0) / HEIGHTS;
    let against = (shape * shape).min(16.0) / 2.0 + low * low / 2.0;
    digit.probability.max(1e-6).ln() - against - FURTHER - CUT * candidate.cut_ink / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(span: (usize, usize), aspect: f32) -> Candidate {
        let bounds = Bounds { top: 0.0, left: 0.0, height: 1.0, width: aspect };
        Candidate { span, image: Vec::new(), aspect, height: 1.0, cut_ink: 0.1, bounds }
    }

    fn digit(class: usize, probability: f32) -> Digit {
        Digit { class, probability, bounds: Bounds { top: 0.0, left: 0.0, height: 1.0, width: 1.0 } }
    }

    #[test]
    fn a_mark_is_cut_where_that_makes_better_digits() {
        let (whole, left, right) = (candidate((0, 2), 1.3), candidate((0, 1), 0.6), candidate((1, 2), 0.7));
        let classes = |found: &[(&Candidate, Digit)]| -> Vec<usize> {
            best_path(1, found).iter().map(|digit| digit.class).collect()
        };
        let two = [(&whole, digit(8, 0.5)), (&left, digit(3, 0.95)), (&right, digit(4, 0.95))];
        assert_eq!(classes(&two), [3, 4]);
        let narrow = candidate((0, 2), 0.8);
        let one = [(&narrow, digit(8, 0.97)), (&left, digit(3, 0.6)), (&right, digit(4, 0.7))];
        assert_eq!(classes(&one), [8]);
    }

    #[test]
    fn what_cannot_be_cut_is_taken_whole() {
        let wide = candidate((0, 1), 9.0);
        assert_eq!(best_path(0, &[(&wide, digit(1, 0.2))]).len(), 1);
    }
}
