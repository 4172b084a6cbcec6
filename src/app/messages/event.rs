//! The messages that an engine sends without a request.

use serde::Serialize;

/// `{"event": ..., ...}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Progress of a request that takes long. `what`: `data` (bytes of a file that is fetched).
    Progress { what: &'static str, done: u64, total: u64 },
    /// The losses of consecutive steps, in nats.
    Losses {
        /// The number of the first of them, counted from 0.
        first: u64,
        losses: Vec<f32>,
        /// The learning rate of the last of them.
        rate: f32,
    },
    /// How well the network does after `step` steps; about 20 in a run, more often at its start. Attachment: the images of
    /// `mistakes`, `channels` x `height` x `width` bytes each, of the data's sizes.
    Validation {
        step: u64,
        #[serde(flatten)]
        score: Score,
    },
    /// The weights of the first layer as pictures, with each validation where they belong to pixels. Attachment: float32 (LE),
    /// `[count, channels, height, width]`: an image's size for a dense layer, the kernel's for a convolution.
    Filters { step: u64, layer: String, count: usize, channels: usize, height: usize, width: usize },
    /// The end of a run. Attachment: as for `validation`.
    Done {
        step: u64,
        /// Whether it was stopped before its last step.
        stopped: bool,
        #[serde(flatten)]
        score: Score,
    },
    /// The end of a run whose network is lost.
    Failed {
        message: String,
        /// As [`Refusal::kind`](super::Refusal).
        kind: &'static str,
    },
    /// The device was lost and opened again. The run continues after `step`: the events of later steps come again.
    Recovered { step: u64, message: String },
    /// A device's result in one case of `verify`.
    Verified {
        op: &'static str,
        /// Its sizes.
        case: String,
        passed: bool,
        /// The largest difference over the largest value that the definition gives; null where a value is not finite, was not
        /// written, or is a wrong integer.
        error: f64,
        tolerance: f64,
    },
    /// The end of `verify`.
    VerifiedAll { passed: usize, failed: usize },
    /// The end of a `verify` that could not go on.
    VerifyFailed { message: String, kind: &'static str },
}

/// How well a network does on labelled images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    pub of: Of,
    pub images: usize,
    /// Mean cross-entropy per image, in nats.
    pub loss: f64,
    /// From 0 to 1.
    pub accuracy: f64,
    /// A row for each label, a column for each predicted class.
    pub confusion: Vec<Vec<u32>>,
    /// The wrong answers with the highest probabilities, the highest first.
    pub mistakes: Vec<Mistake>,
}

/// Which images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    Validation,
    Test,
    /// The training images themselves: there are too few to hold some back, and the accuracy says little.
    Training,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mistake {
    /// The image's class.
    pub label: u8,
    /// The network's.
    pub said: usize,
    /// The probability that it gave this class.
    pub probability: f32,
}
