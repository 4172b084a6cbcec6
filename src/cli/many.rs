//! `--seeds N` and `--ensemble N`: several runs that differ in their seed alone; on a GPU side by side.

use inkgrad::Error;
use inkgrad::train::{Evaluation, evaluate_members};

use super::failure::Failure;
use super::json::{self, Event};
use super::output;
use super::run::{Run, Trained};
use super::side_by_side::{self, Finished};

pub async fn train(run: &Run<'_>, count: u64) -> Result<(), Failure> {
    let Run { options, plan, data, chosen } = *run;
    let mut done: Vec<(u64, Trained)> = Vec::new();
    let Some(end) = plan.seed.checked_add(count) else {
        let what = format!(
            "--seed {}: there are no {count} seeds from here on. Begin with a smaller one",
            plan.seed
        );
        return Err(Error::Usage(what).into());
    };
    while plan.seed + (done.len() as u64) < end {
        let seed = plan.seed + done.len() as u64;
        let finished = match side_by_side::gpu(run) {
            Some(device) => side_by_side::train(run, device, seed, end - seed).await?,
            None => vec![Finished::alone(seed, run.one(seed, done.is_empty()).await?)],
        };
        for run_of_seed in finished {
            run_of_seed.log(run)?;
            tell(run, run_of_seed.seed, &run_of_seed.trained)?;
            done.push((run_of_seed.seed, run_of_seed.trained));
        }
    }
    spread(run, &done)?;
    let (Some(_), Some((_, first))) = (options.ensemble, done.first()) else { return Ok(()) };
    let (network, kept) = (first.network.clone(), first.kept);
    let members: Vec<_> = done.into_iter().map(|(_, trained)| trained.weights).collect();
    let views = plan.recipe.views;
    let test = evaluate_members(&chosen.device, &network, &members, views, &data.test).await?;
    let (accuracy, loss) = (test.accuracy(), test.loss);
    if let Some(path) = &options.save {
        run.model(&network, members, kept).save(path)?;
    }
    if options.json {
        return json::line(&Event::Ensemble { members: count, test_accuracy: accuracy, test_loss: loss });
    }
    if options.quiet {
        return Ok(());
    }
    output::line(format_args!("ensemble of {count}: loss {loss:.4}, accuracy {accuracy:.4}"))?;
    match &options.save {
        Some(path) => output::line(format_args!("saved: {}", path.display())),
        None => Ok(()),
    }
}

fn tell(run: &Run<'_>, seed: u64, trained: &Trained) -> Result<(), Failure> {
    let Trained { test, seconds, .. } = trained;
    let (accuracy, loss) = (test.accuracy(), test.loss);
    if run.options.json {
        let (test_accuracy, test_loss, train_seconds) = (accuracy, loss, *seconds);
        return json::line(&Event::Seed { seed, test_accuracy, test_loss, train_seconds });
    }
    if run.options.quiet {
        return Ok(());
    }
    output::line(format_args!("seed {seed}: loss {loss:.4}, accuracy {accuracy:.4}, {seconds:.2} s"))
}

/// Mean, standard deviation (of a sample), best and worst accuracy.
fn spread(run: &Run<'_>, done: &[(u64, Trained)]) -> Result<(), Failure> {
    let accuracies: Vec<f64> = done.iter().map(|(_, trained)| Evaluation::accuracy(&trained.test)).collect();
    let count = accuracies.len() as f64;
    let mean = accuracies.iter().sum::<f64>() / count.max(1.0);
    let squares: f64 = accuracies.iter().map(|accuracy| (accuracy - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0).max(1.0)).sqrt();
    let best = accuracies.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let worst = accuracies.iter().copied().fold(f64::INFINITY, f64::min);
    if run.options.json {
        return json::line(&Event::Seeds { seeds: done.len(), mean, deviation, best, worst });
    }
    if run.options.quiet {
        return Ok(());
    }
    output::line(format_args!(
        "{} seeds: accuracy {mean:.5} on average, standard deviation {deviation:.5}, best {best:.4}, worst {worst:.4}",
        done.len()
    ))
}
