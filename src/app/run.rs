//! A run under way: blocks of steps, validations in between, the test at its end.

use super::assessment::Assessment;
use super::host::Host;
use super::messages::{Event, Of, Score, Started, Validated};
use super::pace::Pace;
use crate::data::{DataSet, Split};
use crate::error::{Error, Result};
use crate::executor::Device;
use crate::model_file::{Model, Weights};
use crate::network::Network;
use crate::recipe::{Recipe, Views};
use crate::report::{MAX_PICTURES, first_weights};
use crate::train::{Session, SessionOptions, Trainer, TrainerOptions};

/// Validations in a run.
const VALIDATIONS: u64 = 20;
/// Most images that a validation classifies: enough for a curve.
const VALIDATED: usize = 1000;
/// Seconds between two read-backs of losses: as often as a person can see.
const READ_BACK: f64 = 0.05;
/// Seconds between two copies of a run on a GPU.
const REMEMBER: f64 = 20.0;
/// How many times a run continues after its device was lost.
const MAX_LOSSES: u32 = 2;

/// An event, and its attachment.
pub(super) type Outgoing = (Event, Vec<Vec<u8>>);

pub(super) struct Run {
    session: Session,
    pub device: Device,
    pub started: Started,
    is_paused: bool,
    /// Whether the losses of all steps before a pause have been sent.
    is_settled: bool,
    is_stopped: bool,
    /// The model as it will be, without weights.
    model: Model,
    phase: Phase,
    validated: Split,
    validated_of: Of,
    tested: Split,
    tested_of: Of,
    /// Validations begun so far.
    validations: u64,
    /// The losses that were sent, from the first step on.
    losses: Vec<f32>,
    /// The validations that were sent.
    validated_steps: Vec<Validated>,
    pace: Pace,
    assessment_pace: Pace,
    /// When losses were looked for last, and the run copied.
    looked: f64,
    remembered: f64,
    lost: u32,
}

enum Phase {
    Training,
    /// Validating the weights after that many steps.
    Validating(u64, Assessment),
    Testing(Assessment),
}

/// Where a run stands after some work.
pub(super) enum Progress {
    GoesOn,
    /// With this network.
    Ended(Box<Model>),
}

/// What is trained, and how.
pub(super) struct Task<'a> {
    pub name: String,
    pub recipe: Recipe,
    pub network: Network,
    pub data: &'a DataSet,
    pub seed: u64,
    /// The device's id.
    pub device: String,
    /// In place of initial values.
    pub first: Option<Weights>,
}

/// At most `most` images, evenly spread over a split.
fn sample(split: &Split, most: usize) -> Split {
    match split.len() > most {
        true => split.every(split.len().div_ceil(most)),
        false => split.clone(),
    }
}

/// The step after which validation `number`, counted from 1, is due in a run of `steps` steps.
fn due(number: u64, steps: u64) -> u64 {
    let share = number as f64 / VALIDATIONS as f64;
    ((steps as f64 * share * share).ceil() as u64).clamp(number.min(steps), steps)
}

impl Run {
    pub async fn begin(device: Device, task: Task<'_>, now: f64) -> Result<Self> {
        let Task { name, recipe, network, data, seed, device: id, first } = task;
        // Images that a network was trained on say little about its accuracy on others: they are used where there are no others.
        let (validated, validated_of) = match data.validation.is_empty() {
            true => (&data.train, Of::Training),
            false => (&data.validation, Of::Validation),
        };
        let (tested, tested_of) = match data.test.is_empty() {
            true => (validated, validated_of),
            false => (&data.test, Of::Test),
        };
        let options = TrainerOptions { seed, ..TrainerOptions::default() };
        let trainer = match first {
            None => Trainer::new(&device, &network, &recipe, &data.train, options).await?,
            Some(first) => {
                Trainer::from_weights(&device, &network, &recipe, &data.train, options, &[first]).await?
            }
        };
        let started = Started {
            steps: trainer.steps(),
            batch: recipe.batch,
            parameters: network.parameter_count(),
            device: id,
        };
        let pace = Pace::new(1, trainer.block());
        let model = Model {
            name,
            network,
            members: Vec::new(),
            recipe,
            seed,
            steps: 0,
            class_names: data.class_names.clone(),
            preparation: data.preparation.clone(),
            split: data.test_split,
        };
        let mut session = Session::new(&device, trainer, SessionOptions::default())?;
        if let Device::Gpu(_) = device {
            session.remember().await?;
        }
        Ok(Run {
            session,
            assessment_pace: Assessment::pace(&device),
            device,
            started,
            is_paused: false,
            is_settled: false,
            is_stopped: false,
            model,
            phase: Phase::Training,
            validated: sample(validated, VALIDATED),
            validated_of,
            tested: tested.clone(),
            tested_of,
            validations: 0,
            losses: Vec::new(),
            validated_steps: Vec::new(),
            pace,
            looked: now,
            remembered: now,
            lost: 0,
        })
    }

    /// Steps handed to the device.
    pub fn step(&self) -> u64 {
        self.session.trainer().started()
    }

    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    pub fn pause(&mut self, is_paused: bool) {
        (self.is_paused, self.is_settled) = (is_paused, false);
    }

    /// From the next [`Run::advance`] on no further step is begun.
    pub fn stop(&mut self) {
        (self.is_paused, self.is_stopped) = (false, true);
    }

    /// Whether there is work for [`Run::advance`].
    pub fn is_busy(&self) -> bool {
        !(self.is_paused && self.is_settled)
    }

    pub fn scale_rate(&mut self, factor: f32) -> Result<()> {
        self.session.scale_rate(factor)
    }

    /// The losses and validations that were sent.
    pub fn history(&self) -> (&[f32], &[Validated]) {
        (&self.losses, &self.validated_steps)
    }

    /// The network without its weights.
    pub fn plain_model(&self) -> &Model {
        &self.model
    }

    /// The network as it is now. Waits for the device.
    pub async fn model(&self) -> Result<Model> {
        let (weights, steps) = self.session.weights(0).await?;
        Ok(Model { members: vec![weights], steps, ..self.model.clone() })
    }

    /// Does some work, and appends the events that result to `outgoing`. A device that is lost is opened again.
    pub async fn advance<H: Host>(&mut self, host: &mut H, outgoing: &mut Vec<Outgoing>) -> Result<Progress> {
        match self.work(host, outgoing).await {
            Err(Error::DeviceLost(why)) if self.lost < MAX_LOSSES => {
                self.lost += 1;
                self.device = host.open_again(&self.started.device, &self.device).await?;
                let step = self.session.recover(&self.device).await?;
                self.phase = Phase::Training;
                self.losses.truncate(step as usize);
                self.validated_steps.retain(|validated| validated.step <= step);
                self.validations = (0..VALIDATIONS)
                    .take_while(|number| due(number + 1, self.started.steps) <= step)
                    .count() as u64;
                let message = format!("the GPU was lost ({why}) and opened again");
                outgoing.push((Event::Recovered { step, message }, Vec::new()));
                Ok(Progress::GoesOn)
            }
            done => done,
        }
    }

    async fn work<H: Host>(&mut self, host: &mut H, outgoing: &mut Vec<Outgoing>) -> Result<Progress> {
        let before = host.seconds();
        let step = self.step();
        match &mut self.phase {
            _ if self.is_paused => {
                self.is_settled = true;
                self.finish(outgoing).await?;
            }
            Phase::Training | Phase::Validating(..) if self.is_stopped => self.test(outgoing).await?,
            Phase::Training if step >= self.started.steps => self.test(outgoing).await?,
            Phase::Training => {
                let due = due(self.validations + 1, self.started.steps);
                let limit = due.min(step + self.pace.pieces() as u64);
                self.session.advance_to(limit).await?;
                let now = host.seconds();
                self.pace.took(now - before);
                if limit == due && due < self.started.steps {
                    self.validations += 1;
                    self.finish(outgoing).await?;
                    self.validate(outgoing).await?;
                } else if now - self.looked >= READ_BACK {
                    self.looked = now;
                    let losses = self.session.losses()?;
                    self.send_losses(losses, outgoing);
                }
                if matches!(self.device, Device::Gpu(_)) && now - self.remembered >= REMEMBER {
                    self.remembered = now;
                    self.session.remember().await?;
                }
            }
            Phase::Validating(step, assessment) => {
                let network = &self.model.network;
                let is_done = assessment.advance(&self.device, network, self.assessment_pace).await?;
                if is_done {
                    let step = *step;
                    let (score, images) = assessment.score(step)?;
                    let Score { of, loss, accuracy, .. } = score;
                    self.validated_steps.push(Validated { step, of, loss, accuracy });
                    outgoing.push((Event::Validation { step, score }, vec![images]));
                    self.phase = Phase::Training;
                }
                self.assessment_pace.took(host.seconds() - before);
            }
            Phase::Testing(assessment) => {
                let network = &self.model.network;
                let is_done = assessment.advance(&self.device, network, self.assessment_pace).await?;
                if is_done {
                    let (score, images) = assessment.score(step)?;
                    outgoing.push((self.done(step, score), vec![images]));
                    return Ok(Progress::Ended(Box::new(self.model().await?)));
                }
                self.assessment_pace.took(host.seconds() - before);
            }
        }
        Ok(Progress::GoesOn)
    }

    fn done(&self, step: u64, score: Score) -> Event {
        Event::Done { step, stopped: step < self.started.steps, score }
    }

    /// Begins the test.
    async fn test(&mut self, outgoing: &mut Vec<Outgoing>) -> Result<()> {
        self.finish(outgoing).await?;
        let weights = self.weights(outgoing).await?;
        let Model { recipe, network, .. } = &self.model;
        let assessment =
            Assessment::new(self.tested_of, self.tested.clone(), weights, recipe.views, network.task.classes);
        self.phase = Phase::Testing(assessment);
        Ok(())
    }

    async fn validate(&mut self, outgoing: &mut Vec<Outgoing>) -> Result<()> {
        let weights = self.weights(outgoing).await?;
        // One view is enough for a curve.
        let (views, classes) = (Views::Plain, self.model.network.task.classes);
        let assessment = Assessment::new(self.validated_of, self.validated.clone(), weights, views, classes);
        self.phase = Phase::Validating(self.step(), assessment);
        Ok(())
    }

    /// The weights as they are now; also sends the first layer's as pictures.
    async fn weights(&self, outgoing: &mut Vec<Outgoing>) -> Result<Weights> {
        let (weights, step) = self.session.weights(0).await?;
        if !weights.is_finite() {
            return Err(Error::Diverged { step });
        }
        if let Some(first) = first_weights(&self.model.network, &weights) {
            let shown: Vec<&[f32]> = first.values.chunks_exact(first.each()).take(MAX_PICTURES).collect();
            let bytes = shown.concat().iter().flat_map(|value| value.to_le_bytes()).collect();
            let event = Event::Filters {
                step,
                layer: first.layer.to_owned(),
                count: shown.len(),
                channels: first.channels,
                height: first.height,
                width: first.width,
            };
            outgoing.push((event, vec![bytes]));
        }
        Ok(weights)
    }

    /// Waits for the steps in flight, and sends their losses.
    async fn finish(&mut self, outgoing: &mut Vec<Outgoing>) -> Result<()> {
        let losses = self.session.finish().await?;
        self.send_losses(losses, outgoing);
        Ok(())
    }

    fn send_losses(&mut self, losses: Vec<f32>, outgoing: &mut Vec<Outgoing>) {
        if losses.is_empty() {
            return;
        }
        let first = self.losses.len() as u64;
        self.losses.extend(&losses);
        let rate = self.session.trainer().learning_rate(self.losses.len() as u64 - 1);
        outgoing.push((Event::Losses { first, losses, rate }, Vec::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validations_are_more_frequent_at_the_start() {
        let of = |steps: u64| (1..=VALIDATIONS).map(|number| due(number, steps)).collect::<Vec<_>>();
        let thousand = of(1000);
        assert_eq!(thousand[..4], [3, 10, 23, 40]);
        assert_eq!(thousand[19], 1000);
        // A short run is validated after each step, never twice after one.
        assert_eq!(of(5)[..6], [1, 2, 3, 4, 5, 5]);
        for steps in [1, 7, 19, 20, 21, 400, 1 << 31] {
            assert!(of(steps).iter().all(|due| (1..=steps).contains(due)), "{steps}");
            assert!(of(steps).is_sorted());
        }
    }
}
