//! `--seeds N` and `--ensemble N`: networks that differ only in their seed, trained at the same time if the device can.

use inkgrad::Error;
use inkgrad::model_file::Model;
use inkgrad::train::{Trainer, evaluate_members};

use super::announcement;
use super::failure::Failure;
use super::json::{self, Event};
use super::output;
use super::run::{Run, Trained};
use super::waiting::Waiting;

/// Trains `count` seeds, starting at the settings' seed; saves the ensemble if one was asked for.
pub async fn train(run: &Run<'_>, count: u64) -> Result<(), Failure> {
    let Run { options, settings, .. } = *run;
    let Some(end) = settings.seed.checked_add(count) else {
        return Err(Failure::usage(format!(
            "--seed {}: fewer than {count} seeds follow. Start with a smaller one",
            settings.seed
        )));
    };
    let mut finished: Vec<Trained> = Vec::new();
    let mut seed = settings.seed;
    while seed < end {
        for trained in group(run, seed, end - seed).await? {
            run.reports.record(one_seed(run, &trained))?;
            seed = trained.seed + 1;
            finished.push(trained);
        }
    }
    let model = options.ensemble.map(|_| run.model(&finished));
    // Before anything that may fail.
    if let (Some(path), Some(model)) = (&options.save, &model) {
        model.save(path)?;
    }
    run.reports.record(all_seeds(run, &finished))?;
    match model {
        Some(model) => ensemble(run, &model).await,
        None => Ok(()),
    }
}

/// Trains seed `first` and as many of the next `count` seeds as can train at the same time.
async fn group(run: &Run<'_>, first: u64, count: u64) -> Result<Vec<Trained>, Failure> {
    let Run { options, settings, network, chosen, .. } = *run;
    // Only runs of one network can validate.
    let most = match settings.validate_every {
        None => Trainer::most_networks(&chosen.device(), network, &settings.recipe) as u64,
        Some(_) => 1,
    };
    // If one group cannot hold them all, all groups are of about the same size.
    let mut networks = count.div_ceil(count.div_ceil(most)) as usize;
    let session = loop {
        match run.prepare(first, networks).await {
            Err(Error::OutOfMemory(_)) if networks > 1 => networks /= 2,
            session => break session?,
        }
    };
    if first == settings.seed {
        run.reports.record(announcement::start(run, session.trainer().steps()))?;
    }
    if networks > 1 {
        options.note(format_args!("seeds {first} to {} in one run", first + networks as u64 - 1));
    }
    let (trained, _) = run.finish(session).await?;
    Ok(trained)
}

fn one_seed(run: &Run<'_>, trained: &Trained) -> Result<(), Failure> {
    let Trained { seed, test, seconds, .. } = trained;
    let (accuracy, loss) = (test.accuracy(), test.loss);
    if run.options.json {
        return json::line(&Event::Seed {
            seed: *seed,
            test_accuracy: accuracy,
            test_loss: loss,
            train_seconds: *seconds,
        });
    }
    if run.options.quiet {
        return Ok(());
    }
    output::line(format_args!("seed {seed}: loss {loss:.4}, accuracy {accuracy:.4}, {seconds:.2} s"))
}

fn all_seeds(run: &Run<'_>, finished: &[Trained]) -> Result<(), Failure> {
    let accuracies: Vec<f64> = finished.iter().map(|trained| trained.test.accuracy()).collect();
    let (seeds, Spread { mean, deviation, best, worst }) = (accuracies.len(), Spread::of(&accuracies));
    if run.options.json {
        return json::line(&Event::Seeds { seeds, mean, deviation, best, worst });
    }
    if run.options.quiet {
        return Ok(());
    }
    output::line(format_args!(
        "{seeds} seeds: mean accuracy {mean:.5}, standard deviation {deviation:.5}, best {best:.4}, worst {worst:.4}"
    ))
}

/// Tests the ensemble.
async fn ensemble(run: &Run<'_>, model: &Model) -> Result<(), Failure> {
    let Run { options, settings, data, network, chosen, reports, .. } = *run;
    let views = settings.recipe.views;
    let waiting = (!options.quiet).then(|| Waiting::for_test(data.test.len()));
    let test = evaluate_members(&chosen.device(), network, &model.members, views, &data.test).await?;
    drop(waiting);
    let (members, accuracy, loss) = (model.members.len() as u64, test.accuracy(), test.loss);
    if options.json {
        let event = Event::Ensemble { members, test_accuracy: accuracy, test_loss: loss };
        return reports.record(json::line(&event));
    }
    if options.quiet {
        return Ok(());
    }
    let result = format_args!("ensemble of {members}: loss {loss:.4}, accuracy {accuracy:.4}");
    reports.record(output::line(result))?;
    reports.record(announcement::saved(run))
}

/// Statistics over several runs.
struct Spread {
    mean: f64,
    /// Sample standard deviation (divided by count - 1).
    deviation: f64,
    best: f64,
    worst: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count.max(1.0);
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Spread {
            mean,
            deviation: (squares / (count - 1.0).max(1.0)).sqrt(),
            best: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            worst: values.iter().copied().fold(f64::INFINITY, f64::min),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        let Spread { mean, deviation, best, worst } = Spread::of(&[0.5, 0.7, 0.9]);
        assert!((mean - 0.7).abs() < 1e-12 && (deviation - 0.2).abs() < 1e-12, "{mean} {deviation}");
        assert_eq!((best, worst), (0.9, 0.5));
        assert_eq!(Spread::of(&[0.5]).deviation, 0.0);
    }
}
