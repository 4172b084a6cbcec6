//! When each thread was busy with which op.

use std::sync::{Mutex, PoisonError};

use crate::clock::Clock;
use crate::execution::Span;

pub(crate) struct Timing {
    clock: Clock,
    /// One list per worker, so that nobody waits for its lock.
    spans: Vec<Mutex<Vec<Span>>>,
}

impl Timing {
    pub fn new(threads: usize) -> Self {
        Timing { clock: Clock::start(), spans: (0..threads).map(|_| Mutex::default()).collect() }
    }

    /// A worker's watch, in a step.
    pub fn watch(&self, worker: usize, step: u64) -> Watch<'_> {
        Watch { timing: self, worker, step }
    }

    /// All spans since the last call.
    pub fn take(&mut self) -> Vec<Span> {
        let lists = self.spans.iter_mut();
        lists
            .flat_map(|list| std::mem::take(list.get_mut().unwrap_or_else(PoisonError::into_inner)))
            .collect()
    }
}

pub(crate) struct Watch<'a> {
    timing: &'a Timing,
    worker: usize,
    step: u64,
}

impl Watch<'_> {
    pub fn now(&self) -> f64 {
        self.timing.clock.seconds()
    }

    /// Records that an op ran from `start` until now.
    pub fn note(&self, op: Option<usize>, start: f64) {
        let span = Span { op, step: self.step, worker: self.worker, start, end: self.now() };
        if let Some(list) = self.timing.spans.get(self.worker) {
            list.lock().unwrap_or_else(PoisonError::into_inner).push(span);
        }
    }
}
