//! `verify`, case by case.

use std::vec::IntoIter;

use super::host::Host;
use super::messages::Event;
use crate::error::{Error, Result};
use crate::executor::Device;
use crate::verify::{Case, cases};

/// Seconds of work at a time.
const AT_A_TIME: f64 = 0.05;

/// Ops that are compared with their definitions.
pub(super) struct Verification {
    device: Device,
    cases: IntoIter<Case>,
    passed: usize,
    failed: usize,
}

impl Verification {
    pub fn new(device: Device) -> Self {
        let cases: Vec<Case> = cases().into_iter().filter(|case| case.is_for(&device)).collect();
        Verification { device, cases: cases.into_iter(), passed: 0, failed: 0 }
    }

    /// Cases that are left.
    pub fn left(&self) -> usize {
        self.cases.len()
    }

    /// Compares some cases more; whether all are done.
    pub async fn advance<H: Host>(&mut self, host: &H, events: &mut Vec<Event>) -> Result<bool> {
        let start = host.seconds();
        for case in self.cases.by_ref() {
            let wanted = case.reference()?;
            let comparison = match case.compare(&self.device, &wanted).await {
                // A shader that the driver refuses is what this is there to find: the other ops go on.
                Err(Error::Gpu(_)) => case.comparison(&self.device, f64::INFINITY),
                comparison => comparison?,
            };
            if let Device::Gpu(gpu) = &self.device {
                gpu.forget_unused_pipelines();
            }
            let passed = comparison.passed();
            self.passed += usize::from(passed);
            self.failed += usize::from(!passed);
            events.push(Event::Verified {
                op: comparison.op,
                case: comparison.shape,
                passed,
                error: comparison.error,
                tolerance: comparison.tolerance,
            });
            if host.seconds() - start > AT_A_TIME {
                return Ok(false);
            }
        }
        events.push(Event::VerifiedAll { passed: self.passed, failed: self.failed });
        Ok(true)
    }
}
