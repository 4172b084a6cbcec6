//! One training run of `inkgrad train`, of one network or of several seeds at the same time.

use std::path::Path;
use std::time::Duration;

use indicatif::HumanCount;
use inkgrad::executor::{Device, Work};
use inkgrad::model_file::{Model, Weights};
use inkgrad::network::Task;
use inkgrad::train::{
    Evaluation, Event, Session, SessionOptions, Trainer, TrainerOptions, evaluate_members, start_from,
};
use inkgrad::{Error, Result};

use super::announcement;
use super::failure::Failure;
use super::interrupt;
use super::live::{Live, Rhythm};
use super::output;
use super::profiling::Profiling;
use super::run::{Run, Trained};
use super::waiting::Waiting;

/// How often losses are read back: as often as a person can see, at almost no cost.
const READ_BACK: Duration = Duration::from_millis(100);

/// How often a run on a GPU is copied to memory.
const REMEMBER: Duration = Duration::from_secs(20);

/// How many times a run continues after its device was lost. A device that is lost more often is faulty.
const MAX_LOSSES: u32 = 2;

/// A profile with the work that it covers, if one was asked for.
type Profiled = Option<(Profiling, Work)>;

/// The directory as a checkpoint names it, also for a run that continues elsewhere.
fn board_name(dir: &Path) -> String {
    dir.canonicalize().unwrap_or_else(|_| dir.to_owned()).to_string_lossy().into_owned()
}

impl Run<'_> {
    /// Trains one network, with checkpoints and everything else the options ask for, saves it and reports.
    pub async fn train(&self) -> Result<(), Failure> {
        let session = self.prepare(self.settings.seed, 1).await?;
        self.reports.record(announcement::start(self, session.trainer().steps()))?;
        let (trained, profiled) = self.finish(session).await?;
        if let Some(path) = &self.options.save {
            self.model(&trained).save(path)?;
        }
        // Only after the model is saved, so that a failing trace or a closed pipe does not lose it.
        let reported = match &profiled {
            Some((profiling, work)) => profiling.report(self.options, &self.chosen.device(), *work).await,
            None => Ok(()),
        };
        for trained in &trained {
            self.reports.record(announcement::result(self, trained))?;
        }
        reported
    }

    /// A model of one trained network, or of an ensemble.
    pub fn model(&self, trained: &[Trained]) -> Model {
        Model {
            name: self.settings.name.clone(),
            network: self.network.clone(),
            members: trained.iter().map(|trained| trained.weights.clone()).collect(),
            recipe: self.settings.recipe.clone(),
            seed: self.settings.seed,
            steps: trained.first().map_or(0, |trained| trained.kept),
            class_names: self.data.class_names.clone(),
            preparation: self.data.preparation.clone(),
            split: self.data.test_split,
        }
    }

    /// Prepares training `networks` networks at the same time, with seeds starting at `seed`.
    pub async fn prepare(&self, seed: u64, networks: usize) -> Result<Session> {
        let Run { options, settings, data, network, chosen, .. } = *self;
        let (device, split) = (&chosen.device(), &self.split());
        let trainer_options = TrainerOptions {
            seed,
            networks,
            feed: options.feed(),
            profile: options.is_profiled(),
            ..TrainerOptions::default()
        };
        let session_options = self.session_options();
        let Some(checkpoint) = &settings.resumed else {
            let first = match &self.start {
                None => None,
                Some(start) => {
                    let seeds = (0..networks).map(|index| seed + index as u64);
                    let first =
                        seeds.map(|seed| Ok(start_from(start.model, network, &data.class_names, seed)?.0));
                    Some(first.collect::<Result<Vec<Weights>>>()?)
                }
            };
            let recipe = &settings.recipe;
            let trainer = match first {
                None => Trainer::new(device, network, recipe, split, trainer_options).await?,
                Some(first) => {
                    Trainer::from_weights(device, network, recipe, split, trainer_options, &first).await?
                }
            };
            return Session::new(device, trainer, session_options);
        };
        if checkpoint.about.task != Task::from(data) {
            let what = "the checkpoint's run was trained on images of another size";
            return Err(Error::Data(format!("{what}: name them with `--data DIR`")));
        }
        let trainer = Trainer::resume(device, network, split, trainer_options, checkpoint).await?;
        Session::resume(device, trainer, session_options, checkpoint.clone())
    }

    /// Trains all networks of a session to the end, and tests them.
    pub async fn finish(&self, mut session: Session) -> Result<(Vec<Trained>, Profiled), Failure> {
        // Before the first step: a run that is killed and resumed then uses the same shaders.
        self.chosen.keep_choices();
        let before = session.trainer().started();
        let mut live = Live::start(self, session.trainer())?;
        let mut losses = 0;
        loop {
            let done = self.attempt(&mut session, &mut live, before).await;
            match done {
                Err(Failure::Error(Error::DeviceLost(why)))
                    if losses < MAX_LOSSES && self.is_remembered() =>
                {
                    losses += 1;
                    self.recover(&mut session, &mut live, &why).await?;
                }
                done => return done,
            }
        }
    }

    /// Whether copies of the run are kept in memory, to go on from where the device is lost.
    fn is_remembered(&self) -> bool {
        matches!(self.chosen.device(), Device::Gpu(_)) && !self.options.is_profiled()
    }

    /// Goes on from the last copy in memory, after the device was lost.
    async fn recover(&self, session: &mut Session, live: &mut Live<'_>, why: &str) -> Result<(), Failure> {
        live.end();
        output::note(format_args!("note: the GPU was lost ({why}): opening it again"));
        let device = self.chosen.open_again(&self.options.device).await?;
        let step = session.recover(&device).await?;
        output::note(format_args!("note: going on after step {}", HumanCount(step)));
        live.rewind(step)
    }

    /// Runs what is left of the steps, and tests the networks; `before` is the step at which this process began.
    async fn attempt(
        &self,
        session: &mut Session,
        live: &mut Live<'_>,
        before: u64,
    ) -> Result<(Vec<Trained>, Profiled), Failure> {
        let (seconds, profiling) = self.steps(session, live).await?;
        let profiled = profiling.map(|profiling| (profiling, session.trainer().work()));
        let (networks, steps) = (session.trainer().networks(), session.trainer().started());
        let mut finished = Vec::new();
        for index in 0..networks {
            let (weights, kept) = session.weights(index).await?;
            finished.push(Trained {
                seed: session.trainer().seed() + index as u64,
                test: self.test(&weights, steps).await?,
                weights,
                steps,
                kept,
                here: steps - before,
                seconds: seconds / networks as f64,
            });
        }
        Ok((finished, profiled))
    }

    /// Tests the final weights of a run of `steps` steps.
    async fn test(&self, weights: &Weights, steps: u64) -> Result<Evaluation> {
        if !weights.is_finite() {
            return Err(Error::Diverged { step: steps });
        }
        let (device, views) = (&self.chosen.device(), self.settings.recipe.views);
        let members = std::slice::from_ref(weights);
        let _waiting = (!self.options.quiet).then(|| Waiting::for_test(self.data.test.len()));
        let test = evaluate_members(device, self.network, members, views, &self.data.test).await?;
        // The last update may have diverged: no training loss was computed from its parameters.
        match test.loss.is_finite() {
            true => Ok(test),
            false => Err(Error::Diverged { step: steps }),
        }
    }

    fn session_options(&self) -> SessionOptions {
        let Run { settings, data, .. } = *self;
        SessionOptions {
            name: settings.name.clone(),
            validation: (!data.validation.is_empty()).then(|| data.validation.clone()),
            validate_every: settings.validate_every,
            patience: settings.patience,
            checkpoints: settings.checkpoints.clone(),
            checkpoint_every: settings.checkpoint_every,
            device: self.device(),
            board: settings.board.as_deref().map(board_name),
        }
    }

    /// Runs all steps; returns the seconds from the first submission until all are done.
    async fn steps(
        &self,
        session: &mut Session,
        live: &mut Live<'_>,
    ) -> Result<(f64, Option<Profiling>), Failure> {
        let interrupt = interrupt::watch(self.settings.checkpoints.is_some() || self.options.is_profiled())?;
        let mut profiling = Profiling::of(self.options, session.trainer());
        let (mut rhythm, mut memory) = (Rhythm::of(READ_BACK), Rhythm::of(REMEMBER));
        if self.is_remembered() {
            session.remember().await?;
        }
        while !session.is_done() {
            match session.advance().await? {
                Event::Advanced => {
                    if let Some(profiling) = &mut profiling {
                        profiling.block(session).await?;
                    }
                    if self.is_remembered() && memory.is_due() {
                        session.remember().await?;
                    }
                    if rhythm.is_due() {
                        live.losses(&session.losses()?)?;
                    }
                }
                Event::Validated { step, evaluation } => {
                    live.losses(&session.losses()?)?;
                    live.validation(step, &evaluation)?;
                }
                Event::Saved { step, path } => live.checkpoint(step, &path)?,
                Event::StoppedEarly { step, best } => live.stopped_early(step, best),
            }
            if let Some(code) = interrupt.asked_for().filter(|_| !session.is_done()) {
                live.losses(&session.finish().await?)?;
                live.end();
                if let Some(profiling) = profiling {
                    let work = session.trainer().work();
                    profiling.report(self.options, &self.chosen.device(), work).await?;
                }
                return Err(self.interrupted(session, code).await);
            }
        }
        let losses = session.finish().await?;
        let seconds = live.seconds();
        live.losses(&losses)?;
        live.end();
        Ok((seconds, profiling))
    }

    /// After a request to stop, once the step is finished: writes a checkpoint if there is a directory for it, and says how
    /// to continue. The program's exit code is then `code`.
    async fn interrupted(&self, session: &mut Session, code: u8) -> Failure {
        let step = session.trainer().started();
        if let Some(dir) = &self.settings.checkpoints {
            if let Err(error) = session.save().await {
                return error.into();
            }
            announcement::how_to_resume(self, step, dir);
        } else {
            announcement::nothing_saved(step);
        }
        Failure::Interrupted(code)
    }
}
