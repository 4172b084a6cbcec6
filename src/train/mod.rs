//! The training loop: steps on an executor, losses as they become known, validation, checkpoints, evaluation. It never
//! prints, blocks or reads a clock: whoever drives it (the command line, a web page) awaits it and decides what to show.

mod checkpoint;
mod evaluation;
mod forward;
mod memory;
mod misread;
mod prediction;
mod session;
mod steps;
mod trainer;

pub use checkpoint::{About, Checkpoint, Fingerprint};
pub use evaluation::{Evaluation, evaluate, evaluate_members};
pub use memory::MAX_NETWORKS;
pub use misread::{Kind, Misread, misread};
pub use prediction::{Predictions, predict, predict_members};
pub use session::{Best, Event, Session, SessionOptions};
pub use trainer::{Trainer, TrainerOptions};
