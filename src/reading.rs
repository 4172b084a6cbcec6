//! Reads the digits on a page: `picture` takes the page apart, a model classifies the candidates, and this module chooses
//! the best way to cut touching digits apart.

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
/// If the program has its built-in reader and `model` knows ten classes, the reader decides what is a digit, and `model` which
/// digit it is. Otherwise `model` decides both.
///
/// # Errors
/// Whatever goes wrong on the device.
pub async fn read(device: &Device, model: &Model, picture: &Picture) -> Result<Vec<Vec<Digit>>> {
    let task = model.network.task;
    let lines = page::lines(picture, task.height, task.width);
    let candidates: Vec<&Candidate> =
        lines.iter().flatten().flat_map(|touching| &touching.candidates).collect();
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let reader = if task.classes == DIGITS { reader()? } else { None };
    let reader = reader.filter(|reader| reader.network.task.image_bytes() == task.image_bytes());
    let judged = predicted(device, reader.as_ref().unwrap_or(model), &candidates).await?;
    let digits = if reader.is_some() { DIGITS } else { judged.classes };
    let found = chosen(&lines, &judged, digits);
    if reader.is_some() && is_doubtful(&found) {
        return Ok(Vec::new());
    }
    let taken: Vec<&Candidate> = found.iter().flatten().map(|(candidate, _)| *candidate).collect();
    let mut named = match reader.is_some() && !taken.is_empty() {
        true => predicted(device, model, &taken).await?.rows().map(<[f32]>::to_vec).collect(),
        false => Vec::new(),
    }
    .into_iter();
    let mut digit = |(candidate, probabilities): &(&Candidate, &[f32])| {
        // The product of both probabilities: that it is a digit, and that it is this one.
        let is_digit: f32 = probabilities[..digits].iter().sum();
        let own = named.next().unwrap_or_else(|| probabilities[..digits].to_vec());
        let (class, probability) = most_probable(&own);
        let probability = if reader.is_some() { probability * is_digit } else { probability };
        Digit { class, probability, bounds: candidate.bounds }
    };
    let read = found.iter().map(|line| line.iter().map(&mut digit).collect::<Vec<_>>());
    Ok(read.filter(|line| !line.is_empty()).collect())
}

/// Whether the page probably has no digits: the grain of a blank sheet gives many candidates, all of them
/// doubtful.
fn is_doubtful(found: &[Vec<(&Candidate, &[f32])>]) -> bool {
    let probabilities = || found.iter().flatten().map(|(_, row)| most_probable(&row[..DIGITS]).1);
    probabilities().sum::<f32>() < LEAST_MEAN_PROBABILITY * probabilities().count() as f32
}

/// The classes that are digits; the built-in reader has one more, for ink that is not a digit.
const DIGITS: usize = 10;

#[cfg(feature = "embedded-classifier")]
fn reader() -> Result<Option<Model>> {
    Model::built_in_reader().map(Some)
}

#[cfg(not(feature = "embedded-classifier"))]
fn reader() -> Result<Option<Model>> {
    Ok(None)
}

async fn predicted(device: &Device, model: &Model, candidates: &[&Candidate]) -> Result<Predictions> {
    let task = model.network.task;
    let images: Vec<u8> =
        candidates.iter().flat_map(|candidate| candidate.image.repeat(task.channels)).collect();
    let split = Split::new(task.image_bytes(), images, vec![0; candidates.len()])?;
    predict_members(device, &model.network, &model.members, model.recipe.views, &split).await
}

fn most_probable(probabilities: &[f32]) -> (usize, f32) {
    let best = probabilities.iter().copied().enumerate();
    best.fold((0, 0.0), |best, next| if next.1 > best.1 { next } else { best })
}

/// The best candidates of all marks, line by line, with the probabilities of their classes, of which the first `digits` are
/// digits.
fn chosen<'a>(
    lines: &'a [Vec<Touching>],
    predictions: &'a Predictions,
    digits: usize,
) -> Vec<Vec<(&'a Candidate, &'a [f32])>> {
    let mut rows = predictions.rows();
    let mut of = |touching: &'a Touching| {
        let found = touching.candidates.iter().zip(rows.by_ref());
        best_path(touching.cuts, &found.collect::<Vec<_>>(), digits)
    };
    lines.iter().map(|line| line.iter().flat_map(&mut of).collect()).collect()
}

/// The path over the cuts, from a mark's left end to its right end, that gives the most probable digits (over-segmentation
/// and the best path, LeCun et al. 1998, section VII). Empty if the mark is more probably not a digit at all.
fn best_path<'a>(
    cuts: usize,
    found: &[(&'a Candidate, &'a [f32])],
    digits: usize,
) -> Vec<(&'a Candidate, &'a [f32])> {
    let ends = cuts + 2;
    // The best score to each place, and the candidate that led there.
    let mut best: Vec<(f32, Option<usize>)> = vec![(f32::NEG_INFINITY, None); ends];
    best[0].0 = 0.0;
    for to in 1..ends {
        for (number, (candidate, probabilities)) in found.iter().enumerate() {
            let (from, end) = candidate.span;
            if end == to && from < to {
                let score = best[from].0 + score(candidate, probabilities, digits);
                if score > best[to].0 {
                    best[to] = (score, Some(number));
                }
            }
        }
    }
    let whole = found.iter().find(|(candidate, _)| candidate.span == (0, ends - 1));
    let none = whole.and_then(|(_, probabilities)| probabilities.get(digits));
    if none.is_some_and(|none| none.max(LEAST_PROBABILITY).ln() - NO_DIGIT_COST > best[ends - 1].0) {
        return Vec::new();
    }
    let mut path = Vec::new();
    let mut at = ends - 1;
    while let Some((_, Some(number))) = best.get(at) {
        let Some((candidate, probabilities)) = found.get(*number) else { break };
        path.push((*candidate, *probabilities));
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
const HEIGHT_DEVIATION: f32 = 0.25;
/// The cost of each further digit of a mark: one digit is more probable than two halves of one.
const FURTHER_DIGIT_COST: f32 = 0.8;
/// The cost of a cut through as much ink as a line is high.
const CUT_COST: f32 = 1.0;
/// The cost of leaving a mark out, as not a digit.
const NO_DIGIT_COST: f32 = 7.0;
/// If the digits of a page are less probable than this on average, it is taken to have none.
const LEAST_MEAN_PROBABILITY: f32 = 0.5;
/// Smaller probabilities count as this, so that their logarithms stay finite.
const LEAST_PROBABILITY: f32 = 1e-6;

/// How good a digit a candidate is: the logarithm of its probability, less penalties for an unusual height and, if no class
/// stands for ink that is not a digit, an unusual shape.
fn score(candidate: &Candidate, probabilities: &[f32], digits: usize) -> f32 {
    let (class, probability) = most_probable(&probabilities[..digits]);
    let low = candidate.height.max(1e-3).ln().min(0.0) / HEIGHT_DEVIATION;
    let mut against = low * low / 2.0;
    if digits == probabilities.len() {
        // Other classes than digits get a rough guess of their shape.
        let (mean, deviation) = SHAPES.get(class).copied().unwrap_or((-0.3, 0.3));
        let shape = (candidate.aspect.max(1e-3).ln() - mean) / deviation;
        against += (shape * shape).min(16.0) / 2.0;
    }
    probability.max(LEAST_PROBABILITY).ln()
        - against
        - FURTHER_DIGIT_COST
        - CUT_COST * candidate.cut_ink / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(span: (usize, usize), aspect: f32) -> Candidate {
        let bounds = Bounds { top: 0.0, left: 0.0, height: 1.0, width: aspect };
        Candidate { span, image: Vec::new(), aspect, height: 1.0, cut_ink: 0.1, bounds }
    }

    /// Ten classes, of which one is probable, and none.
    fn digit(class: usize, probability: f32, none: f32) -> Vec<f32> {
        let mut all = vec![(1.0 - probability - none) / 9.0; 11];
        (all[class], all[10]) = (probability, none);
        all
    }

    #[test]
    fn a_mark_is_cut_where_that_makes_better_digits() {
        let (whole, left, right) = (candidate((0, 2), 1.3), candidate((0, 1), 0.6), candidate((1, 2), 0.7));
        let classes = |found: &[(&Candidate, &[f32])]| -> Vec<usize> {
            best_path(1, found, 10).iter().map(|(_, row)| most_probable(&row[..10]).0).collect()
        };
        let digits = [digit(8, 0.2, 0.7), digit(3, 0.95, 0.0), digit(4, 0.95, 0.0)];
        assert_eq!(classes(&[(&whole, &digits[0]), (&left, &digits[1]), (&right, &digits[2])]), [3, 4]);
        let digits = [digit(8, 0.9, 0.05), digit(3, 0.6, 0.2), digit(4, 0.7, 0.2)];
        assert_eq!(classes(&[(&whole, &digits[0]), (&left, &digits[1]), (&right, &digits[2])]), [8]);
    }

    #[test]
    fn what_is_no_digit_is_left_out() {
        let mark = candidate((0, 1), 9.0);
        assert!(best_path(0, &[(&mark, &digit(1, 0.0001, 0.99))], 10).is_empty());
        assert_eq!(best_path(0, &[(&mark, &digit(1, 0.4, 0.4))], 10).len(), 1);
        // Without a class for that, all is digits.
        assert_eq!(best_path(0, &[(&mark, &digit(1, 0.01, 0.9)[..10])], 10).len(), 1);
    }
}
