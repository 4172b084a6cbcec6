//! A network becomes a plan: forward, loss, backward, update for training; forward and counts for evaluation.

use serde::{Deserialize, Serialize};

use super::{Network, Optimiser, Saved};
use crate::plan::ops::{Confusion, CountCorrect, LossSum, SoftmaxCrossEntropy, Unpack};
use crate::plan::{Builder, Element, FlatSizes, Home, Phase, Plan, TensorId};

/// The loss of a batch: the mean of its images' losses, or their sum (as in the tutorials' second listing).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReduction {
    #[default]
    Mean,
    Sum,
}

impl LossReduction {
    pub fn scale(self, batch: usize) -> f32 {
        match self {
            LossReduction::Mean => 1.0 / batch as f32,
            LossReduction::Sum => 1.0,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TrainingOptions {
    pub batch: usize,
    pub optimiser: Optimiser,
    pub loss_reduction: LossReduction,
}

impl Network {
    /// One training step, in plain ops: see [`crate::plan::fuse`] for what executors make of it.
    pub fn training_plan(&self, options: TrainingOptions) -> Plan {
        let TrainingOptions { batch, optimiser, loss_reduction } = options;
        let mut builder = self.builder(batch, optimiser.states());
        let scale = loss_reduction.scale(batch);

        let passed = self.forward(&mut builder);
        let logits = passed.last().map_or(builder.images(), |saved| saved.output);
        let mut gradient = builder.activation("logits_gradient", &[batch, self.task.classes]);
        let sample_loss = self.loss(&mut builder, logits, Some(gradient), scale);

        for (number, (place, saved)) in self.layers.iter().zip(&passed).enumerate().rev() {
            // Nothing asks for the gradient of the pixels.
            let input_gradient = (number > 0).then(|| {
                let shape = builder.shape(saved.input).to_vec();
                builder.activation(&format!("{}.input_gradient", place.name), &shape)
            });
            place.spec.layer().backward(&mut builder, place, saved, gradient, input_gradient);
            gradient = input_gradient.unwrap_or(gradient);
        }
        optimiser.lower(&mut builder, self.parameter_count());
        account(&mut builder, sample_loss, scale);
        builder.finish()
    }

    /// One step of evaluation: the mean loss, and counts `correct` `[1]` and `confusion` `[classes, classes]`
    /// (row: label, column: prediction) that add up over steps.
    pub fn evaluation_plan(&self, batch: usize) -> Plan {
        let mut builder = self.builder(batch, 0);
        let passed = self.forward(&mut builder);
        let logits = passed.last().map_or(builder.images(), |saved| saved.output);
        let sample_loss = self.loss(&mut builder, logits, None, 1.0);
        let (labels, rows, classes) = (builder.labels(), batch, self.task.classes);
        let correct = builder.tensor("correct", &[1], Element::U32, Home::Counts);
        let counts = builder.tensor("confusion", &[classes, classes], Element::U32, Home::Counts);
        builder.push(Phase::Loss, CountCorrect { logits, labels, correct, rows, classes });
        builder.push(Phase::Loss, Confusion { logits, labels, counts, rows, classes });
        // The last batch may be part empty: the host divides the sum by the images that there were.
        account(&mut builder, sample_loss, 1.0);
        builder.finish()
    }

    fn builder(&self, batch: usize, states: usize) -> Builder {
        let mut builder = Builder::new(batch, self.task.pixels(), self.task.classes);
        builder.flat(FlatSizes { parameters: self.parameter_count(), states, statistics: 0 });
        for slice in &self.parameters {
            let offset = slice.offset;
            builder.tensor(&slice.name, &slice.shape, Element::F32, Home::Parameters { offset });
            builder.tensor(
                &format!("{}.gradient", slice.name),
                &slice.shape,
                Element::F32,
                Home::Gradients { offset },
            );
        }
        builder
    }

    /// Appends the forward pass: what each layer took and gave.
    fn forward(&self, builder: &mut Builder) -> Vec<Saved> {
        let (batch, columns) = (builder.batch(), self.task.pixels());
        let mut input = builder.activation("pixels", &[batch, columns]);
        let pixels = self.normalisation.pixels();
        builder.push(
            Phase::Forward,
            Unpack { images: builder.images(), out: input, rows: batch, columns, pixels },
        );
        let mut passed = Vec::new();
        for place in &self.layers {
            let output = place.spec.layer().forward(builder, place, input);
            passed.push(Saved { input, output });
            input = output;
        }
        passed
    }

    /// Appends the loss; returns the losses of the batch's images.
    fn loss(
        &self,
        builder: &mut Builder,
        logits: TensorId,
        logits_gradient: Option<TensorId>,
        scale: f32,
    ) -> TensorId {
        let (rows, classes) = (builder.batch(), self.task.classes);
        let sample_loss = builder.tensor("sample_loss", &[rows], Element::F32, Home::SampleLoss);
        let labels = builder.labels();
        builder.push(
            Phase::Loss,
            SoftmaxCrossEntropy { logits, labels, logits_gradient, sample_loss, rows, classes, scale },
        );
        sample_loss
    }
}

fn account(builder: &mut Builder, sample_loss: TensorId, scale: f32) {
    let losses = builder.tensor("loss", &[1], Element::F32, Home::Losses);
    let rows = builder.batch();
    builder.push(Phase::Account, LossSum { sample_loss, losses, rows, scale });
}
