//! `inkgrad report`: a page that shows what a model does and where it fails.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use inkgrad::data::Split;
use inkgrad::model_file::Model;
use inkgrad::output_file;
use inkgrad::report::{Findings, Page, Runs};
use inkgrad::train::{evaluate_members, misread, occlusion, predict_members};
use inkgrad::{Error, Result};

use super::data_options::DataOptions;
use super::device::{Chosen, DeviceOptions};
use super::failure::Failure;
use super::progress::count;
use super::shell::quoted;
use super::waiting::Waiting;
use super::{output, plot, source};

#[derive(Args)]
pub struct Options {
    /// Model file, as `train --save` writes it
    model: PathBuf,
    /// The page to write: one HTML file that needs nothing else
    #[arg(value_name = "OUT.html")]
    out: PathBuf,
    /// The log of the training (`train --log`), for its curves
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    device: DeviceOptions,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    apart(&options)?;
    let model = Arc::new(Model::open(&options.model)?);
    let runs = options.log.as_deref().map(plot::read).transpose()?;
    output_file::check_writable(&options.out)?;
    let (reading, asked) = (model.clone(), options.data.clone());
    let choice = options.device.choose();
    let (part, chosen) = source::beside(move || source::test_part(&asked, &reading), choice).await?;
    let task = model.network.task;
    part.require(task.shape(), task.classes)?;
    let test = &part.examples;
    let started = Instant::now();
    let (device, network, members) = (&chosen.device(), &model.network, &model.members);
    let views = model.recipe.views;
    // The same evaluation as `inkgrad eval`, so that the figures are the same to the last digit.
    let waiting = Waiting::for_test(test.len());
    let evaluation = evaluate_members(device, network, members, views, test).await;
    chosen.keep_choices();
    let evaluation = evaluation?;
    let seconds = started.elapsed().as_secs_f64();
    let mut notes = part.notes.clone();
    let reason = misread(device, network, members, views, test, evaluation.accuracy()).await?;
    notes.extend(reason.map(|reason| reason.to_string()));
    let predictions = predict_members(device, network, members, views, test).await?;
    let findings = Findings::new(evaluation, &predictions, test);
    let answers = findings.to_look_at();
    let pixels = answers.iter().flat_map(|answer| test.image(answer.image)).copied().collect();
    let images = Split::new(test.image_bytes(), pixels, vec![0; answers.len()])?;
    let classes: Vec<usize> = answers.iter().map(|answer| answer.said).collect();
    let looks = occlusion(device, &model, &images, &classes).await?;
    drop(waiting);
    let page = Page {
        model: &model,
        findings: &findings,
        test,
        runs: runs.as_ref(),
        looks: &looks,
        notes: &notes,
        made: &made(&options, &model, &chosen, runs.as_ref(), seconds),
    };
    let html = page.html()?;
    output_file::write_aside(&options.out, html.as_bytes())?;
    for note in &notes {
        output::note(format_args!("note: {note}"));
    }
    let [low, high] = findings.interval;
    output::line(format_args!(
        "{}: accuracy {:.4} (95 % interval {low:.4} to {high:.4}), page of {} KB: {}",
        model.name,
        findings.evaluation.accuracy(),
        html.len().div_ceil(1000),
        options.out.display()
    ))
}

/// Refuses to overwrite a file that the page is made from.
fn apart(options: &Options) -> Result<()> {
    let same = |path: &Path| match (path.canonicalize(), options.out.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    match [Some(&options.model), options.log.as_ref()].into_iter().flatten().any(|path| same(path)) {
        true => Err(Error::Usage(format!(
            "{} is read to make the page: choose another file for the page",
            options.out.display()
        ))),
        false => Ok(()),
    }
}

/// How the model and the page were made.
fn made(
    options: &Options,
    model: &Model,
    chosen: &Chosen,
    runs: Option<&Runs>,
    seconds: f64,
) -> Vec<(String, String)> {
    let data = match options.data.path() {
        Some(path) => path.display().to_string(),
        None => "MNIST, built in".into(),
    };
    let command: Vec<String> = std::env::args_os().skip(1).map(|argument| quoted(&argument)).collect();
    let mut facts = vec![
        ("training", format!("{} steps of {} images, seed {}", model.steps, model.recipe.batch, model.seed)),
        ("test images", data),
        ("tested on", chosen.name.clone()),
        ("time of the test", format!("{seconds:.2} s")),
        ("inkgrad", env!("CARGO_PKG_VERSION").to_owned()),
        ("this page", format!("inkgrad {}", command.join(" "))),
    ];
    let trained = runs.and_then(|runs| {
        let run = runs.runs.values().next()?;
        let (step, speed) = (run.losses.keys().last()?, run.images_per_second?);
        let seconds = *step as f64 * model.recipe.batch as f64 / speed;
        Some(format!("{seconds:.1} s at {} images/s, by the log", count(speed)))
    });
    if let Some(trained) = trained {
        facts.insert(1, ("time of the training", trained));
    }
    let name = quoted(format!("{}.toml", model.name).as_ref());
    let again =
        format!("save the recipe below as {name}, then inkgrad train --recipe {name} --seed {}", model.seed);
    facts.push(("to train it again", again));
    facts.into_iter().map(|(what, value)| (what.to_owned(), value)).collect()
}
