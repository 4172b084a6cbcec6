//! Where a step's time goes: when each op ran, what it computed and moved in that time, and the device's peak rates.
//!
//! With `ExecutorOptions::profile` executors record a [`Span`] for each op: by timestamps on a GPU, where each op is then a
//! pass of its own, and by the clock of each worker on the CPU.

mod probe;

pub use crate::execution::Span;
pub use probe::{PeakRates, probe};

use crate::plan::{Phase, Plan, TensorId};

/// What an op took in a whole run.
#[derive(Clone, Debug)]
pub struct Row {
    pub op: &'static str,
    /// The tensor that it writes first.
    pub tensor: String,
    pub phase: Option<Phase>,
    /// Summed over all workers.
    pub seconds: f64,
    /// In one step.
    pub multiply_adds: u64,
    /// Read and written in one step; each tensor counts once, or twice if it is updated in place.
    pub bytes: u64,
}

/// The spans of a run, summed per op.
#[derive(Clone, Debug)]
pub struct Profile {
    /// First the copying of images to the device, then the ops in the plan's order.
    pub rows: Vec<Row>,
    pub steps: u64,
    pub workers: usize,
    first: f64,
    last: f64,
    /// Time between blocks, which belongs to no step.
    outside: f64,
}

impl Profile {
    /// An empty profile of a plan, for a number of worker threads.
    pub fn new(plan: &Plan, workers: usize) -> Self {
        let tensor_bytes =
            |ids: &[TensorId]| ids.iter().map(|id| plan.tensor(*id).bytes() as u64).sum::<u64>();
        let feed = Row {
            op: "feed",
            tensor: "images".to_owned(),
            phase: None,
            seconds: 0.0,
            multiply_adds: 0,
            bytes: (plan.batch * (2 * plan.image_stride() + 8)) as u64,
        };
        let rows = plan.ops.iter().map(|planned| {
            let writes = planned.op.writes();
            let mut touched = [planned.op.reads(), writes.clone()].concat();
            // A tensor that is updated in place is both read and written; one that two operands name is read once.
            touched.sort();
            let twice: Vec<TensorId> =
                writes.iter().copied().filter(|id| planned.op.reads().contains(id)).collect();
            touched.dedup();
            Row {
                op: planned.op.name(),
                tensor: writes.first().map_or_else(String::new, |id| plan.tensor(*id).name.clone()),
                phase: Some(planned.phase),
                seconds: 0.0,
                multiply_adds: planned.op.multiply_adds(),
                bytes: tensor_bytes(&touched) + tensor_bytes(&twice),
            }
        });
        let rows = std::iter::once(feed).chain(rows).collect();
        Profile { rows, steps: 0, workers, first: f64::INFINITY, last: 0.0, outside: 0.0 }
    }

    /// Adds all spans of a block of `steps` steps.
    pub fn add(&mut self, spans: &[Span], steps: u64) {
        self.steps += steps;
        let start = spans.iter().map(|span| span.start).fold(f64::INFINITY, f64::min);
        let end = spans.iter().map(|span| span.end).fold(0.0, f64::max);
        if spans.is_empty() {
            return;
        }
        for span in spans {
            let row = span.op.map_or(0, |op| op + 1);
            if let Some(row) = self.rows.get_mut(row) {
                row.seconds += span.end - span.start;
            }
        }
        if self.first.is_finite() {
            self.outside += (start - self.last).max(0.0);
        }
        self.first = self.first.min(start);
        self.last = self.last.max(end);
    }

    /// Time in ops, summed over all workers.
    pub fn busy_seconds(&self) -> f64 {
        self.rows.iter().map(|row| row.seconds).sum()
    }

    /// Time from the start of a block's first op to the end of its last, summed over all blocks.
    pub fn wall_seconds(&self) -> f64 {
        if self.first.is_finite() { (self.last - self.first - self.outside).max(0.0) } else { 0.0 }
    }

    /// Fraction of the workers' time within blocks in which no op ran: they waited for each other, or between dispatches.
    pub fn idle_share(&self) -> f64 {
        let all = self.wall_seconds() * self.workers as f64;
        if all > 0.0 { (1.0 - self.busy_seconds() / all).max(0.0) } else { 0.0 }
    }
}

impl Row {
    /// Billions of floating-point operations per second of one worker; a multiply-add counts as two.
    pub fn gflops(&self, steps: u64) -> f64 {
        rate(2.0 * self.multiply_adds as f64 * steps as f64, self.seconds)
    }

    /// Billions of bytes per second of one worker.
    pub fn gigabytes(&self, steps: u64) -> f64 {
        rate(self.bytes as f64 * steps as f64, self.seconds)
    }
}

fn rate(amount: f64, seconds: f64) -> f64 {
    if seconds > 0.0 { amount / seconds / 1e9 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Builder, Element, Storage, ops::Matmul};

    #[test]
    fn sums_rates_and_idle_time() {
        let mut builder = Builder::new(1, 1, 1);
        let mut tensor = |name| builder.tensor(name, &[2, 2], Element::F32, Storage::Activation);
        let (a, b, out) = (tensor("a"), tensor("b"), tensor("out"));
        let op = Matmul {
            a: a.into(),
            b: b.into(),
            out,
            transpose_a: false,
            transpose_b: false,
            m: 2,
            n: 2,
            k: 2,
            relu_mask: None,
        };
        builder.push(Phase::Forward, op);
        let mut profile = Profile::new(&builder.finish(), 2);
        let span = |op, worker, start, end| Span { op, step: 0, worker, start, end };
        profile.add(&[span(None, 0, 1.0, 1.5), span(Some(0), 0, 1.5, 2.0), span(Some(0), 1, 1.0, 1.5)], 4);
        profile.add(&[span(Some(0), 0, 7.0, 8.0)], 4);
        assert_eq!(profile.busy_seconds(), 2.5);
        assert_eq!(profile.wall_seconds(), 2.0, "the five seconds between the blocks do not count");
        assert_eq!(profile.idle_share(), 1.0 - 2.5 / 4.0);
        let row = &profile.rows[1];
        assert_eq!((row.op, row.tensor.as_str(), row.multiply_adds, row.bytes), ("matmul", "out", 8, 48));
        assert_eq!(row.gflops(8), 2.0 * 8.0 * 8.0 / 2.0 / 1e9);
    }
}
