//! `inkgrad data`: what a data set holds; writes it in another form.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use indicatif::HumanCount;
use inkgrad::data::{DataSet, Statistics, sheet, write};
use serde::Serialize;

use super::data_options::Reading;
use super::failure::Failure;
use super::overwriting::{is_of_images, would_overwrite};
use super::table::Table;
use super::{json, output};

#[derive(Args)]
pub struct Options {
    /// Directory, file or zip archive of labelled images, as for `train --data`
    path: PathBuf,
    #[command(flatten)]
    how: Reading,
    /// Write the first images of each class to this file, as one picture (PNG)
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// Write the data into this directory, which must be new or empty
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// How to write it: as IDX files, or as folders of pictures
    #[arg(long, value_name = "FORM", default_value = "idx", requires = "write")]
    form: FormChoice,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormChoice {
    Idx,
    Pictures,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    if let Some(path) = options.sheet.as_deref().filter(|path| is_of_images(path, &options.path)) {
        return Err(would_overwrite("--sheet", path, "one of the images").into());
    }
    let set = DataSet::read(&options.path, &options.how.options())?;
    if let Some(path) = &options.sheet {
        sheet::write(&set, path)?;
    }
    if let Some(dir) = &options.write {
        let form = match options.form {
            FormChoice::Idx => write::Form::Idx,
            FormChoice::Pictures => write::Form::Pictures,
        };
        write::write(&set, dir, form)?;
    }
    let statistics = Statistics::of(&set);
    if options.json {
        return json::line(&Summary::of(&set, &statistics));
    }
    for note in &set.notes {
        output::note(format_args!("note: {note}"));
    }
    let colours = if set.channels == 1 { "grey" } else { "colour" };
    let count = |images: usize| HumanCount(images as u64);
    output::line(format_args!(
        "{} x {} images in {colours}, {} classes: {} to train, {} for validation, {} to test",
        set.height,
        set.width,
        set.classes,
        count(set.train.len()),
        count(set.validation.len()),
        count(set.test.len()),
    ))?;
    let numbers = |values: &[f64]| {
        let texts: Vec<String> = values.iter().map(|value| format!("{value:.4}")).collect();
        texts.join(", ")
    };
    output::line(format_args!(
        "normalisation: mean {}, deviation {} (pixels from 0 to 1)",
        numbers(&statistics.mean),
        numbers(&statistics.deviation)
    ))?;
    output::line(format_args!(
        "duplicates: {} test images are also among the others",
        statistics.duplicates
    ))?;
    let mut table = Table::new(if set.class_names.is_empty() { &[] } else { &[0] });
    table.row(["class", "train", "validation", "test"]);
    for (class, counts) in statistics.counts.iter().enumerate() {
        let name = set.class_names.get(class).cloned().unwrap_or_else(|| class.to_string());
        table.row(std::iter::once(name).chain(counts.iter().map(ToString::to_string)));
    }
    output::print(format_args!("\n{table}"))?;
    for path in [&options.sheet, &options.write].into_iter().flatten() {
        output::line(format_args!("written: {}", path.display()))?;
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(tag = "event", rename = "data")]
struct Summary<'a> {
    height: usize,
    width: usize,
    channels: usize,
    training_images: usize,
    validation_images: usize,
    test_images: usize,
    /// Of each channel, pixels from 0 to 1.
    mean: &'a [f64],
    deviation: &'a [f64],
    duplicates: usize,
    classes: Vec<Class<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Class<'a> {
    class: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    train: usize,
    validation: usize,
    test: usize,
}

impl<'a> Summary<'a> {
    fn of(set: &'a DataSet, statistics: &'a Statistics) -> Self {
        let classes = statistics.counts.iter().enumerate().map(|(class, &[train, validation, test])| Class {
            class,
            name: set.class_names.get(class).map(String::as_str),
            train,
            validation,
            test,
        });
        Summary {
            height: set.height,
            width: set.width,
            channels: set.channels,
            training_images: set.train.len(),
            validation_images: set.validation.len(),
            test_images: set.test.len(),
            mean: &statistics.mean,
            deviation: &statistics.deviation,
            duplicates: statistics.duplicates,
            classes: classes.collect(),
            notes: &set.notes,
        }
    }
}
