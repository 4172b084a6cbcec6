//! The training loop: steps on an executor, losses as they become known, validation, checkpoints, evaluation. It never
//! prints, blocks or reads a clock: whoever drives it (the command line, a web page) awaits it and decides what to show.

mod checkpoint;
mod evaluation;
mod forward;
mod lock;
mod memory;
mod misread;
mod occlusion;
mod prediction;
mod rate_test;
mod session;
mod snapshot;
mod start;
mod steps;
mod trainer;

pub use checkpoint::{About, Checkpoint, Fingerprint, Latest};
pub use evaluation::{Evaluation, evaluate, evaluate_members};
pub use lock::Lock;
pub use memory::MAX_NETWORKS;
pub use misread::{Kind, Misread, misread};
pub use occlusion::{Occlusion, occlusion};
pub use prediction::{Predictions, predict, predict_members};
pub use rate_test::{RatePoint, RateTest};
pub use session::{Best, Event, Session, SessionOptions};
pub use start::start_from;
pub use steps::training_plan;
pub use trainer::{Trainer, TrainerOptions};
