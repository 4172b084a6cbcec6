//! What a terminal shows during work that reports no progress.

use std::time::Duration;

use indicatif::{HumanCount, ProgressBar};

use super::output;

/// A spinner on standard error, removed when it is dropped. Nothing is shown where that is not a terminal.
pub struct Waiting(Option<ProgressBar>);

impl Waiting {
    /// During a test on `images` images, which takes seconds for a large network on a CPU.
    pub fn for_test(images: usize) -> Self {
        Waiting(output::watched().then(|| {
            let spinner = ProgressBar::new_spinner();
            spinner.set_message(format!("testing on {} images", HumanCount(images as u64)));
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        }))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(spinner) = &self.0 {
            spinner.finish_and_clear();
        }
    }
}
