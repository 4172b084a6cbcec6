//! What can be said about a classifier's answers to labelled images.

use std::collections::BTreeMap;

use super::statistics::{Calibration, wilson};
use crate::data::Split;
use crate::train::{Evaluation, Predictions};

/// Most answers that are shown.
const MISTAKES: usize = 50;
const UNSURE: usize = 20;
const PAIRS: usize = 12;

/// What a report says of a test.
#[derive(Clone, Debug)]
pub struct Findings {
    pub evaluation: Evaluation,
    /// The 95 % interval of the accuracy, from 0 to 1.
    pub interval: [f64; 2],
    pub calibration: Calibration,
    /// Wrong answers, the most confident first.
    pub mistakes: Vec<Answer>,
    /// Answers with the smallest probabilities, right or wrong, the least confident first.
    pub unsure: Vec<Answer>,
    /// The commonest mistakes first.
    pub pairs: Vec<Pair>,
    /// The images of each wrong pair of label and prediction, the most confident answers first.
    pub confused: BTreeMap<(usize, usize), Vec<Answer>>,
}

/// The answer for one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// Index in the test images.
    pub image: usize,
    pub said: usize,
    /// The probability of the predicted class.
    pub probability: f32,
    /// The label.
    pub right: usize,
    /// The probability of the label.
    pub of_right: f32,
}

/// Images of one class that were predicted as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    pub label: usize,
    pub predicted: usize,
    pub images: u64,
}

impl Findings {
    /// From the evaluation of a split, and the probabilities of each of its images.
    pub fn new(evaluation: Evaluation, predictions: &Predictions, split: &Split) -> Self {
        let rows = predictions.rows().zip(predictions.labels()).zip(split.labels());
        let answers: Vec<Answer> = rows
            .enumerate()
            .map(|(image, ((row, said), label))| {
                let right = usize::from(*label);
                let of = |class: usize| row.get(class).copied().unwrap_or(0.0);
                Answer { image, said, probability: of(said), right, of_right: of(right) }
            })
            .collect();
        let told = answers.iter().map(|answer| (f64::from(answer.probability), answer.is_right()));
        let calibration = Calibration::of(told);
        let mut mistakes: Vec<Answer> = answers.iter().filter(|answer| !answer.is_right()).copied().collect();
        mistakes.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.image.cmp(&b.image)));
        let mut confused: BTreeMap<(usize, usize), Vec<Answer>> = BTreeMap::new();
        for mistake in &mistakes {
            confused.entry((mistake.right, mistake.said)).or_default().push(*mistake);
        }
        mistakes.truncate(MISTAKES);
        let mut unsure = answers;
        unsure.sort_by(|a, b| a.probability.total_cmp(&b.probability).then(a.image.cmp(&b.image)));
        unsure.truncate(UNSURE);
        let interval = wilson(evaluation.correct, evaluation.images as u64);
        let pairs = pairs(&evaluation);
        Findings { evaluation, interval, calibration, mistakes, unsure, pairs, confused }
    }
}

impl Answer {
    pub fn is_right(&self) -> bool {
        self.said == self.right
    }
}

fn pairs(evaluation: &Evaluation) -> Vec<Pair> {
    let classes = 0..evaluation.classes;
    let all = classes.clone().flat_map(|label| classes.clone().map(move |predicted| (label, predicted)));
    let mut pairs: Vec<Pair> = all
        .filter(|(label, predicted)| label != predicted)
        .map(|(label, predicted)| Pair { label, predicted, images: evaluation.count(label, predicted) })
        .filter(|pair| pair.images > 0)
        .collect();
    pairs.sort_by_key(|pair| (std::cmp::Reverse(pair.images), pair.label, pair.predicted));
    pairs.truncate(PAIRS);
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted() {
        let probabilities = vec![0.9, 0.1, 0.4, 0.6, 0.2, 0.8, 0.05, 0.95, 0.45, 0.55];
        let predictions = Predictions { classes: 2, probabilities };
        let split = Split::new(1, vec![0; 5], vec![0, 0, 0, 1, 1]).unwrap();
        let confusion = vec![1, 2, 0, 2];
        let evaluation = Evaluation { images: 5, correct: 3, loss: 0.5, classes: 2, confusion };
        let findings = Findings::new(evaluation, &predictions, &split);
        let images = |answers: &[Answer]| answers.iter().map(|answer| answer.image).collect::<Vec<_>>();
        assert_eq!(images(&findings.mistakes), [2, 1]);
        assert_eq!(images(&findings.unsure), [4, 1, 2, 0, 3]);
        assert_eq!(findings.pairs, [Pair { label: 0, predicted: 1, images: 2 }]);
        assert_eq!(images(&findings.confused[&(0, 1)]), [2, 1]);
        assert_eq!((findings.mistakes[0].probability, findings.mistakes[0].of_right), (0.8, 0.2));
        assert_eq!(findings.interval, wilson(3, 5));
    }
}
