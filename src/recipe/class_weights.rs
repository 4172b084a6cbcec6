//! What each class weighs in the loss, for data that has many more images of some classes than of others.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// `class_weights` of a recipe. An image's loss and gradient are multiplied by the weight of its class; a batch's mean is still
/// over its images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClassWeights {
    Rule(Rule),
    /// One weight per class, zero or more.
    List(Vec<f32>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Images / (classes with images x images of the class): all classes together count the same, and the mean weight of an
    /// image is 1 (King and Zeng 2001; scikit-learn's `compute_class_weight`).
    Balanced,
}

impl ClassWeights {
    pub(super) fn check(&self) -> Result<(), String> {
        let ClassWeights::List(weights) = self else { return Ok(()) };
        if let Some(weight) = weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
            return Err(format!("class_weights: {weight}: a number that is zero or more is required"));
        }
        match weights.iter().any(|weight| *weight > 0.0) {
            true => Ok(()),
            false => Err("class_weights: at least one must be above zero".into()),
        }
    }

    /// One weight for each of the classes. A class without images gets 0 from `balanced`.
    ///
    /// # Errors
    /// `Recipe` where the list is of another length.
    pub fn values(&self, labels: &[u8], classes: usize) -> Result<Vec<f32>> {
        match self {
            ClassWeights::List(weights) if weights.len() == classes => Ok(weights.clone()),
            ClassWeights::List(weights) => Err(Error::Recipe(format!(
                "class_weights lists {} weights, but the data has {classes} classes: list one per class, or use \"balanced\"",
                weights.len()
            ))),
            ClassWeights::Rule(Rule::Balanced) => {
                let mut counts = vec![0u64; classes];
                for label in labels {
                    if let Some(count) = counts.get_mut(usize::from(*label)) {
                        *count += 1;
                    }
                }
                let present = counts.iter().filter(|count| **count > 0).count();
                let weight = |count: &u64| match count {
                    0 => 0.0,
                    _ => (labels.len() as f64 / (present as f64 * *count as f64)) as f32,
                };
                Ok(counts.iter().map(weight).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_classes_weigh_the_same() {
        let balanced = ClassWeights::Rule(Rule::Balanced);
        let weights = balanced.values(&[0, 0, 0, 0, 0, 0, 2, 2], 3).unwrap();
        assert_eq!(weights, [8.0 / 12.0, 0.0, 2.0]);
        assert_eq!(6.0 * weights[0], 2.0 * weights[2]);
    }

    #[test]
    fn lists_fit_the_data() {
        let list = ClassWeights::List(vec![0.5, 2.0]);
        assert_eq!(list.values(&[], 2).unwrap(), [0.5, 2.0]);
        assert!(list.values(&[], 3).unwrap_err().to_string().contains("2 weights, but the data has 3"));
        for bad in [vec![], vec![0.0, 0.0], vec![1.0, -1.0], vec![f32::NAN], vec![f32::INFINITY]] {
            assert!(ClassWeights::List(bad.clone()).check().is_err(), "{bad:?}");
        }
    }
}
