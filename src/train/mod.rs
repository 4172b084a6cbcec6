//! The training loop: steps on an executor, losses as they become known, evaluation. It neither prints nor
//! looks at a clock nor blocks: whoever drives it (the command line, a web page) awaits it and decides what to show.

mod evaluation;
mod trainer;

pub use evaluation::{Evaluation, evaluate};
pub use trainer::{Trainer, TrainerOptions};
