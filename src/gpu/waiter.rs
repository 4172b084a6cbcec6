//! Waiting for the device. Native drivers report that the device is done only to a thread that waits for it; that is a thread of
//! our own, so that the library neither blocks nor polls.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_channel::oneshot;

use crate::error::{Error, Result};

/// Ends a wait, once: from the callback, or from the thread that finds the device lost, whichever comes first.
#[derive(Clone)]
pub(super) struct Signal(Arc<Mutex<Option<Sender>>>);

type Sender = oneshot::Sender<Result<(), String>>;

impl Signal {
    pub(super) fn send(&self, outcome: Result<(), String>) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = sender.send(outcome); // nobody waits any more: fine
        }
    }
}

/// A future: done when the device has finished the work that is waited for.
pub(super) struct Pending(oneshot::Receiver<Result<(), String>>);

impl Pending {
    pub(super) fn new() -> (Signal, Pending) {
        let (sender, receiver) = oneshot::channel();
        (Signal(Arc::new(Mutex::new(Some(sender)))), Pending(receiver))
    }

    /// The outcome if the device has finished, without waiting.
    pub(super) fn is_done(&mut self) -> Option<Result<()>> {
        self.0.try_recv().map_or(Some(Err(gone())), |outcome| Some(failed(outcome?)))
    }
}

impl Future for Pending {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll(context).map(|outcome| outcome.map_or_else(|_| Err(gone()), failed))
    }
}

/// A wait fails where the device is lost, and this may be known before the device says so itself.
fn failed(outcome: Result<(), String>) -> Result<()> {
    outcome.map_err(Error::DeviceLost)
}

fn gone() -> Error {
    Error::DeviceLost("the wait for the device was abandoned".into())
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) use native::Waiter;

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::sync::mpsc;

    use super::Signal;
    use crate::error::{Error, Result};
    use crate::gpu::faults::Faults;

    /// The thread that waits; it ends when this is dropped.
    pub(in crate::gpu) struct Waiter {
        submissions: Option<mpsc::Sender<(wgpu::SubmissionIndex, Signal)>>,
        thread: Option<std::thread::JoinHandle<()>>,
    }

    impl Waiter {
        pub(in crate::gpu) fn new(device: &wgpu::Device, faults: &Faults) -> Result<Self> {
            let (device, faults) = (device.clone(), faults.clone());
            let (sender, receiver) = mpsc::channel::<(wgpu::SubmissionIndex, Signal)>();
            let wait = move || {
                for (submission, signal) in receiver {
                    let poll = wgpu::PollType::Wait { submission_index: Some(submission), timeout: None };
                    if let Err(error) = device.poll(poll) {
                        // the callbacks will not come
                        faults.lost(error.to_string());
                        signal.send(Err(error.to_string()));
                    }
                }
            };
            let thread = std::thread::Builder::new()
                .name("inkgrad-gpu".into())
                .spawn(wait)
                .map_err(|error| Error::Gpu(format!("the thread that waits for it cannot start: {error}")))?;
            Ok(Waiter { submissions: Some(sender), thread: Some(thread) })
        }

        pub(in crate::gpu) fn wait(&self, submission: wgpu::SubmissionIndex, signal: Signal) {
            if let Some(submissions) = &self.submissions {
                let _ = submissions.send((submission, signal)); // the thread lives as long as this
            }
        }
    }

    impl Drop for Waiter {
        fn drop(&mut self) {
            self.submissions = None;
            if let Some(thread) = self.thread.take() {
                // A driver that is taken down while a thread is inside it crashes: see it out first.
                let _ = thread.join();
            }
        }
    }
}

#[cfg(target_arch = "wasm32")]
pub(super) struct Waiter;

/// The browser calls back by itself.
#[cfg(target_arch = "wasm32")]
impl Waiter {
    pub(super) fn new(_: &wgpu::Device, _: &super::faults::Faults) -> Result<Self> {
        Ok(Waiter)
    }

    pub(super) fn wait(&self, _: wgpu::SubmissionIndex, _: Signal) {}
}
