//! `inkgrad verify`.

use clap::Args;
use inkgrad::cpu::Level;
use inkgrad::executor::Device;
use inkgrad::verify::{Case, Comparison, cases};
use inkgrad::{Error, Result};

use super::device::DeviceOptions;
use super::failure::Failure;
use super::output;
use super::table::Table;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    device: DeviceOptions,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let chosen = options.device.choose_to_verify().await?;
    output::note(format_args!("{chosen}: comparing every op with its definition in float64"));
    let devices = match &chosen.device() {
        Device::Gpu(_) => vec![(chosen.name.clone(), chosen.device())],
        // Each set of vector instructions has code of its own.
        Device::Cpu(cpu) => {
            let levels = Level::available().into_iter();
            let devices = levels.filter_map(|level| cpu.clone().with_level(level));
            devices.map(|device| (device.name(), Device::Cpu(device))).collect()
        }
    };
    verify(&cases(), &devices).await
}

/// Runs the cases on named devices, and prints for each device how every op did.
async fn verify(cases: &[Case], devices: &[(String, Device)]) -> Result<(), Failure> {
    let mut reports: Vec<Vec<OpReport>> = devices.iter().map(|_| Vec::new()).collect();
    for case in cases {
        let wanted = case.reference()?;
        for ((_, device), ops) in devices.iter().zip(&mut reports) {
            if !case.is_for(device) {
                continue;
            }
            let comparison = match case.compare(device, &wanted).await {
                // Finding shaders that the driver refuses is this command's purpose: it goes on with the other
                // ops.
                Err(error @ Error::Gpu(_)) => {
                    output::note(format_args!("{} {}: {error}", case.op, case.shape));
                    case.comparison(device, f64::INFINITY)
                }
                comparison => comparison?,
            };
            match ops.iter_mut().find(|report| report.op == comparison.op) {
                Some(report) => report.add(comparison),
                None => ops.push(OpReport::new(comparison)),
            }
            if let Device::Gpu(gpu) = device {
                gpu.forget_unused_pipelines();
            }
        }
    }
    let mut all_agree = true;
    for ((name, _), ops) in devices.iter().zip(&reports) {
        all_agree &= print(name, ops)?;
    }
    if all_agree { Ok(()) } else { Err(Failure::Reported) }
}

/// Prints how a device did; whether every op agrees.
fn print(name: &str, ops: &[OpReport]) -> Result<bool, Failure> {
    let mut table = Table::new(&[0, 4]);
    table.row(["op", "cases", "largest error", "tolerance", "result"]);
    for report in ops {
        table.row(report.cells());
    }
    output::print(table)?;
    let failed: Vec<&str> = ops.iter().filter(|report| report.failed > 0).map(|report| report.op).collect();
    if failed.is_empty() {
        output::line(format_args!("{name}: every op agrees with the reference"))?;
        return Ok(true);
    }
    let failed = failed.join(", ");
    output::line(format_args!(
        "{name}: do not trust it with {failed}. Update its driver or use --device cpu"
    ))?;
    Ok(false)
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
        [self.op.to_owned(), self.cases.to_string(), figure(*error), figure(*tolerance), result]
    }
}

/// Error as a part of what is allowed.
fn strain(comparison: &Comparison) -> f64 {
    match comparison.error {
        0.0 => 0.0,
        error => error / comparison.tolerance,
    }
}

fn figure(error: f64) -> String {
    match error {
        0.0 => "0".to_owned(),
        error if error.is_infinite() => "wrong".to_owned(),
        error => format!("{error:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inkgrad::cpu;
    use inkgrad::verify::Tolerance;

    /// One case of two ops, of which the second may be no nearer to its definition than `cpu`.
    fn outcome(cpu: f64) -> Result<(), Failure> {
        let mut cases: Vec<Case> = cases().into_iter().filter(|case| case.shape == "3 x 7").collect();
        cases.truncate(2);
        cases[1].tolerance = Tolerance { cpu, gpu: 0.0, reason: "a test" };
        let device = Device::Cpu(cpu::Device::with_threads(1));
        pollster::block_on(verify(&cases, &[("a device".to_owned(), device)]))
    }

    #[test]
    fn an_op_that_fails_is_a_failure_of_the_command() {
        assert!(outcome(1.0).is_ok());
        let failure = outcome(-1.0).expect_err("nothing is that near");
        assert_eq!(failure.exit_code(), 1);
    }
}
