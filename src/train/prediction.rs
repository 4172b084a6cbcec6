//! What a classifier predicts for images.

use super::forward::{evaluation_batch, forward_plan, require_images};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::executor::{Device, ExecutorOptions, Feed, Store};
use crate::model_file::Weights;
use crate::network::Network;
use crate::plan::{NO_IMAGE, Op, StepScalars};
use crate::recipe::{View, Views};

/// For each image, a probability for each class.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    pub classes: usize,
    /// `[images, classes]`; each row adds up to 1.
    pub probabilities: Vec<f32>,
}

impl Predictions {
    /// The most probable class of each image; the first of several with the same probability.
    pub fn labels(&self) -> Vec<usize> {
        self.rows().map(most_probable).collect()
    }

    /// The probabilities of each image: `classes` values.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.probabilities.chunks_exact(self.classes.max(1))
    }
}

fn most_probable(row: &[f32]) -> usize {
    row.iter().enumerate().fold(0, |best, (class, value)| if *value > row[best] { class } else { best })
}

/// Classifies images with the parameters in `store`; the images' labels are ignored.
///
/// # Errors
/// `Data` where the images are of another size than the network's; else whatever goes wrong on the device.
pub async fn predict(
    device: &Device,
    network: &Network,
    store: &Store,
    images: &Split,
) -> Result<Predictions> {
    require_images(network, images)?;
    let classes = network.task.classes;
    let batch = evaluation_batch(network).min(images.len()).max(1);
    let plan = forward_plan(device, network, batch);
    // The op that counts reads the logits, whatever the loss was fused into.
    let logits = plan.ops.iter().find_map(|planned| match &planned.op {
        Op::CountCorrect(count) => Some(count.logits),
        _ => None,
    });
    let Some(logits) = logits else {
        return Err(Error::Internal("an evaluation plan without logits".into()));
    };
    let mut executor = device
        .executor(
            &plan,
            store,
            ExecutorOptions { feed: Feed::Stream, block: 1, ..ExecutorOptions::default() },
        )
        .await?;
    let mut probabilities = Vec::with_capacity(images.len() * classes);
    let all: Vec<u32> = (0..images.len() as u32).collect();
    for some in all.chunks(batch) {
        let mut indices = some.to_vec();
        indices.resize(batch, NO_IMAGE);
        executor.run(images, &indices, &[StepScalars::default()]).await?;
        let bytes = executor.read(logits).await?;
        let rows = bytes.chunks_exact(4 * classes).take(some.len());
        rows.for_each(|row| softmax(row, &mut probabilities));
    }
    Ok(Predictions { classes, probabilities })
}

/// Classifies images with several networks and views: the mean of their probabilities.
///
/// # Errors
/// As [`predict`]; `Usage` where there is no network.
pub async fn predict_members(
    device: &Device,
    network: &Network,
    members: &[Weights],
    views: Views,
    images: &Split,
) -> Result<Predictions> {
    require_images(network, images)?;
    let stores = members.iter().map(|weights| weights.store(device)).collect::<Result<Vec<_>>>()?;
    let mut sum: Option<Predictions> = None;
    for &view in views.list() {
        let View { down, right, mirrored } = view;
        let (height, width) = (network.task.height, network.task.width);
        let mut seen = images.clone();
        if [down, right] != [0, 0] {
            seen = seen.moved([height, width], down, right);
        }
        if mirrored {
            seen = seen.mirrored(width);
        }
        for store in &stores {
            let one = predict(device, network, store, &seen).await?;
            match &mut sum {
                None => sum = Some(one),
                Some(sum) => {
                    sum.probabilities.iter_mut().zip(&one.probabilities).for_each(|(sum, one)| *sum += one);
                }
            }
        }
    }
    let mut mean = sum.ok_or_else(|| Error::Usage("an ensemble of no networks: give one or more".into()))?;
    let count = (members.len() * views.list().len()) as f32;
    mean.probabilities.iter_mut().for_each(|value| *value /= count);
    Ok(mean)
}

/// Appends the softmax of a row of logits, given as float32 bytes.
fn softmax(row: &[u8], out: &mut Vec<f32>) {
    let logits = || row.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    // Only differences matter: with the largest logit at 0 no exponential overflows.
    let largest = logits().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits().map(|logit| f64::from(logit - largest).exp()).sum();
    out.extend(logits().map(|logit| (f64::from(logit - largest).exp() / sum) as f32));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataSet;
    use crate::network::Task;
    use crate::recipe::Recipe;

    #[test]
    fn probabilities_add_up_and_do_not_overflow() {
        let bytes: Vec<u8> = [10_000f32, 9_999.0, -10_000.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let mut probabilities = Vec::new();
        softmax(&bytes, &mut probabilities);
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((probabilities[0] - 0.731_058_6).abs() < 1e-6 && probabilities[2] == 0.0);
    }

    #[test]
    fn an_ensemble_is_the_mean_of_its_members() {
        let data = DataSet::embedded().unwrap();
        let recipe = Recipe::preset("softmax").unwrap();
        let network = Network::new(Task::from(&data), recipe.normalisation, &recipe.layers).unwrap();
        let device = Device::Cpu(crate::cpu::Device::new());
        let images = data.test.slice(0..3);
        let member = |scale: f32| Weights {
            parameters: (0..7850).map(|at| scale * (at % 13) as f32).collect(),
            statistics: Vec::new(),
        };
        let of = |members: &[Weights]| {
            pollster::block_on(predict_members(&device, &network, members, Views::Plain, &images))
                .unwrap()
                .probabilities
        };
        let (one, other) = (of(&[member(0.001)]), of(&[member(-0.002)]));
        let both = of(&[member(0.001), member(-0.002)]);
        assert_ne!(one, other);
        let means = one.iter().zip(&other).map(|(one, other)| (one + other) / 2.0);
        assert!(both.iter().zip(means).all(|(both, mean)| (both - mean).abs() < 1e-6));
    }

    #[test]
    fn the_first_of_equals_is_the_label() {
        let predictions = Predictions { classes: 3, probabilities: vec![0.2, 0.4, 0.4, 0.5, 0.1, 0.4] };
        assert_eq!(predictions.labels(), [1, 0]);
    }
}
