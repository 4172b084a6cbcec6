//! `inkgrad verify`.

use std::collections::BTreeSet;

use clap::Args;
use inkgrad::cpu::Level;
use inkgrad::executor::Device;
use inkgrad::gpu::Kind;
use inkgrad::verify::{Case, Comparison, cases};
use inkgrad::{Error, Result, threads};
use pollster::block_on;

use super::device::DeviceOptions;
use super::failure::Failure;
use super::output;
use super::table::Table;

#[derive(Args)]
pub struct Options {
    /// Ops to compare [default: all]
    ops: Vec<String>,
    #[command(flatten)]
    device: DeviceOptions,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let cases = of_ops(cases(), &options.ops)?;
    let chosen = options.device.choose_to_verify().await?;
    let (which, agreement) = match options.ops.is_empty() {
        true => ("every op".to_owned(), "every op agrees"),
        false => (options.ops.join(", "), "these ops agree"),
    };
    output::note(format_args!("{chosen}: comparing {which} with the reference in float64"));
    let devices = match &chosen.device() {
        Device::Gpu(_) => vec![(chosen.name.clone(), chosen.device())],
        // Each set of vector instructions has code of its own.
        Device::Cpu(cpu) => {
            let levels = Level::available().into_iter();
            let devices = levels.filter_map(|level| cpu.clone().with_level(level));
            devices.map(|device| (device.name(), Device::Cpu(device))).collect()
        }
    };
    verify(&cases, &devices, agreement)
}

/// The cases of these ops; all if none is named.
fn of_ops(mut cases: Vec<Case>, ops: &[String]) -> Result<Vec<Case>, Failure> {
    if let Some(unknown) = ops.iter().find(|op| cases.iter().all(|case| case.op != **op)) {
        let names: BTreeSet<&str> = cases.iter().map(|case| case.op).collect();
        let names: Vec<&str> = names.into_iter().collect();
        return Err(Failure::usage(format!("there is no op `{unknown}`; there are {}", names.join(", "))));
    }
    cases.retain(|case| ops.is_empty() || ops.iter().any(|op| case.op == op));
    Ok(cases)
}

/// How many cases the threads share before unused pipelines are dropped. Compiling takes most of the time, and drivers of real
/// GPUs do it on several threads; software GPUs compile one shader at a time, and the CPU path has threads of its own.
fn at_a_time(devices: &[(String, Device)]) -> usize {
    let is_hardware =
        |device: &Device| matches!(device, Device::Gpu(gpu) if gpu.about().kind != Kind::Software);
    if devices.iter().all(|(_, device)| is_hardware(device)) { 64 } else { 1 }
}

/// Runs the cases on named devices, and prints for each device how every op did.
fn verify(cases: &[Case], devices: &[(String, Device)], agreement: &str) -> Result<(), Failure> {
    let mut reports: Vec<Vec<OpReport>> = devices.iter().map(|_| Vec::new()).collect();
    for cases in cases.chunks(at_a_time(devices)) {
        for compared in threads::map(cases, |case| block_on(compare(case, devices))) {
            for (comparison, ops) in compared?.into_iter().zip(&mut reports) {
                let Some(comparison) = comparison else { continue };
                match ops.iter_mut().find(|report| report.op == comparison.op) {
                    Some(report) => report.add(comparison),
                    None => ops.push(OpReport::new(comparison)),
                }
            }
        }
        for (_, device) in devices {
            if let Device::Gpu(gpu) = device {
                gpu.forget_unused_pipelines();
            }
        }
    }
    let mut all_agree = true;
    for ((name, _), ops) in devices.iter().zip(&reports) {
        all_agree &= print(name, ops, agreement)?;
    }
    if all_agree { Ok(()) } else { Err(Failure::Reported) }
}

/// How each device did in a case, if the case is for it.
async fn compare(case: &Case, devices: &[(String, Device)]) -> Result<Vec<Option<Comparison>>> {
    let wanted = case.reference()?;
    let mut comparisons = Vec::new();
    for (_, device) in devices {
        if !case.is_for(device) {
            comparisons.push(None);
            continue;
        }
        comparisons.push(Some(match case.compare(device, &wanted).await {
            // Finding shaders that the driver refuses is this command's purpose: it goes on with the other ops.
            Err(error @ Error::Gpu(_)) => {
                output::note(format_args!("{} {}: {error}", case.op, case.shape));
                case.comparison(device, f64::INFINITY)
            }
            comparison => comparison?,
        }));
    }
    Ok(comparisons)
}

/// Prints how a device did; whether every op agrees. `agreement` says so, without the rest of the sentence.
fn print(name: &str, ops: &[OpReport], agreement: &str) -> Result<bool, Failure> {
    let mut table = Table::new(&[0, 4]);
    table.row(["op", "cases", "largest error", "tolerance", "result"]);
    for report in ops {
        table.row(report.cells());
    }
    output::print(table)?;
    let failed: Vec<&str> = ops.iter().filter(|report| report.failed > 0).map(|report| report.op).collect();
    if failed.is_empty() {
        output::line(format_args!("{name}: {agreement} with the reference"))?;
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
        verify(&cases, &[("a device".to_owned(), device)], "every op agrees")
    }

    #[test]
    fn ops_are_chosen_by_name() {
        let of = |ops: &[&str]| of_ops(cases(), &ops.iter().map(ToString::to_string).collect::<Vec<_>>());
        let count = |ops: &[&str]| of(ops).map_or(0, |cases| cases.len());
        let (relu, matmul) = (count(&["relu"]), count(&["matmul"]));
        assert!(relu > 0 && matmul > 0 && relu + matmul < count(&[]));
        assert_eq!(count(&["relu", "matmul"]), relu + matmul);
        assert_eq!(of(&["relu", "rulu"]).err().map(|failure| failure.exit_code()), Some(2));
    }

    #[test]
    fn an_op_that_fails_is_a_failure_of_the_command() {
        assert!(outcome(1.0).is_ok());
        let failure = outcome(-1.0).expect_err("nothing is that near");
        assert_eq!(failure.exit_code(), 1);
    }
}
