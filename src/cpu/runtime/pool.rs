//! Threads that go through stages together: they claim chunks of a stage until it is done, then the next.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

#[cfg(not(target_arch = "wasm32"))]
use rayon::ThreadPool;

/// In a browser a module has no threads.
#[cfg(target_arch = "wasm32")]
enum ThreadPool {}

pub(crate) struct Pool {
    threads: usize,
    /// None for a single thread, which is the caller's, and where there are no threads (in a browser).
    pool: Option<ThreadPool>,
}

/// How many times an idle worker looks for work before it yields its core: a few microseconds.
const SPINS: u32 = 4_000;

impl Pool {
    #[cfg(target_arch = "wasm32")]
    pub fn new(_: usize) -> Self {
        Pool { threads: 1, pool: None }
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub fn new(threads: usize) -> Self {
        let mut threads = threads.clamp(1, 256);
        while threads > 1 {
            match build(threads) {
                Ok(pool) => return Pool { threads, pool: Some(pool) },
                Err(started) => threads = started.min(threads - 1),
            }
        }
        Pool { threads: 1, pool: None }
    }

    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `work(worker)` once on every thread.
    pub fn all(&self, work: impl Fn(usize) + Sync) {
        match &self.pool {
            #[cfg(not(target_arch = "wasm32"))]
            Some(pool) => {
                pool.broadcast(|context| work(context.index()));
            }
            #[cfg(target_arch = "wasm32")]
            Some(pool) => match *pool {},
            None => work(0),
        }
    }
}

/// A pool of that many threads; where the system refuses one of them, how many it gave.
#[cfg(not(target_arch = "wasm32"))]
fn build(threads: usize) -> Result<rayon::ThreadPool, usize> {
    let mut started = Vec::new();
    let spawn = |thread: rayon::ThreadBuilder| {
        let builder = std::thread::Builder::new().name(format!("inkgrad-{}", thread.index()));
        started.push(builder.spawn(|| thread.run())?);
        Ok(())
    };
    let built = rayon::ThreadPoolBuilder::new().num_threads(threads).spawn_handler(spawn).build();
    built.map_err(|_| {
        // Without a pool they end, and they must have ended before as many are started again.
        let count = started.len();
        started.into_iter().for_each(|thread| drop(thread.join()));
        count
    })
}

/// Consecutive stages, each divided into chunks that workers claim. A stage begins when every chunk of the previous one is
/// done. Nobody waits for a worker that holds no chunk, so a worker that the system has put to sleep delays the others
/// little.
pub(crate) struct StageQueue {
    /// Stage in the upper half, next chunk in the lower.
    claim: AtomicU64,
    /// Chunks of the stage that are done.
    done: AtomicUsize,
    /// Set when a worker died: its chunk will never be done.
    broken: AtomicBool,
}

impl StageQueue {
    pub fn new() -> Self {
        StageQueue { claim: AtomicU64::new(0), done: AtomicUsize::new(0), broken: AtomicBool::new(false) }
    }

    /// Works through `stages` stages until all are done. `chunks(stage)` is how many chunks there are (at least one),
    /// `work(stage, chunk)` does one, and `last(stage)` runs alone between a stage and the next.
    pub fn work(
        &self,
        stages: usize,
        chunks: impl Fn(usize) -> usize,
        work: impl Fn(usize, usize),
        last: impl Fn(usize),
    ) {
        let _guard = Guard(self);
        let mut spins = 0;
        loop {
            let claim = self.claim.load(Ordering::Acquire);
            let (stage, chunk) = ((claim >> 32) as usize, claim as u32 as usize);
            if stage >= stages || self.broken.load(Ordering::Relaxed) {
                return;
            }
            if chunk >= chunks(stage) {
                // The stage's last chunks are being worked on.
                if spins < SPINS {
                    spins += 1;
                    std::hint::spin_loop();
                } else {
                    std::thread::yield_now();
                }
                continue;
            }
            let claimed =
                self.claim.compare_exchange_weak(claim, claim + 1, Ordering::AcqRel, Ordering::Relaxed);
            if claimed.is_err() {
                continue;
            }
            spins = 0;
            work(stage, chunk);
            if self.done.fetch_add(1, Ordering::AcqRel) + 1 == chunks(stage) {
                last(stage);
                self.done.store(0, Ordering::Relaxed);
                self.claim.store((stage as u64 + 1) << 32, Ordering::Release);
            }
        }
    }
}

/// Ends the queue if the worker that holds the guard panics.
struct Guard<'a>(&'a StageQueue);

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
    fn every_chunk_is_done_once_and_stages_do_not_mix() {
        let (stages, chunks) = (3000, |stage: usize| 1 + stage % 7);
        let pool = Pool::new(3);
        let (queue, here, alone) = (StageQueue::new(), AtomicUsize::new(0), AtomicUsize::new(0));
        let before = |stage: usize| (0..stage).map(chunks).sum::<usize>();
        pool.all(|_| {
            let work = |stage: usize, _| {
                let at = here.fetch_add(1, Ordering::Relaxed);
                assert!((before(stage)..before(stage + 1)).contains(&at));
            };
            let last = |stage: usize| {
                assert_eq!(here.load(Ordering::Relaxed), before(stage + 1));
                assert_eq!(alone.fetch_add(1, Ordering::Relaxed), stage);
            };
            queue.work(stages, chunks, work, last);
        });
        assert_eq!(here.load(Ordering::Relaxed), before(stages));
    }

    #[test]
    fn a_dead_worker_does_not_keep_the_others() {
        let pool = Pool::new(2);
        let queue = StageQueue::new();
        let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            pool.all(|_| queue.work(10, |_| 4, |stage, chunk| assert!((stage, chunk) != (3, 1)), |_| ()));
        }));
        assert!(died.is_err());
    }
}
