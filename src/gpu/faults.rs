//! Errors that the device reports asynchronously, kept until the next call can return them.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::{Error, Result};

#[derive(Clone, Debug)]
enum Fault {
    Lost(String),
    OutOfMemory(String),
    Gpu(String),
}

/// The first error; later ones are mostly its consequences. A lost device replaces it.
#[derive(Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Option<Fault>>>);

impl Faults {
    /// Registers callbacks for everything that no error scope catches.
    pub(super) fn listen(&self, device: &wgpu::Device) {
        let faults = self.clone();
        device.on_uncaptured_error(Arc::new(move |error| faults.record(fault(error))));
        let faults = self.clone();
        // Dropping the device also counts as a loss; then nobody asks any more.
        device.set_device_lost_callback(move |_, message| {
            faults.lost(if message.is_empty() { "the driver gives no reason".into() } else { message });
        });
    }

    pub(super) fn lost(&self, message: String) {
        self.record(Fault::Lost(one_line(&message)));
    }

    fn record(&self, fault: Fault) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none()
            || matches!((&*first, &fault), (Some(Fault::OutOfMemory(_) | Fault::Gpu(_)), Fault::Lost(_)))
        {
            *first = Some(fault);
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(fault) => Err(fault.into()),
            None => Ok(()),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Lost(message) => Error::DeviceLost(message),
            Fault::OutOfMemory(message) => Error::OutOfMemory(message),
            Fault::Gpu(message) => Error::Gpu(message),
        }
    }
}

fn fault(error: wgpu::Error) -> Fault {
    match error {
        wgpu::Error::OutOfMemory { source } => Fault::OutOfMemory(one_line(&source.to_string())),
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            Fault::Gpu(one_line(&description))
        }
    }
}

/// Joins wgpu's messages, which are trees over several lines, into one line.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Error scopes for every kind of error, from `push` to `pop`, on this thread.
pub(super) struct Scopes([wgpu::ErrorScopeGuard; 3]);

impl Scopes {
    pub(super) fn push(device: &wgpu::Device) -> Self {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        Scopes([Validation, Internal, OutOfMemory].map(|filter| device.push_error_scope(filter)))
    }

    /// Ends the scopes now; the future returns what they caught.
    pub(super) fn pop(self) -> impl Future<Output = Result<()>> {
        let [validation, internal, out_of_memory] = self.0;
        // last in, first out
        let (out_of_memory, internal, validation) = (out_of_memory.pop(), internal.pop(), validation.pop());
        async move {
            match (out_of_memory.await, internal.await, validation.await) {
                (Some(error), _, _) | (_, Some(error), _) | (_, _, Some(error)) => Err(fault(error).into()),
                (None, None, None) => Ok(()),
            }
        }
    }
}

/// Runs `make` and returns its failure as an error. In a browser errors arrive later, and are left to the enclosing
/// scopes or to [`Faults`].
pub(super) fn checked<T>(device: &wgpu::Device, make: impl FnOnce() -> T) -> Result<T> {
    if cfg!(target_arch = "wasm32") {
        return Ok(make());
    }
    let scopes = Scopes::push(device);
    let made = make();
    match pin!(scopes.pop()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(caught) => caught.map(|()| made),
        Poll::Pending => Ok(made), // never: natively scopes are resolved at once
    }
}
