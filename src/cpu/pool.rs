//! Threads that go through stages together: they claim shares of a stage's work, and meet at its end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub(super) struct Pool {
    threads: usize,
    /// None for a single thread, which is the caller's, and where there are no threads (the browser).
    pool: Option<rayon::ThreadPool>,
}

/// Looks at the barrier's gate before a waiting thread gives its core away: some microseconds.
const SPINS: u32 = 4_000;

impl Pool {
    pub fn new(threads: usize) -> Self {
        let threads = threads.clamp(1, 256);
        let build = || {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
            builder.thread_name(|index| format!("inkgrad-{index}")).build().ok()
        };
        let pool = if threads > 1 { build() } else { None };
        Pool { threads: if pool.is_some() { threads } else { 1 }, pool }
    }

    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `work(worker)` once on every thread.
    pub fn all(&self, work: impl Fn(usize) + Sync) {
        match &self.pool {
            Some(pool) => {
                pool.broadcast(|context| work(context.index()));
            }
            None => work(0),
        }
    }
}

/// Where workers meet. They come back every few microseconds, so they wait awake at first.
pub(super) struct Barrier {
    workers: usize,
    arrived: AtomicUsize,
    round: AtomicUsize,
    /// Set when a worker died: the others must not wait for it.
    broken: AtomicBool,
}

impl Barrier {
    pub fn new(workers: usize) -> Self {
        Barrier {
            workers,
            arrived: AtomicUsize::new(0),
            round: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        }
    }

    /// Waits for all workers; the last to come runs `last` before any goes on. False if a worker died.
    pub fn meet(&self, last: impl FnOnce()) -> bool {
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.workers {
            last();
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return !self.broken.load(Ordering::Relaxed);
        }
        let mut spins = 0;
        while self.round.load(Ordering::Acquire) == round {
            if self.broken.load(Ordering::Relaxed) {
                return false;
            }
            if spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
        true
    }

    /// Breaks the barrier if the worker that holds the guard panics.
    pub fn guard(&self) -> Guard<'_> {
        Guard(self)
    }
}

pub(super) struct Guard<'a>(&'a Barrier);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_meet_and_the_last_acts_alone() {
        let pool = Pool::new(3);
        let barrier = Barrier::new(pool.threads());
        let (here, acted) = (AtomicUsize::new(0), AtomicUsize::new(0));
        pool.all(|_| {
            for round in 1..=1000 {
                here.fetch_add(1, Ordering::Relaxed);
                let whole = barrier.meet(|| {
                    assert_eq!(here.load(Ordering::Relaxed), round * pool.threads());
                    acted.fetch_add(1, Ordering::Relaxed);
                });
                assert!(whole);
            }
        });
        assert_eq!(acted.load(Ordering::Relaxed), 1000);
    }

    #[test]
    fn a_dead_worker_does_not_keep_the_others() {
        let pool = Pool::new(2);
        let barrier = Barrier::new(2);
        let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            pool.all(|worker| {
                let _guard = barrier.guard();
                assert!(worker != 1, "dies on purpose");
                assert!(!barrier.meet(|| ()));
            });
        }));
        assert!(died.is_err());
    }
}
