//! A run's progress on standard error: a bar and a curve of the loss on a terminal, a few plain lines in a file, or nothing.

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::meter::{Meter, Pace, Record};
use super::{colours, dots, output};

/// Number of lines for a whole run if standard error is not a terminal.
const LINES: u64 = 10;

pub enum Progress {
    Bar { bar: ProgressBar, recent: Option<f64>, curve: Option<Curve> },
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
        let curve = Curve::where_there_is_room(steps);
        // The bar takes the rest of the terminal's width: a bar that wraps could not be redrawn.
        let line = "{wide_bar} {human_pos} of {human_len}  {msg}";
        let template = match (&curve, colours::on_errors()) {
            (None, _) => line.to_owned(),
            (Some(_), true) => format!("{{prefix:.cyan}}\n{line}"),
            (Some(_), false) => format!("{{prefix}}\n{line}"),
        };
        // If the template does not parse, indicatif's default bar shows less but works.
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        Progress::Bar { bar, recent: None, curve }
    }

    /// Shows new losses, after `done` steps.
    pub fn show(&mut self, losses: &[f32], done: u64, pace: &Pace) {
        match self {
            Progress::Bar { bar, recent, curve } => {
                for &loss in losses {
                    // Losses of single batches fluctuate: an average over the last 50 or so is readable.
                    let loss = f64::from(loss);
                    *recent = Some(recent.map_or(loss, |recent| recent + 0.02 * (loss - recent)));
                }
                if let Some(loss) = *recent {
                    bar.set_message(figures(loss, done, pace));
                }
                if let Some(curve) = curve {
                    curve.take(losses, done);
                    bar.set_prefix(curve.lines());
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

    /// Prints while the bar is out of the way.
    pub fn aside(&self, print: impl FnOnce()) {
        match self {
            Progress::Bar { bar, .. } => bar.suspend(print),
            _ => print(),
        }
    }

    /// Removes the bar before other output.
    pub fn end(&self) {
        if let Progress::Bar { bar, .. } = self {
            bar.finish_and_clear();
        }
    }
}

/// The loss over the whole run, as far as it has come; as wide as the terminal allows.
pub struct Curve {
    steps: u64,
    /// Sum and number of the losses in each column of dots.
    sums: Vec<(f64, u32)>,
}

/// Size of the curve in characters, and of the terminal that has room for it.
const ROWS: usize = 5;
const MAX_COLUMNS: usize = 100;
const LEAST_TERMINAL: (u16, u16) = (16, 50);
/// Columns of the labels.
const LABELS: usize = 9;

impl Curve {
    fn where_there_is_room(steps: u64) -> Option<Self> {
        let (rows, columns) = console::Term::stderr().size_checked()?;
        let has_room = rows >= LEAST_TERMINAL.0 && columns >= LEAST_TERMINAL.1;
        let columns = (usize::from(columns) - LABELS.min(columns.into())).min(MAX_COLUMNS);
        has_room.then(|| Curve::new(steps, columns))
    }

    fn new(steps: u64, columns: usize) -> Self {
        // A short run has no loss for every column.
        let parts = dots::values_in(columns).min(usize::try_from(steps).unwrap_or(usize::MAX));
        Curve { steps, sums: vec![(0.0, 0); parts.max(1)] }
    }

    /// Takes the losses of the last steps of `done`.
    fn take(&mut self, losses: &[f32], done: u64) {
        let first = done.saturating_sub(losses.len() as u64);
        for (step, loss) in (first..).zip(losses) {
            let at = u128::from(step) * self.sums.len() as u128 / u128::from(self.steps.max(1));
            if let Some((sum, count)) = self.sums.get_mut(at as usize) {
                (*sum, *count) = (*sum + f64::from(*loss), *count + 1);
            }
        }
    }

    fn lines(&self) -> String {
        let mean = |(sum, count): &(f64, u32)| (*count > 0).then(|| sum / f64::from(*count));
        let means: Vec<Option<f64>> = self.sums.iter().map(mean).collect();
        dots::curve(&means, ROWS).join("\n")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_grows_with_the_run() {
        let mut curve = Curve::new(400, 50);
        assert!(curve.lines().is_empty());
        curve.take(&[4.0; 100], 100);
        curve.take(&[1.0; 100], 200);
        let lines = curve.lines();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines.len(), ROWS);
        assert!(lines[0].starts_with("4.000 ┤") && lines[4].starts_with("1.000 ┤"), "{lines:?}");
        let blank = |line: &str| line.chars().filter(|c| *c == '\u{2800}').count();
        assert_eq!(
            (blank(lines[0]), blank(lines[4])),
            (50 - 13, 50 - 13),
            "the second half is still to come: {lines:?}"
        );
    }
}
