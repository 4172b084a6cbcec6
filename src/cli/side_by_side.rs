//! Runs of several seeds on a GPU at once. What they print is what they would print one after another, but that a run's
//! seconds are its share of all their seconds, and that what is logged of each is written when all are done.

use inkgrad::executor::Device;
use inkgrad::network::{Network, Task};
use inkgrad::train::{SideBySide, TrainerOptions};
use inkgrad::{Error, gpu};

use super::failure::Failure;
use super::interrupt;
use super::json::{self, Event};
use super::meter::{Meter, Pace, Record};
use super::metrics::Metrics;
use super::progress::{Progress, Rhythm};
use super::run::{EVENTS, Run, Trained};

/// One of the runs, at its end.
pub struct Finished {
    pub seed: u64,
    pub trained: Trained,
    /// What there is to log, each with images a second so far, all runs' together.
    records: Vec<(Record, f64)>,
}

/// The GPU, where nothing is asked for that is done with single runs.
pub fn gpu<'a>(run: &Run<'a>) -> Option<&'a gpu::Device> {
    match &run.chosen.device {
        Device::Gpu(device) if run.plan.validate_every.is_none() => Some(device),
        _ => None,
    }
}

/// Trains `count` seeds from `first` on, or as many of them as the device has room for, at least one.
pub async fn train(
    run: &Run<'_>,
    device: &gpu::Device,
    first: u64,
    count: u64,
) -> Result<Vec<Finished>, Failure> {
    let Run { options, plan, data, .. } = *run;
    let split = run.split();
    let is_first = first == plan.seed;
    let network = Network::new(Task::from(data), plan.recipe.normalisation, &plan.recipe.layers)?;
    let trainer_options = TrainerOptions { seed: first, feed: options.feed(), ..TrainerOptions::default() };
    let most = SideBySide::most(device, &network, &plan.recipe) as u64;
    // Groups of about the same size, where one is not enough.
    let mut nets = count.div_ceil(count.div_ceil(most).max(1)) as usize;
    while nets > 1 {
        let made = SideBySide::new(device, &network, &plan.recipe, &split, nets, trainer_options);
        match made.await {
            Err(Error::OutOfMemory(_)) => nets /= 2,
            made => {
                let runs = made?;
                if is_first {
                    run.announce(&network, runs.steps())?;
                }
                options.say(format_args!("seeds {first} to {} side by side", first + nets as u64 - 1));
                return together(run, &network, runs, first).await;
            }
        }
    }
    Ok(vec![Finished::alone(first, run.one(first, is_first).await?)])
}

async fn together(
    run: &Run<'_>,
    network: &Network,
    mut runs: SideBySide,
    first: u64,
) -> Result<Vec<Finished>, Failure> {
    let (nets, steps) = (runs.nets(), runs.steps());
    let pace = Pace::start(0, steps, run.plan.recipe.batch * nets);
    let mut progress = Progress::new(run.options.quiet, 0, steps);
    let mut meters: Vec<_> = (0..nets).map(|_| (Meter::new(0, steps, EVENTS), Vec::new())).collect();
    let mut known = 0;
    let mut take = |losses: Vec<Vec<f32>>| {
        known += losses.len() as u64;
        let mean = |step: &Vec<f32>| step.iter().sum::<f32>() / nets as f32;
        progress.show(&losses.iter().map(mean).collect::<Vec<f32>>(), known, &pace);
        for (net, (meter, records)) in meters.iter_mut().enumerate() {
            let own: Vec<f32> = losses.iter().map(|step| step[net]).collect();
            let rate = pace.images_per_second(known);
            records.extend(meter.take(&own).into_iter().map(|record| (record, rate)));
        }
    };
    // Nothing of several runs can be saved half-way: Ctrl-C ends the program as it always does.
    interrupt::watch(false)?;
    let mut rhythm = Rhythm::start();
    while !runs.is_done() {
        runs.advance().await?;
        if rhythm.is_due() {
            take(runs.losses()?);
        }
    }
    let rest = runs.finish().await?;
    let seconds = pace.seconds() / nets as f64;
    take(rest);
    progress.end();
    let mut finished = Vec::new();
    for (net, (_, records)) in meters.into_iter().enumerate() {
        let weights = runs.weights(net).await?;
        let test = run.test(network, &weights, steps).await?;
        let trained = Trained {
            network: network.clone(),
            weights,
            test,
            steps,
            kept: steps,
            here: steps,
            seconds,
            profiled: None,
        };
        finished.push(Finished { seed: first + net as u64, trained, records });
    }
    Ok(finished)
}

impl Finished {
    /// A run by itself, which has logged what there was to log.
    pub fn alone(seed: u64, trained: Trained) -> Self {
        Finished { seed, trained, records: Vec::new() }
    }

    /// Writes what the run has to log.
    pub fn log(&self, run: &Run<'_>) -> Result<(), Failure> {
        if self.records.is_empty() {
            return Ok(());
        }
        let mut metrics = Metrics::open(run.options, self.seed, 0)?;
        for (record, images_per_second) in &self.records {
            let images_per_second = *images_per_second;
            let Record { step, loss } = *record;
            let event = Event::Step { seed: self.seed, step, loss, images_per_second };
            metrics.step(record, &event)?;
            if run.options.json {
                json::line(&event)?;
            }
        }
        Ok(())
    }
}
