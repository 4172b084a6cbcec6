//! `inkgrad plot`: curves of runs, from their logs.

use std::path::{Path, PathBuf};

use clap::Args;
use inkgrad::report::{self, Chart, Runs, Series};
use inkgrad::{Error, Result};

use super::failure::Failure;
use super::{dots, output, plotting, text};

#[derive(Args)]
pub struct Options {
    /// Logs of runs, as `train --log` writes them. Several seeds in one log are drawn as their mean and range
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Draw all logs as seeds of one run: their mean and range
    #[arg(long)]
    together: bool,
    /// Write the curves to this file (.svg or .png) instead of the terminal
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    if let Some(path) = &options.out {
        plotting::check(path)?;
    }
    let mut groups = Vec::new();
    for path in &options.logs {
        groups.push(read(path)?);
    }
    if options.together {
        let mut all = Runs::default();
        groups.into_iter().for_each(|group| all.join(group));
        groups = vec![all];
    }
    match &options.out {
        None => {
            let charts = report::charts(&groups);
            charts.iter().try_for_each(|chart| output::print(in_text(chart)))
        }
        Some(path) => {
            let drawing = report::drawn(&groups);
            let drawing =
                drawing.ok_or_else(|| Error::Data("the logs hold no finite value to draw".into()))?;
            Ok(plotting::write(&drawing, path)?)
        }
    }
}

/// The runs in a log, called by the file's name.
///
/// # Errors
/// `Io` where it cannot be read, `BadFile` where it is no log.
pub fn read(path: &Path) -> Result<Runs> {
    let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
    let log = text::decode(&bytes).ok_or_else(|| Error::bad_file(path, "this is not text"))?;
    let mut runs = Runs::new(path.file_stem().unwrap_or_default().to_string_lossy());
    runs.read(&log).map_err(|what| Error::bad_file(path, what))?;
    Ok(runs)
}

const ROWS: usize = 6;
/// Columns of a curve where the output's width is not known.
const COLUMNS: usize = 60;

/// Each curve of a chart by itself: without colours, two curves in one plot could not be told apart.
pub fn in_text(chart: &Chart) -> String {
    let columns = console::Term::stdout().size_checked().map_or(COLUMNS, |(_, columns)| columns.into());
    let columns = columns.saturating_sub(10).clamp(20, 120);
    let curves = chart.series.iter().map(|series| {
        let lines = dots::curve(&spread(series, chart.x.is_log, dots::values_in(columns)), ROWS);
        let end = |point: Option<&[f64; 2]>| point.map_or(f64::NAN, |point| point[0]);
        let (first, last) = (end(series.points.first()), end(series.points.last()));
        let name = if series.name.is_empty() { String::new() } else { format!(", {}", series.name) };
        format!(
            "{}{name}; {} from {} to {}\n{}\n\n",
            chart.title,
            chart.x.label,
            short(first),
            short(last),
            lines.join("\n")
        )
    });
    curves.collect()
}

/// The mean of a curve's values over each of `parts` equal parts of its length; a part without values lies on the line between
/// its neighbours.
fn spread(series: &Series, is_log: bool, parts: usize) -> Vec<Option<f64>> {
    let scaled = |x: f64| if is_log { x.ln() } else { x };
    let first = series.points.first().map_or(0.0, |point| scaled(point[0]));
    let last = series.points.last().map_or(0.0, |point| scaled(point[0]));
    let length = if last > first { last - first } else { 1.0 };
    let mut sums = vec![(0.0, 0u32); parts.max(1)];
    for [x, y] in series.points.iter().filter(|[_, y]| y.is_finite()) {
        let at = ((scaled(*x) - first) / length * (parts.max(1) - 1) as f64).round() as usize;
        if let Some((sum, count)) = sums.get_mut(at) {
            (*sum, *count) = (*sum + y, *count + 1);
        }
    }
    let means = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
    let mut values: Vec<Option<f64>> = sums.into_iter().map(means).collect();
    let mut before: Option<(usize, f64)> = None;
    for at in 0..values.len() {
        let Some(value) = values[at] else { continue };
        if let Some((start, from)) = before {
            for (step, between) in values[start + 1..at].iter_mut().enumerate() {
                *between = Some(from + (value - from) * (step + 1) as f64 / (at - start) as f64);
            }
        }
        before = Some((at, value));
    }
    values
}

/// A step or a rate.
fn short(x: f64) -> String {
    if x.fract() == 0.0 { format!("{x}") } else { format!("{x:.1e}") }
}
