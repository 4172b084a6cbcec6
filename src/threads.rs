//! Threads for work besides an executor's, such as reading files and compiling shaders. They are started for that work and
//! end with it. The caller works too: where the system gives fewer threads than wanted, or none (a limit on processes, the
//! browser), the same work takes longer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, available_parallelism, scope};

/// 0: one thread per core.
static LIMIT: AtomicUsize = AtomicUsize::new(0);

/// Limits the threads that this process uses at a time for such work, the caller's among them; by default one per core.
/// Results never depend on it.
pub fn limit(threads: usize) {
    LIMIT.store(threads.max(1), Ordering::Relaxed);
}

fn most() -> usize {
    match LIMIT.load(Ordering::Relaxed) {
        0 => available_parallelism().map_or(1, usize::from),
        limit => limit,
    }
}

/// Applies `work` to every item; the results are in the items' order.
pub fn map<T: Sync, U: Send>(items: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<U>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let worker = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(result)) = (items.get(at), results.get(at)) else { return };
            let done = work(item);
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        }
    };
    scope(|scope| {
        for _ in 1..most().min(items.len()) {
            if Builder::new().spawn_scoped(scope, worker).is_err() {
                break;
            }
        }
        worker();
    });
    let done = results.into_iter().map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner));
    done.flatten().collect()
}

/// Runs both functions at the same time if the system gives a second thread, else one after the other.
pub fn both<A: Send, B: Send>(first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B + Send) -> (A, B) {
    let (first, second) = (Mutex::new(Some(first)), Mutex::new(Some(second)));
    fn once<T>(work: &Mutex<Option<impl FnOnce() -> T>>) -> Option<T> {
        let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
        work.map(|work| work())
    }
    let mut done = map(&[true, false], |is_first| match is_first {
        true => (once(&first), None),
        false => (None, once(&second)),
    });
    let second = done.pop().and_then(|(_, second)| second);
    let first = done.pop().and_then(|(first, _)| first);
    match (first, second) {
        (Some(first), Some(second)) => (first, second),
        _ => unreachable!("`map` does each item once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..100).collect();
        assert_eq!(map(&items, |item| item * item), items.iter().map(|item| item * item).collect::<Vec<_>>());
        assert!(map(&[], |item: &u8| *item).is_empty());
        assert_eq!(both(|| 1, || "two"), (1, "two"));
    }
}
