//! A network becomes a plan: forward, loss, backward, update for training; forward and counts for evaluation.

use serde::{Deserialize, Serialize};

use super::{Mode, Network, Optimiser, Saved};
use crate::plan::ops::{
    Augment, AverageWeights, ClipNorm, Confusion, CountCorrect, LossSum, SoftmaxCrossEntropy, SquareSum,
    Strengths, Unpack,
};
use crate::plan::{Builder, Element, FlatSizes, Phase, Plan, Storage, TensorId};

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
    /// Share of the target that is spread evenly over all classes (Szegedy et al. 2016, section 7).
    pub label_smoothing: f32,
    /// Longest gradient: longer ones are shortened to it (Pascanu et al. 2013).
    pub clip_norm: Option<f32>,
    /// Whether averaged weights are kept, in the last buffer of state.
    pub is_averaged: bool,
    /// How training images are changed at random.
    pub augmentation: Strengths,
}

impl TrainingOptions {
    pub fn new(batch: usize, optimiser: Optimiser, loss_reduction: LossReduction) -> Self {
        TrainingOptions {
            batch,
            optimiser,
            loss_reduction,
            label_smoothing: 0.0,
            clip_norm: None,
            is_averaged: false,
            augmentation: Strengths::default(),
        }
    }

    /// Buffers of state, the averaged weights' among them.
    pub fn states(&self) -> usize {
        self.optimiser.states() + usize::from(self.is_averaged)
    }

    /// Which state holds the averaged weights, if any does.
    pub fn average_state(&self) -> Option<usize> {
        self.is_averaged.then(|| self.optimiser.states())
    }
}

/// Values whose squares one workgroup adds up, and most partial sums that everyone adds up again.
const PART: usize = 4096;
const MOST_PARTS: usize = 64;

impl Network {
    /// One training step, in plain ops: see [`crate::plan::fuse`] for what executors make of it.
    pub fn training_plan(&self, options: TrainingOptions) -> Plan {
        let TrainingOptions { batch, loss_reduction, .. } = options;
        let mut builder = self.builder(batch, options.states());
        let scale = loss_reduction.scale(batch);

        let passed = self.forward(&mut builder, Mode::Train, options.augmentation);
        let logits = passed.last().map_or(builder.images(), |saved| saved.output);
        let mut gradient = builder.activation("logits_gradient", &[batch, self.task.classes]);
        let smoothing = options.label_smoothing;
        let sample_loss = self.loss(&mut builder, logits, Some(gradient), scale, smoothing);

        // Nothing asks for the gradient of the pixels, nor of what comes before the first parameter.
        let first = self.layers.iter().position(|place| !place.parameters.is_empty()).unwrap_or(0);
        for (number, (place, saved)) in self.layers.iter().zip(&passed).enumerate().skip(first).rev() {
            if place.spec.layer().only_reshapes() {
                continue;
            }
            let input_gradient = (number > first)
                .then(|| builder.like(&format!("{}.input_gradient", place.name), saved.input));
            place.spec.layer().backward(&mut builder, place, saved, gradient, input_gradient);
            gradient = input_gradient.unwrap_or(gradient);
        }
        self.update(&mut builder, options);
        account(&mut builder, sample_loss, scale);
        builder.finish()
    }

    /// Appends what happens to the whole flat buffers: clipping, the optimiser, averaging.
    fn update(&self, builder: &mut Builder, options: TrainingOptions) {
        let count = self.parameter_count();
        let parameters = builder.named("parameters", &[count], Storage::Parameters { offset: 0 });
        let gradients = builder.named("gradients", &[count], Storage::Gradients { offset: 0 });
        if let Some(max_norm) = options.clip_norm {
            let parts = count.div_ceil(PART).clamp(1, MOST_PARTS);
            let sums = builder.activation("square_sums", &[parts]);
            builder.push(Phase::Update, SquareSum { x: gradients, sums, count, parts });
            builder.push(Phase::Update, ClipNorm { gradients, sums, count, parts, max_norm });
        }
        options.optimiser.lower(builder, count);
        if let Some(which) = options.average_state() {
            let average = builder.named("average", &[count], Storage::State { which, offset: 0 });
            builder.push(Phase::Update, AverageWeights { parameters, average, count });
        }
    }

    /// One step of evaluation: the mean loss, and counts `correct` `[1]` and `confusion` `[classes, classes]`
    /// (row: label, column: prediction) that add up over steps.
    pub fn evaluation_plan(&self, batch: usize) -> Plan {
        let mut builder = self.builder(batch, 0);
        let passed = self.forward(&mut builder, Mode::Evaluate, Strengths::default());
        let logits = passed.last().map_or(builder.images(), |saved| saved.output);
        let sample_loss = self.loss(&mut builder, logits, None, 1.0, 0.0);
        let (labels, rows, classes) = (builder.labels(), batch, self.task.classes);
        let correct = builder.tensor("correct", &[1], Element::U32, Storage::Counts);
        let counts = builder.tensor("confusion", &[classes, classes], Element::U32, Storage::Counts);
        builder.push(Phase::Loss, CountCorrect { logits, labels, correct, rows, classes });
        builder.push(Phase::Loss, Confusion { logits, labels, counts, rows, classes });
        // The last batch may be part empty: the host divides the sum by the images that there were.
        account(&mut builder, sample_loss, 1.0);
        builder.finish()
    }

    fn builder(&self, batch: usize, states: usize) -> Builder {
        let mut builder = Builder::new(batch, self.task.pixels(), self.task.classes);
        builder.flat(FlatSizes {
            parameters: self.parameter_count(),
            states,
            statistics: self.statistics_count(),
        });
        for slice in &self.parameters {
            let offset = slice.offset;
            builder.tensor(&slice.name, &slice.shape, Element::F32, Storage::Parameters { offset });
            builder.tensor(
                &format!("{}.gradient", slice.name),
                &slice.shape,
                Element::F32,
                Storage::Gradients { offset },
            );
        }
        for slice in &self.statistics {
            let storage = Storage::Statistics { offset: slice.offset };
            builder.tensor(&slice.name, &slice.shape, Element::F32, storage);
        }
        builder
    }

    /// Appends the forward pass: what each layer took and gave.
    fn forward(&self, builder: &mut Builder, mode: Mode, augmentation: Strengths) -> Vec<Saved> {
        let (rows, height, width) = (builder.batch(), self.task.height, self.task.width);
        let mut input = builder.activation("pixels", &[rows, 1, height, width]);
        let (images, out, pixels) = (builder.images(), input, self.normalisation.pixels());
        if augmentation == Strengths::default() {
            builder.push(Phase::Forward, Unpack { images, out, rows, columns: self.task.pixels(), pixels });
        } else {
            let strengths = augmentation;
            builder.push(Phase::Forward, Augment { images, out, rows, height, width, pixels, strengths });
        }
        let mut passed = Vec::new();
        for place in &self.layers {
            let output = place.spec.layer().forward(builder, place, input, mode);
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
        smoothing: f32,
    ) -> TensorId {
        let (rows, classes) = (builder.batch(), self.task.classes);
        let sample_loss = builder.tensor("sample_loss", &[rows], Element::F32, Storage::SampleLoss);
        let labels = builder.labels();
        builder.push(
            Phase::Loss,
            SoftmaxCrossEntropy {
                logits,
                labels,
                logits_gradient,
                sample_loss,
                rows,
                classes,
                scale,
                smoothing,
            },
        );
        sample_loss
    }
}

fn account(builder: &mut Builder, sample_loss: TensorId, scale: f32) {
    let losses = builder.tensor("loss", &[1], Element::F32, Storage::Losses);
    let rows = builder.batch();
    builder.push(Phase::Metrics, LossSum { sample_loss, losses, rows, scale });
}
