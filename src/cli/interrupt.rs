//! Ctrl-C: the first one lets the run finish its step and save, the second one ends the program at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use inkgrad::{Error, Result};

use super::failure::INTERRUPTED;

static PRESSED: AtomicU32 = AtomicU32::new(0);
static WATCHED: OnceLock<bool> = OnceLock::new();

pub struct Interrupt(());

/// Starts listening if `wanted`. A run with no checkpoint or profile to write has nothing to save, so Ctrl-C ends the
/// program as usual.
pub fn watch(wanted: bool) -> Result<Interrupt> {
    if wanted && WATCHED.set(true).is_ok() {
        ctrlc::set_handler(|| {
            if PRESSED.fetch_add(1, Ordering::Relaxed) > 0 {
                std::process::exit(INTERRUPTED.into());
            }
        })
        .map_err(|error| match error {
            ctrlc::Error::System(error) => Error::NoThread(error.to_string()),
            error => Error::Internal(format!("the handler of Ctrl-C: {error}")),
        })?;
    }
    Ok(Interrupt(()))
}

impl Interrupt {
    pub fn is_asked_for(&self) -> bool {
        PRESSED.load(Ordering::Relaxed) > 0
    }
}
