//! `inkgrad predict`: what is in pictures.

mod report;
mod show;
mod table;

use std::path::{Path, PathBuf};

use clap::Args;
use inkgrad::output_file::write_aside;
use inkgrad::{Error, picture};

use super::classifier::Classifier;
use super::failure::Failure;
use super::output;
use super::picture_files;
use report::Report;

#[derive(Args)]
pub struct Options {
    /// Pictures (PNG, JPEG, GIF, BMP, TIFF, WebP), folders of them, - for standard input, or a table (.csv) of pixels without
    /// labels. If the first is a model that `train --save` wrote, it classifies; else the built-in digit classifier does
    #[arg(required = true, value_name = "[MODEL] FILE")]
    paths: Vec<PathBuf>,
    /// Classes to print, the most probable first
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=256))]
    top: u16,
    /// Print a line of JSON for each picture
    #[arg(long, conflicts_with_all = ["csv", "show"])]
    json: bool,
    /// Print CSV: file, class and probability, then the runners-up; of a table ImageId and Label, as Kaggle takes them
    #[arg(long, conflicts_with = "show")]
    csv: bool,
    /// Draw what the network saw
    #[arg(long)]
    show: bool,
    /// Write what the network saw into this directory, as PNG
    #[arg(long, value_name = "DIR")]
    save_seen: Option<PathBuf>,
    /// CPU threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

/// Pictures that are decoded, and then classified, together: enough to keep all cores busy, few enough for memory.
const TOGETHER: usize = 1024;

pub async fn run(options: Options) -> Result<(), Failure> {
    let (model, paths) = picture_files::model_and_files(&options.paths)?;
    let classifier = Classifier::open(model, options.threads)?;
    if let Some(path) = table::of(paths)? {
        return table::run(&options, &classifier, path).await;
    }
    let mut report = Report::new(&options, &classifier);
    report.begin()?;
    let mut failures = Failures::default();
    let mut inputs = picture_files::inputs(paths);
    loop {
        let mut some = Vec::new();
        for input in inputs.by_ref().take(TOGETHER) {
            match input {
                Ok(input) => some.push(input),
                Err(error) => failures.tell(error),
            }
        }
        if some.is_empty() {
            break;
        }
        let (mut names, mut images) = (Vec::new(), Vec::new());
        for (input, prepared) in some.iter().zip(classifier.prepare(&some)) {
            match prepared {
                Ok(image) => {
                    names.push(input.path());
                    images.push(image);
                }
                Err(error) => failures.tell(error),
            }
        }
        let predictions = classifier.predict(&images).await?;
        for ((name, seen), probabilities) in names.iter().zip(&images).zip(predictions.rows()) {
            if seen.iter().all(|pixel| *pixel == 0) {
                output::note(format_args!("note: {}: nothing is drawn on it", name.display()));
            }
            report.picture(name, probabilities, seen)?;
            if let Some(dir) = &options.save_seen {
                save_seen(dir, report.pictures(), name, &classifier, seen)?;
            }
        }
    }
    failures.end(report.pictures())
}

/// Writes the image that the network saw as `DIR/NUMBER-NAME.png`: pictures of several folders may have one name.
fn save_seen(
    dir: &Path,
    number: usize,
    name: &Path,
    classifier: &Classifier,
    seen: &[u8],
) -> Result<(), Error> {
    std::fs::create_dir_all(dir).map_err(|error| Error::io(dir, error))?;
    let stem = name.file_stem().map_or("picture".into(), |stem| stem.to_string_lossy());
    let stem = if stem == "-" { "standard-input".into() } else { stem };
    let task = classifier.task();
    let png = picture::png(seen, task.height, task.width, task.channels)?;
    write_aside(&dir.join(format!("{number:05}-{stem}.png")), &png)
}

/// Pictures that could not be read: each is reported when it is met, and the command fails after all are
/// done.
#[derive(Default)]
pub struct Failures {
    /// Kept back until the end: the command's own failure.
    first: Option<Error>,
}

impl Failures {
    pub fn tell(&mut self, error: Error) {
        match self.first {
            None => self.first = Some(error),
            Some(_) => output::note(format_args!("inkgrad: error: {error}")),
        }
    }

    /// The command's end, after `done` pictures that could be read.
    pub fn end(self, done: usize) -> Result<(), Failure> {
        match self.first {
            Some(error) => Err(Failure::Error(error)),
            None if done == 0 => Err(Failure::usage(format!(
                "no pictures: files that end in {} are looked for in a folder",
                picture::ENDINGS.join(", ")
            ))),
            None => Ok(()),
        }
    }
}
