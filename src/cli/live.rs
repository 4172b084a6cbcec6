//! What a run shows and records while it trains: the progress bar, JSON events, the metrics files.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::HumanCount;
use inkgrad::report::{Runs, Validation};
use inkgrad::train::{Best, Evaluation, Trainer};

use super::failure::Failure;
use super::json::{self, Event};
use super::meter::{Meter, Pace};
use super::metrics::Metrics;
use super::options::Options;
use super::plot;
use super::progress::Progress;
use super::reports::Reports;
use super::run::Run;

/// Number of step events in a whole run, in JSON and in the metrics files.
const EVENTS: u64 = 100;

/// For one network or several that train at the same time: each has its own metrics, the bar shows their mean.
pub struct Live<'a> {
    options: &'a Options,
    reports: &'a Reports,
    curves: &'a RefCell<Runs>,
    /// The first network's.
    seed: u64,
    progress: Progress,
    /// One per network.
    meters: Vec<Meter>,
    metrics: Metrics,
    pace: Pace,
    /// Steps whose losses are known.
    known: u64,
}

impl<'a> Live<'a> {
    /// Opens the metrics files, shows the bar, starts the clock.
    pub fn start(run: &Run<'a>, trainer: &Trainer) -> Result<Self, Failure> {
        let Run { options, settings, reports, curves, .. } = *run;
        let (networks, seed) = (trainer.networks(), trainer.seed());
        let (before, steps) = (trainer.started(), trainer.steps());
        let metrics = Metrics::open(options, settings.board.as_deref(), seed, networks, before)?;
        if let (Some(log), true) = (&options.log, before > 0 && options.plot.is_some())
            && let Ok(runs) = plot::read(log)
        {
            // What the run recorded before it was interrupted.
            curves.borrow_mut().join(runs);
        }
        Ok(Live {
            options,
            reports,
            curves,
            seed,
            progress: Progress::new(options.quiet, before, steps),
            meters: (0..networks).map(|_| Meter::new(before, steps, EVENTS)).collect(),
            metrics,
            pace: Pace::start(before, steps, trainer.recipe().batch * networks),
            known: before,
        })
    }

    /// Goes back to step `step`: losses of the steps after it come again.
    pub fn rewind(&mut self, step: u64) -> Result<(), Failure> {
        let steps = self.pace.steps();
        self.known = step;
        self.meters.iter_mut().for_each(|meter| *meter = Meter::new(step, steps, EVENTS));
        self.progress = Progress::new(self.options.quiet, step, steps);
        self.curves.borrow_mut().rewind(step);
        self.reports.record(self.metrics.rewind(step).map_err(Failure::from))
    }

    /// Since the first step.
    pub fn seconds(&self) -> f64 {
        self.pace.seconds()
    }

    /// Takes new losses, `[steps, networks]`.
    pub fn losses(&mut self, losses: &[f32]) -> Result<(), Failure> {
        let networks = self.meters.len();
        let means: Vec<f32> =
            losses.chunks_exact(networks).map(|step| step.iter().sum::<f32>() / networks as f32).collect();
        self.known += means.len() as u64;
        self.progress.show(&means, self.known, &self.pace);
        let images_per_second = self.pace.images_per_second(self.known);
        for (index, meter) in self.meters.iter_mut().enumerate() {
            let own: Vec<f32> = losses.iter().skip(index).step_by(networks).copied().collect();
            for record in meter.take(&own) {
                let seed = self.seed + index as u64;
                self.curves.borrow_mut().step(seed, record.step, record.loss, Some(images_per_second));
                let event = Event::Step { seed, step: record.step, loss: record.loss, images_per_second };
                let written = self.metrics.step(index, &record, &event);
                self.reports.record(written.map_err(Failure::from))?;
                if self.options.json {
                    self.reports.record(json::line(&event))?;
                }
            }
        }
        Ok(())
    }

    pub fn validation(&mut self, step: u64, evaluation: &Evaluation) -> Result<(), Failure> {
        let (loss, accuracy) = (evaluation.loss, evaluation.accuracy());
        self.curves.borrow_mut().validation(self.seed, step, Validation { loss, accuracy });
        let event = Event::Validation { seed: self.seed, step, loss, accuracy };
        let written = self.metrics.validation(step, loss, accuracy, &event);
        self.reports.record(written.map_err(Failure::from))?;
        if self.options.json {
            return self.reports.record(json::line(&event));
        }
        let step = HumanCount(step);
        self.note(format_args!("step {step}: validation loss {loss:.4}, accuracy {accuracy:.4}"));
        Ok(())
    }

    pub fn checkpoint(&self, step: u64, path: &Path) -> Result<(), Failure> {
        if !self.options.json {
            return Ok(());
        }
        self.reports.record(json::line(&Event::Checkpoint { step, path: &path.to_string_lossy() }))
    }

    pub fn stopped_early(&self, step: u64, best: Best) {
        let Best { step: best, loss, accuracy } = best;
        self.note(format_args!(
            "stopped at step {}: validation has not improved since step {} (loss {loss:.4}, accuracy {accuracy:.4})",
            HumanCount(step),
            HumanCount(best),
        ));
    }

    /// Says something while the bar is shown.
    fn note(&self, text: impl std::fmt::Display) {
        self.progress.aside(|| self.options.note(text));
    }

    /// Removes the bar, so that what follows stands alone.
    pub fn end(&self) {
        self.progress.end();
    }
}

/// A timer for what is done now and then.
pub struct Rhythm {
    every: Duration,
    last: Instant,
}

impl Rhythm {
    pub fn of(every: Duration) -> Self {
        Rhythm { every, last: Instant::now() }
    }

    pub fn is_due(&mut self) -> bool {
        let due = self.last.elapsed() >= self.every;
        if due {
            self.last = Instant::now();
        }
        due
    }
}
