//! `inkgrad verify`.

use clap::Args;
use inkgrad::verify::{Comparison, cases};
use inkgrad::{Error, Result};

use super::device::{DeviceOptions, reference};
use super::failure::Failure;
use super::output;
use super::table::Table;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    device: DeviceOptions,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let reference = reference();
    let chosen = options.device.choose_to_verify().await?;
    output::note(format_args!("comparing {chosen} with the CPU reference"));
    let mut ops: Vec<OpReport> = Vec::new();
    for case in cases() {
        let comparison = match case.compare(&reference, &chosen.device).await {
            // A shader that the driver refuses is what this command is there to find: the other ops go on.
            Err(error @ Error::Gpu(_)) => {
                output::note(format_args!("{} {}: {error}", case.op, case.shape));
                let (shape, tolerance) = (case.shape.clone(), case.tolerance);
                Comparison { op: case.op, shape, error: f64::INFINITY, tolerance }
            }
            comparison => comparison?,
        };
        match ops.iter_mut().find(|report| report.op == comparison.op) {
            Some(report) => report.add(comparison),
            None => ops.push(OpReport::new(comparison)),
        }
    }
    let mut table = Table::new(&[0, 4]);
    table.row(["op", "cases", "largest error", "tolerance", "result"]);
    for report in &ops {
        table.row(report.cells());
    }
    output::print(table)?;
    let failed: Vec<&str> = ops.iter().filter(|report| report.failed > 0).map(|report| report.op).collect();
    if failed.is_empty() {
        return output::line(format_args!("{}: every op agrees with the CPU reference", chosen.name));
    }
    let (name, failed) = (&chosen.name, failed.join(", "));
    output::line(format_args!(
        "{name}: do not trust it with {failed}. Update its driver or use --device cpu"
    ))?;
    Err(Failure::Reported)
}

/// How an op did over all its cases.
struct OpReport {
    op: &'static str,
    cases: usize,
    failed: usize,
    /// The case that came nearest to its tolerance, or went furthest past it.
    worst: Comparison,
}

impl OpReport {
    fn new(first: Comparison) -> Self {
        OpReport { op: first.op, cases: 1, failed: usize::from(!first.passed()), worst: first }
    }

    fn add(&mut self, comparison: Comparison) {
        self.cases += 1;
        self.failed += usize::from(!comparison.passed());
        if strain(&comparison) > strain(&self.worst) {
            self.worst = comparison;
        }
    }

    fn cells(&self) -> [String; 5] {
        let Comparison { error, tolerance, shape, .. } = &self.worst;
        let result = match self.failed {
            0 => "ok".to_owned(),
            failed => format!("FAILED in {failed}, worst {shape}"),
        };
        [self.op.to_owned(), self.cases.to_string(), figure(*error), figure(tolerance.relative), result]
    }
}

/// Error as a share of what is allowed.
fn strain(comparison: &Comparison) -> f64 {
    match comparison.error {
        0.0 => 0.0,
        error => error / comparison.tolerance.relative,
    }
}

fn figure(error: f64) -> String {
    match error {
        0.0 => "0".to_owned(),
        error if error.is_infinite() => "wrong".to_owned(),
        error => format!("{error:.1e}"),
    }
}
