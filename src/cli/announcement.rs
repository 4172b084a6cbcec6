//! What `inkgrad train` prints before a run's first step and after its last.

use std::path::Path;

use indicatif::HumanCount;

use super::failure::Failure;
use super::json::{self, Event};
use super::output;
use super::progress::count;
use super::run::{Run, Start, Trained};
use super::shell::quoted;
use super::source;

/// Describes the run of `steps` steps that is about to start.
pub fn start(run: &Run<'_>, steps: u64) -> Result<(), Failure> {
    let Run { options, settings, data, network, chosen, .. } = *run;
    let (task, recipe, split) = (&settings.name, &settings.recipe, run.split());
    let parameters = network.parameter_count();
    options.note(format_args!("device: {chosen}"));
    options.note(format_args!(
        "{task}: {} parameters; {} images of {} x {}{} in {} classes to train, {} to test",
        HumanCount(parameters as u64),
        HumanCount(split.len() as u64),
        data.height,
        data.width,
        in_colour(data.channels),
        data.classes,
        HumanCount(data.test.len() as u64),
    ));
    for note in &data.notes {
        options.note(format_args!("note: {note}"));
    }
    if let (Some(seed), false) = (data.validation_seed, recipe.all_images) {
        let (held_back, all) = (data.validation.len(), data.validation.len() + data.train.len());
        options.note(format_args!(
            "note: {} of the {} training images are held back for validation, the same share of each class (--split-seed {seed})",
            HumanCount(held_back as u64),
            HumanCount(all as u64),
        ));
    }
    if let Some(note) = source::without_images(split.labels(), data.classes) {
        options.note(note);
    }
    if options.loss_reduction.is_some() && options.learning_rate.is_none() {
        let rate = recipe.learning_rate;
        options.note(format_args!("learning rate: {rate} (so that updates stay as large as the recipe's)"));
    }
    if let Some(Start { path, last_layer, .. }) = &run.start {
        let path = path.display();
        let but = if *last_layer { "" } else { ", except for the last layer: the classes differ" };
        options.note(format_args!("starting from the weights of {path}{but}"));
    }
    if let Some(checkpoint) = &settings.resumed {
        for damaged in &settings.damaged {
            options.note(format_args!("note: {damaged}. The checkpoint before it is used"));
        }
        let (step, began) = (HumanCount(checkpoint.about.step), &checkpoint.about.device);
        options.note(format_args!("resuming after step {step} of {}", HumanCount(steps)));
        if settings.is_changed {
            let rate = recipe.learning_rate;
            let (next, steps) = (HumanCount(checkpoint.about.step + 1), HumanCount(steps));
            options.note(format_args!(
                "note: the schedule is another one from here on: from step {next} it is that of a run of {steps} steps with learning rate {rate}"
            ));
        }
        if *began != run.device() {
            options.note(format_args!(
                "note: the run began on {began}; another device rounds differently, so the result will differ slightly"
            ));
        }
    }
    if !options.json {
        return Ok(());
    }
    json::line(&Event::Start {
        task,
        device: chosen.kind(),
        adapter: &chosen.name,
        parameters,
        training_images: split.len(),
        test_images: data.test.len(),
        steps,
        batch: recipe.batch,
        learning_rate: recipe.learning_rate,
        loss_reduction: recipe.loss_reduction,
        seed: settings.seed,
    })
}

/// What is printed after the size of images in colour.
pub fn in_colour(channels: usize) -> &'static str {
    if channels == 1 { "" } else { " in colour," }
}

/// Reports the result of a single network's run.
pub fn result(run: &Run<'_>, trained: &Trained) -> Result<(), Failure> {
    let Run { options, settings, chosen, .. } = *run;
    let Trained { seed, test, steps, here, seconds, .. } = trained;
    let images_per_second = (here * settings.recipe.batch as u64) as f64 / seconds.max(f64::MIN_POSITIVE);
    if options.json {
        let model = options.save.as_ref().map(|path| path.to_string_lossy());
        return json::line(&Event::Result {
            task: &settings.name,
            device: chosen.kind(),
            adapter: &chosen.name,
            steps: *steps,
            batch: settings.recipe.batch,
            seed: *seed,
            train_seconds: *seconds,
            images_per_second,
            test_accuracy: test.accuracy(),
            test_loss: test.loss,
            model: model.as_deref(),
        });
    }
    if options.quiet {
        return Ok(());
    }
    output::line(format_args!(
        "test: loss {:.4}, accuracy {:.4} ({} of {} images)",
        test.loss,
        test.accuracy(),
        HumanCount(test.correct),
        HumanCount(test.images as u64),
    ))?;
    output::line(format_args!(
        "training: {} steps of {} images in {seconds:.3} s, {} images/s",
        HumanCount(*here),
        settings.recipe.batch,
        count(images_per_second),
    ))?;
    saved(run)
}

/// Reports where the model was saved, if it was.
pub fn saved(run: &Run<'_>) -> Result<(), Failure> {
    match &run.options.save {
        Some(path) => output::line(format_args!("saved: {}", path.display())),
        None => Ok(()),
    }
}

/// After a request to stop, with a checkpoint in `dir`.
pub fn how_to_resume(run: &Run<'_>, step: u64, dir: &Path) {
    let options = run.options;
    output::note(format_args!(
        "interrupted after step {}, saved. To continue:\ninkgrad train{}{}{}{}{}{}{} --device {}{}",
        HumanCount(step),
        argument("--resume", Some(dir)),
        argument("--data", options.data.path()),
        options.data.rest(),
        argument("--save", options.save.as_deref()),
        argument("--log", options.log.as_deref()),
        argument("--plot", options.plot.as_deref()),
        argument("--tensorboard", options.tensorboard.as_deref()),
        run.chosen.kind(),
        options.rest(),
    ));
}

/// After a request to stop, without a directory for checkpoints.
pub fn nothing_saved(step: u64) {
    let step = HumanCount(step);
    output::note(format_args!(
        "interrupted after step {step}: nothing was saved (`--checkpoint DIR` would have)"
    ));
}

fn argument(name: &str, path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| format!(" {name} {}", quoted(path.as_os_str())))
}
