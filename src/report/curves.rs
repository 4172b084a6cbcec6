//! What runs recorded while they trained, read from their logs, and its curves.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Axis, Chart, Drawing, Paint, Series};

/// Runs that belong together: seeds of one recipe. Several are drawn as their mean and range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runs {
    pub name: String,
    /// By their seed.
    pub runs: BTreeMap<u64, Run>,
}

/// The values that a run recorded, by the number of steps done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Mean training loss since the record before.
    pub losses: BTreeMap<u64, f64>,
    pub validations: BTreeMap<u64, Validation>,
    /// Mean speed from the start to the last record.
    pub images_per_second: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    pub loss: f64,
    pub accuracy: f64,
}

/// The events of a log that are curves; all others are skipped.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Step {
        seed: u64,
        step: u64,
        loss: f64,
        images_per_second: Option<f64>,
    },
    Validation {
        seed: u64,
        step: u64,
        loss: f64,
        accuracy: f64,
    },
    #[serde(other)]
    Other,
}

impl Runs {
    pub fn new(name: impl Into<String>) -> Self {
        Runs { name: name.into(), runs: BTreeMap::new() }
    }

    /// Adds what a log records (JSON Lines, of `train --log` or `train --json`). A step that is recorded again takes the place of
    /// its record before, as in a run that continues. Other lines are skipped.
    ///
    /// # Errors
    /// What is wrong where no line records a step.
    pub fn read(&mut self, log: &str) -> Result<(), String> {
        let mut has_steps = false;
        for line in log.lines() {
            match serde_json::from_str(line) {
                Ok(Line::Step { seed, step, loss, images_per_second }) => {
                    has_steps = true;
                    self.step(seed, step, loss, images_per_second);
                }
                Ok(Line::Validation { seed, step, loss, accuracy }) => {
                    self.validation(seed, step, Validation { loss, accuracy });
                }
                Ok(Line::Other) | Err(_) => {}
            }
        }
        match has_steps {
            true => Ok(()),
            false => Err("it records no step of a run: a log of `inkgrad train --log FILE` is needed".into()),
        }
    }

    pub fn step(&mut self, seed: u64, step: u64, loss: f64, images_per_second: Option<f64>) {
        let run = self.runs.entry(seed).or_default();
        run.losses.insert(step, loss);
        run.images_per_second = images_per_second.or(run.images_per_second);
    }

    pub fn validation(&mut self, seed: u64, step: u64, validation: Validation) {
        self.runs.entry(seed).or_default().validations.insert(step, validation);
    }

    /// Forgets what was recorded after a step.
    pub fn rewind(&mut self, step: u64) {
        for run in self.runs.values_mut() {
            run.losses.split_off(&(step + 1));
            run.validations.split_off(&(step + 1));
        }
    }

    /// Takes the runs of another log in, as further seeds.
    pub fn join(&mut self, other: Runs) {
        for (seed, run) in other.runs {
            let free = (seed..).find(|seed| !self.runs.contains_key(seed)).unwrap_or(seed);
            self.runs.insert(free, run);
        }
    }

    /// The mean of a value over the runs, and its range where there are several.
    fn curve(
        &self,
        name: String,
        paint: Paint,
        is_dashed: bool,
        values: impl Fn(&Run) -> Vec<(u64, f64)>,
    ) -> Option<Series> {
        let mut at: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for run in self.runs.values() {
            for (step, value) in values(run) {
                at.entry(step).or_default().push(value);
            }
        }
        // Where only some runs have a record (one stopped early), their mean would jump.
        let most = at.values().map(Vec::len).max()?;
        at.retain(|_, values| values.len() == most);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let points = at.iter().map(|(step, values)| [*step as f64, mean(values)]).collect();
        let range = |(step, values): (&u64, &Vec<f64>)| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            [*step as f64, low, high]
        };
        let band = if most > 1 { at.iter().map(range).collect() } else { Vec::new() };
        Some(Series { name, points, band, paint, is_dashed, is_dots: false })
    }
}

fn losses(run: &Run) -> Vec<(u64, f64)> {
    run.losses.iter().map(|(step, loss)| (*step, *loss)).collect()
}

fn validation_losses(run: &Run) -> Vec<(u64, f64)> {
    run.validations.iter().map(|(step, validation)| (*step, validation.loss)).collect()
}

fn accuracies(run: &Run) -> Vec<(u64, f64)> {
    run.validations.iter().map(|(step, validation)| (*step, validation.accuracy)).collect()
}

/// The axis is logarithmic where the largest loss is at least this multiple of the smallest.
const LOG_FROM: f64 = 20.0;

/// The charts of some groups of runs: the loss, and the accuracy where it was validated.
pub fn charts(groups: &[Runs]) -> Vec<Chart> {
    let called = |group: &Runs, what: &str| {
        let seeds = match group.runs.len() {
            1 => String::new(),
            seeds => format!(" (mean and range of {seeds})"),
        };
        match (groups.len(), group.name.is_empty()) {
            (1, _) | (_, true) => format!("{what}{seeds}"),
            _ => format!("{}: {what}{seeds}", group.name),
        }
    };
    let mut loss = Vec::new();
    let mut accuracy = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let paint = Paint::Series(number);
        loss.extend(group.curve(called(group, "training"), paint, false, losses));
        loss.extend(group.curve(called(group, "validation"), paint, true, validation_losses));
        accuracy.extend(group.curve(called(group, "validation"), paint, true, accuracies));
    }
    let values = || loss.iter().flat_map(|series| series.points.iter().map(|point| point[1]));
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let is_log = low > 0.0 && high / low > LOG_FROM;
    let x = || Axis { label: "step".into(), is_log: false };
    let name = match groups {
        [one] if !one.name.is_empty() => format!(" of {}", one.name),
        _ => String::new(),
    };
    let chart = |what: &str, is_log: bool, series| Chart {
        title: format!("{}{name}", what),
        x: x(),
        y: Axis { label: what.to_lowercase(), is_log },
        series,
    };
    let all = [chart("Loss", is_log, loss), chart("Accuracy", false, accuracy)];
    all.into_iter().filter(|chart| !chart.series.is_empty()).collect()
}

/// The charts of some groups of runs in one drawing; none where nothing was recorded.
pub fn drawn(groups: &[Runs]) -> Option<Drawing> {
    let drawings: Vec<Drawing> = charts(groups).iter().filter_map(Chart::draw).collect();
    (!drawings.is_empty()).then(|| Drawing::stacked(drawings))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"event":"start","task":"mlp"}
{"event":"step","seed":3,"step":10,"loss":2.0,"images_per_second":100.0}
{"event":"step","seed":3,"step":20,"loss":1.5,"images_per_second":120.0}
{"event":"validation","seed":3,"step":20,"loss":1.4,"accuracy":0.5}
some other text
{"event":"step","seed":4,"step":10,"loss":4.0,"images_per_second":90.0}
{"event":"step","seed":3,"step":20,"loss":1.0,"images_per_second":130.0}
"#;

    #[test]
    fn a_log_is_read() {
        let mut runs = Runs::new("mine");
        runs.read(LOG).unwrap();
        assert_eq!(runs.runs.keys().collect::<Vec<_>>(), [&3, &4]);
        assert_eq!(losses(&runs.runs[&3]), [(10, 2.0), (20, 1.0)], "what was recorded again counts");
        assert_eq!(runs.runs[&3].images_per_second, Some(130.0));
        assert!(Runs::new("none").read("text\n{}\n").unwrap_err().contains("no step"));
        runs.rewind(10);
        assert_eq!(losses(&runs.runs[&3]), [(10, 2.0)]);
        assert!(runs.runs[&3].validations.is_empty());
    }

    #[test]
    fn several_seeds_are_a_mean_and_a_range() {
        let mut runs = Runs::new("mine");
        runs.read(LOG).unwrap();
        let [loss, accuracy] = &charts(&[runs])[..] else { panic!("two charts") };
        // Step 20 is of one seed alone.
        assert_eq!(loss.series[0].points, [[10.0, 3.0]]);
        assert_eq!(loss.series[0].band, [[10.0, 2.0, 4.0]]);
        assert_eq!(loss.series[0].name, "training (mean and range of 2)");
        assert_eq!(accuracy.series[0].points, [[20.0, 0.5]]);
        assert_eq!(loss.title, "Loss of mine");
    }

    #[test]
    fn logs_join_as_seeds() {
        let mut runs = Runs::new("all");
        runs.read(LOG).unwrap();
        let again = runs.clone();
        runs.join(again);
        assert_eq!(runs.runs.len(), 4);
    }
}
