//! The training loop: steps on an executor, losses as they become known, evaluation. It neither prints nor
//! looks at a clock nor blocks: whoever drives it (the command line, a web page) awaits it and decides what to show.

mod checkpoint;
mod evaluation;
mod forward;
mod prediction;
mod session;
mod side_by_side;
mod steps;
mod trainer;

pub use checkpoint::{About, Checkpoint, Fingerprint};
pub use evaluation::{Evaluation, evaluate, evaluate_members};
pub use prediction::{Predictions, predict, predict_members};
pub use session::{Best, Event, Session, SessionOptions};
pub use side_by_side::{MOST_NETS, SideBySide};
pub use trainer::{Trainer, TrainerOptions};
