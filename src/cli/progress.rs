//! A run's progress on standard error: a bar on a terminal, a few plain lines in a file, or nothing.

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::meter::{Meter, Pace, Record};
use super::output;

/// Number of lines for a whole run if standard error is not a terminal.
const LINES: u64 = 10;

pub enum Progress {
    Bar { bar: ProgressBar, recent: Option<f64> },
    Lines(Meter),
    Quiet,
}

impl Progress {
    pub fn new(quiet: bool, before: u64, steps: u64) -> Self {
        if quiet {
            return Progress::Quiet;
        }
        if !output::watched() {
            return Progress::Lines(Meter::new(before, steps, LINES));
        }
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr_with_hz(10));
        // If the template does not parse, indicatif's default bar shows less but works.
        // The bar takes the rest of the terminal's width: a bar that wraps could not be redrawn.
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len}  {msg}") {
            bar.set_style(style);
        }
        Progress::Bar { bar, recent: None }
    }

    /// Shows new losses, after `done` steps.
    pub fn show(&mut self, losses: &[f32], done: u64, pace: &Pace) {
        match self {
            Progress::Bar { bar, recent } => {
                for &loss in losses {
                    // Losses of single batches fluctuate: an average over the last 50 or so is readable.
                    let loss = f64::from(loss);
                    *recent = Some(recent.map_or(loss, |recent| recent + 0.02 * (loss - recent)));
                }
                if let Some(loss) = *recent {
                    bar.set_message(figures(loss, done, pace));
                }
                bar.set_position(done);
            }
            Progress::Lines(meter) => {
                for Record { step, loss } in meter.take(losses) {
                    let (step, of) = (HumanCount(step).to_string(), HumanCount(pace.steps()).to_string());
                    let width = of.len();
                    output::note(format_args!("step {step:>width$} of {of}  {}", figures(loss, done, pace)));
                }
            }
            Progress::Quiet => {}
        }
    }

    /// Removes the bar before other output.
    pub fn end(&self) {
        if let Progress::Bar { bar, .. } = self {
            bar.finish_and_clear();
        }
    }
}

fn figures(loss: f64, done: u64, pace: &Pace) -> String {
    let left = pace.seconds_left(done);
    let left = match left >= 90.0 {
        true => format!("{:.0} min", left / 60.0),
        false => format!("{left:.1} s"),
    };
    format!("loss {loss:.4}  {} images/s  {left} left", count(pace.images_per_second(done)))
}

/// Formats a large number, rounded, with its digits in groups of three.
pub fn count(value: f64) -> HumanCount {
    HumanCount(value.round() as u64)
}
