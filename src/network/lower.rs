//! Lowers a network to a plan: forward, loss, backward and update for training; forward and counts for evaluation.

use serde::{Deserialize, Serialize};

use super::{Mode, Network, Optimiser, Saved};
use crate::plan::ops::{
    Augment, AverageWeights, ClassWeights, ClipNorm, Confusion, CountCorrect, LossSum, SoftmaxCrossEntropy,
    SquareSum, Strengths, Unpack,
};
use crate::plan::{Builder, Element, FlatSizes, Phase, Plan, Storage, TensorId};

/// The loss of a batch: the mean of its images' losses, or their sum (as in the second listing of TensorFlow's tutorial).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReduction {
    #[default]
    Mean,
    Sum,
}

impl LossReduction {
    /// What the sum of a batch's losses and gradients is multiplied by.
    pub fn scale(self, batch: usize) -> f32 {
        match self {
            LossReduction::Mean => 1.0 / batch as f32,
            LossReduction::Sum => 1.0,
        }
    }
}

/// What a training plan depends on besides the network.
#[derive(Clone, Debug)]
pub struct TrainingOptions {
    pub batch: usize,
    pub optimiser: Optimiser,
    pub loss_reduction: LossReduction,
    /// Fraction of the target that is spread evenly over all classes (Szegedy et al. 2016, section 7).
    pub label_smoothing: f32,
    /// What each class weighs in the loss; empty where all weigh the same.
    pub class_weights: Vec<f32>,
    /// Largest norm of the gradient; longer gradients are scaled down to it (Pascanu et al. 2013).
    pub clip_norm: Option<f32>,
    /// Whether averaged weights are kept, in the last state buffer.
    pub is_averaged: bool,
    /// Random distortions of the training images.
    pub augmentation: Strengths,
}

impl TrainingOptions {
    pub fn new(batch: usize, optimiser: Optimiser, loss_reduction: LossReduction) -> Self {
        TrainingOptions {
            batch,
            optimiser,
            loss_reduction,
            label_smoothing: 0.0,
            class_weights: Vec::new(),
            clip_norm: None,
            is_averaged: false,
            augmentation: Strengths::default(),
        }
    }

    /// Number of state buffers, that of the averaged weights included.
    pub fn states(&self) -> usize {
        self.optimiser.states() + usize::from(self.is_averaged)
    }

    /// Index of the state buffer that holds the averaged weights, if there is one.
    pub fn average_state(&self) -> Option<usize> {
        self.is_averaged.then(|| self.optimiser.states())
    }
}

/// How many squares one workgroup adds up, and the largest number of partial sums, all of which every invocation of
/// `clip_norm` adds up again.
const SQUARES_PER_PART: usize = 4096;
const MAX_PARTS: usize = 64;

impl Network {
    /// One training step, in unfused ops; executors fuse some of them, see [`crate::plan::fuse`].
    pub fn training_plan(&self, options: TrainingOptions) -> Plan {
        let TrainingOptions { batch, loss_reduction, augmentation, .. } = options;
        let mut builder = self.builder(batch, options.states());
        let scale = loss_reduction.scale(batch);

        let passed = self.forward(&mut builder, Mode::Train, augmentation);
        let logits = passed.last().map_or(builder.images(), |saved| saved.output);
        let mut gradient = builder.activation("logits_gradient", &[batch, self.task.classes]);
        let smoothing = options.label_smoothing;
        let weights = options.class_weights.clone();
        let sample_loss = self.loss(&mut builder, logits, Some(gradient), scale, smoothing, weights);

        // The gradients of the pixels and of everything before the first parameter are not needed.
        let first = self.layers.iter().position(|placed| !placed.parameters.is_empty()).unwrap_or(0);
        for (number, (placed, saved)) in self.layers.iter().zip(&passed).enumerate().skip(first).rev() {
            if placed.spec.layer().only_reshapes() {
                continue;
            }
            let input_gradient = (number > first)
                .then(|| builder.like(&format!("{}.input_gradient", placed.name), saved.input));
            placed.spec.layer().backward(&mut builder, placed, saved, gradient, input_gradient);
            gradient = input_gradient.unwrap_or(gradient);
        }
        self.update(&mut builder, options);
        sum_losses(&mut builder, sample_loss, scale);
        builder.finish()
    }

    /// Appends the ops on whole flat buffers: clipping, the optimiser, averaging.
    fn update(&self, builder: &mut Builder, options: TrainingOptions) {
        let count = self.parameter_count();
        let parameters = builder.named("parameters", &[count], Storage::Parameters { offset: 0 });
        let gradients = builder.named("gradients", &[count], Storage::Gradients { offset: 0 });
        if let Some(max_norm) = options.clip_norm {
            let parts = count.div_ceil(SQUARES_PER_PART).clamp(1, MAX_PARTS);
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

    /// The plan of one evaluation step: the loss summed over the batch, and the counts `correct` `[1]` and `confusion`
    /// `[classes, classes]` (row: label, column: prediction), which accumulate over steps.
    pub fn evaluation_plan(&self, batch: usize) -> Plan {
        let mut builder = self.builder(batch, 0);
        let passed = self.forward(&mut builder, Mode::Evaluate, Strengths::default());
        let logits = passed.last().map_or(builder.images(), |saved| saved.output);
        let sample_loss = self.loss(&mut builder, logits, None, 1.0, 0.0, Vec::new());
        let (labels, rows, classes) = (builder.labels(), batch, self.task.classes);
        let correct = builder.tensor("correct", &[1], Element::U32, Storage::Counts);
        let counts = builder.tensor("confusion", &[classes, classes], Element::U32, Storage::Counts);
        builder.push(Phase::Loss, CountCorrect { logits, labels, correct, rows, classes });
        builder.push(Phase::Loss, Confusion { logits, labels, counts, rows, classes });
        // The last batch may be partly empty, so the host divides the sum by the number of images.
        sum_losses(&mut builder, sample_loss, 1.0);
        builder.finish()
    }

    fn builder(&self, batch: usize, states: usize) -> Builder {
        let mut builder = Builder::new(batch, self.task.image_bytes(), self.task.classes);
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

    /// Appends the forward pass; returns each layer's input and output.
    fn forward(&self, builder: &mut Builder, mode: Mode, augmentation: Strengths) -> Vec<Saved> {
        let (rows, height, width) = (builder.batch(), self.task.height, self.task.width);
        let mut input = builder.activation("pixels", &[rows, self.task.channels, height, width]);
        let (images, out, channels) =
            (builder.images(), input, self.normalisation.channels(self.task.channels));
        if augmentation == Strengths::default() {
            let columns = self.task.image_bytes();
            builder.push(Phase::Forward, Unpack { images, out, rows, columns, channels });
        } else {
            let strengths = augmentation;
            builder.push(Phase::Forward, Augment { images, out, rows, height, width, channels, strengths });
        }
        let mut passed = Vec::new();
        for placed in &self.layers {
            let output = placed.spec.layer().forward(builder, placed, input, mode);
            passed.push(Saved { input, output });
            input = output;
        }
        passed
    }

    /// Appends the loss; returns the tensor of one loss per image.
    fn loss(
        &self,
        builder: &mut Builder,
        logits: TensorId,
        logits_gradient: Option<TensorId>,
        scale: f32,
        smoothing: f32,
        class_weights: Vec<f32>,
    ) -> TensorId {
        let (rows, classes) = (builder.batch(), self.task.classes);
        let sample_loss = builder.tensor("sample_loss", &[rows], Element::F32, Storage::SampleLoss);
        let labels = builder.labels();
        let class_weights = (!class_weights.is_empty()).then(|| {
            let mean = class_weights.iter().sum::<f32>() / classes as f32;
            ClassWeights { tensor: builder.constant("class_weights", class_weights), mean }
        });
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
                class_weights,
            },
        );
        sample_loss
    }
}

fn sum_losses(builder: &mut Builder, sample_loss: TensorId, scale: f32) {
    let losses = builder.tensor("loss", &[1], Element::F32, Storage::Losses);
    let rows = builder.batch();
    builder.push(Phase::Metrics, LossSum { sample_loss, losses, rows, scale });
}
