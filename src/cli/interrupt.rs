//! Ctrl-C: the first asks the run to end well, the second ends it at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::failure::{Failure, INTERRUPTED};

static PRESSED: AtomicU32 = AtomicU32::new(0);
static WATCHED: OnceLock<bool> = OnceLock::new();

pub struct Interrupt(());

/// Listens from now on, if `wanted`: without a checkpoint or a profile to write there is nothing to do, and Ctrl-C ends the
/// program as it always does.
pub fn watch(wanted: bool) -> Result<Interrupt, Failure> {
    if wanted && WATCHED.set(true).is_ok() {
        ctrlc::set_handler(|| {
            if PRESSED.fetch_add(1, Ordering::Relaxed) > 0 {
                std::process::exit(INTERRUPTED.into());
            }
        })
        .map_err(|error| Failure::usage(format!("Ctrl-C cannot be watched for: {error}")))?;
    }
    Ok(Interrupt(()))
}

impl Interrupt {
    pub fn is_asked_for(&self) -> bool {
        PRESSED.load(Ordering::Relaxed) > 0
    }
}
