//! The CPU's ops, measured against their definitions (`inkgrad::reference`), in the shapes of `inkgrad verify` and with every
//! set of vector instructions that this machine has; and those definitions against each other. A GPU goes through the same
//! cases in `inkgrad verify --device gpu`.

mod augment;
mod definitions;
mod dropout;
mod gradients;
mod runs;
mod threads;

use inkgrad::cpu::{self, Level};
use inkgrad::executor::Device;
use inkgrad::plan::Op;
use inkgrad::reference::Values;
use inkgrad::verify::cases;
use pollster::block_on;

#[test]
fn every_op_agrees_with_its_definition_at_every_level() {
    let levels = Level::available().into_iter();
    let device = |level| Device::Cpu(cpu::Device::with_threads(2).with_level(level).unwrap());
    let devices: Vec<(Level, Device)> = levels.map(|level| (level, device(level))).collect();
    let mut faults = Vec::new();
    for case in cases() {
        let wanted = case.reference().unwrap();
        for (level, device) in &devices {
            let comparison = block_on(case.compare(device, &wanted)).unwrap();
            if !comparison.passed() {
                let (error, tolerance) = (comparison.error, comparison.tolerance);
                faults.push(format!("{} {}, {level:?}: {error:.1e} > {tolerance:.1e}", case.op, case.shape));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_op_has_cases() {
    let cases = cases();
    for name in Op::NAMES {
        let count = cases.iter().filter(|case| case.op == *name).count();
        assert!(count >= 4, "{name} has {count}");
    }
}

/// A case's floats, by its definition or as a device gave them.
fn floats(values: &Values) -> &[f64] {
    match values {
        Values::Floats(values) => values,
        other => panic!("floats, not {other:?}"),
    }
}
