//! How the learning rate changes over a run.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// How the learning rate changes during a run: the factor that it is multiplied by in each step. Formulas are those of
/// PyTorch's `torch.optim.lr_scheduler`, stepped once per batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    #[default]
    Constant,
    /// Multiplied by `factor` after every `every` epochs (`StepLR`).
    Step { factor: f64, every: f64 },
    /// Decays by `factor` over `every` epochs, a little in each step (`ExponentialLR`, but smooth).
    Exponential {
        factor: f64,
        #[serde(default = "one")]
        every: f64,
    },
    /// Linear from 1 to `end` (`LinearLR`).
    Linear {
        #[serde(default)]
        end: f64,
    },
    /// Half a cosine from 1 down to `end` (Loshchilov and Hutter 2017; `CosineAnnealingLR`).
    Cosine {
        #[serde(default)]
        end: f64,
    },
    /// Rises from `start` to 1 during the first `peak` (a fraction) of the run, then falls to `end`, both as half a cosine
    /// (Smith and Topin 2019; `OneCycleLR`, whose `div_factor` is 1 / start and whose `final_div_factor` is start / end).
    OneCycle {
        #[serde(default = "peak")]
        peak: f64,
        #[serde(default = "start")]
        start: f64,
        #[serde(default = "end")]
        end: f64,
    },
}

fn one() -> f64 {
    1.0
}

fn peak() -> f64 {
    0.3
}

fn start() -> f64 {
    0.04
}

fn end() -> f64 {
    4e-6
}

/// A step's position in a run.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Steps before this one.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Steps per pass over the training images.
    pub steps_an_epoch: f64,
}

impl Schedule {
    /// The factor for the learning rate.
    pub fn factor(&self, at: Position) -> f64 {
        let (step, steps) = (at.step as f64, at.steps.max(1) as f64);
        let epochs = step / at.steps_an_epoch;
        match *self {
            Schedule::Constant => 1.0,
            // The small addition keeps rounding from ending an epoch one step late.
            Schedule::Step { factor, every } => factor.powf((epochs / every + 1e-9).floor()),
            Schedule::Exponential { factor, every } => factor.powf(epochs / every),
            Schedule::Linear { end } => 1.0 + (end - 1.0) * step / steps,
            Schedule::Cosine { end } => half_cosine(1.0, end, step / steps),
            Schedule::OneCycle { peak, start, end } => {
                let (top, last) = (peak * steps - 1.0, steps - 1.0);
                match step <= top {
                    true => half_cosine(start, 1.0, if top > 0.0 { step / top } else { 1.0 }),
                    false => half_cosine(1.0, end, ((step - top) / (last - top)).min(1.0)),
                }
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let positive = |name: &str, value: f64| match value.is_finite() && value > 0.0 {
            true => Ok(()),
            false => Err(format!("schedule: {name} = {value}: a number above zero is needed")),
        };
        let fraction = |name: &str, value: f64| match (0.0..=1.0).contains(&value) {
            true => Ok(()),
            false => Err(format!("schedule: {name} = {value}: from 0 to 1")),
        };
        match *self {
            Schedule::Constant => Ok(()),
            Schedule::Step { factor, every } | Schedule::Exponential { factor, every } => {
                positive("factor", factor).and(positive("every", every))
            }
            Schedule::Linear { end } | Schedule::Cosine { end } => fraction("end", end),
            Schedule::OneCycle { peak, start, end } => {
                fraction("peak", peak).and(fraction("start", start)).and(fraction("end", end))
            }
        }
    }
}

/// From `from` to `to` as `progress` goes from 0 to 1, slowly at both ends.
fn half_cosine(from: f64, to: f64, progress: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * progress).cos()) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(schedule: Schedule) -> Vec<f64> {
        (0..10).map(|step| schedule.factor(Position { step, steps: 10, steps_an_epoch: 2.0 })).collect()
    }

    #[test]
    fn schedules_go_where_they_say() {
        assert_eq!(factors(Schedule::Step { factor: 0.5, every: 2.0 })[3..5], [1.0, 0.5]);
        let exponential = factors(Schedule::Exponential { factor: 0.81, every: 1.0 });
        assert!((exponential[1] - 0.9).abs() < 1e-12 && (exponential[2] - 0.81).abs() < 1e-12);
        assert_eq!(factors(Schedule::Linear { end: 0.0 })[5], 0.5);
        assert!((factors(Schedule::Cosine { end: 0.0 })[5] - 0.5).abs() < 1e-12);
        let one_cycle = factors(Schedule::OneCycle { peak: 0.3, start: 0.04, end: 0.0 });
        assert!((one_cycle[0] - 0.04).abs() < 1e-12);
        assert!((one_cycle[2] - 1.0).abs() < 1e-12);
        assert!(one_cycle[9].abs() < 1e-12);
    }

    #[test]
    fn short_runs_stay_finite() {
        for steps in 1..4 {
            for step in 0..steps {
                let at = Position { step, steps, steps_an_epoch: 550.0 };
                let factor = Schedule::OneCycle { peak: 0.3, start: 0.04, end: 4e-6 }.factor(at);
                assert!((0.0..=1.0).contains(&factor), "{step} of {steps}: {factor}");
            }
        }
    }
}
