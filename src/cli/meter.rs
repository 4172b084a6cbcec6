//! A run's progress: condenses losses, one per step, into the few records that are worth showing.

use std::time::Instant;

/// Mean loss over some steps. Which steps have a record depends on the run's length alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// Steps done.
    pub step: u64,
    pub loss: f64,
}

/// Collects losses into records, one after every fixed number of steps and one at the end.
pub struct Meter {
    steps: u64,
    every: u64,
    known: u64,
    sum: f64,
    count: u32,
}

impl Meter {
    /// Makes about `records` records over a run of `steps`, of which `before` are done.
    pub fn new(before: u64, steps: u64, records: u64) -> Self {
        Meter { steps, every: steps.div_ceil(records).max(1), known: before, sum: 0.0, count: 0 }
    }

    /// Takes new losses; returns the records that they complete.
    pub fn take(&mut self, losses: &[f32]) -> Vec<Record> {
        let mut records = Vec::new();
        for &loss in losses {
            self.known += 1;
            self.sum += f64::from(loss);
            self.count += 1;
            if self.known.is_multiple_of(self.every) || self.known == self.steps {
                records.push(Record { step: self.known, loss: self.sum / f64::from(self.count) });
                (self.sum, self.count) = (0.0, 0);
            }
        }
        records
    }
}

/// A run's speed, measured from the first step handed to the device.
#[derive(Clone, Copy)]
pub struct Pace {
    begin: Instant,
    /// Steps done before this process resumed the run.
    before: u64,
    steps: u64,
    batch: usize,
}

impl Pace {
    pub fn start(before: u64, steps: u64, batch: usize) -> Self {
        Pace { begin: Instant::now(), before, steps, batch }
    }

    /// Steps of the whole run.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    pub fn seconds(&self) -> f64 {
        self.begin.elapsed().as_secs_f64()
    }

    pub fn images_per_second(&self, done: u64) -> f64 {
        (done.saturating_sub(self.before) * self.batch as u64) as f64 / self.seconds().max(f64::MIN_POSITIVE)
    }

    /// Estimated seconds until the last step, at the average speed so far.
    pub fn seconds_left(&self, done: u64) -> f64 {
        self.seconds() / done.saturating_sub(self.before).max(1) as f64
            * self.steps.saturating_sub(done) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_do_not_depend_on_when_losses_become_known() {
        let losses: Vec<f32> = (0..25).map(|step| step as f32).collect();
        let mut at_once = Meter::new(0, 25, 10);
        let records = at_once.take(&losses);
        assert_eq!(records.len(), 9);
        assert_eq!(records[0], Record { step: 3, loss: 1.0 });
        assert_eq!(records[8], Record { step: 25, loss: 24.0 });
        let mut in_pieces = Meter::new(0, 25, 10);
        let pieces: Vec<Record> = losses.chunks(7).flat_map(|piece| in_pieces.take(piece)).collect();
        assert_eq!(pieces, records);
    }

    #[test]
    fn short_runs_have_a_record_a_step() {
        assert_eq!(Meter::new(0, 3, 10).take(&[1.0, 2.0, 3.0]).len(), 3);
    }
}
