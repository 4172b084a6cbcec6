//! `inkgrad read`: the numbers on pages of handwriting.

use std::path::{Path, PathBuf};

use clap::Args;
use inkgrad::output_file::write_aside;
use inkgrad::picture::{annotated, page::Bounds};
use inkgrad::reading::Digit;
use serde::Serialize;

use super::classifier::Classifier;
use super::failure::Failure;
use super::picture_files;
use super::predict::Failures;
use super::{json, output, overwriting};

#[derive(Args)]
pub struct Options {
    /// Pictures of handwritten digits in lines (PNG, JPEG, GIF, BMP, TIFF, WebP), folders of them, or - for standard input. If
    /// the first is a model that `train --save` wrote, it classifies; else the built-in digit classifier does
    #[arg(required = true, value_name = "[MODEL] FILE")]
    paths: Vec<PathBuf>,
    /// Print ? for a digit that is less probable than P, from 0 to 1
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = share)]
    sure: f32,
    /// Print a line of JSON for each picture, with each digit's box and probability
    #[arg(long)]
    json: bool,
    /// Write the picture with boxes and answers drawn over it to this file, as PNG (for one picture)
    #[arg(long, value_name = "OUT.png")]
    annotate: Option<PathBuf>,
    /// CPU threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

fn share(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a number from 0 to 1 is expected".into()),
    }
}

#[derive(Serialize)]
#[serde(tag = "event", rename = "reading")]
struct Line<'a> {
    file: &'a str,
    text: Vec<String>,
    lines: Vec<Vec<Mark>>,
}

#[derive(Serialize)]
struct Mark {
    class: String,
    probability: f32,
    /// Left, top, width and height in pixels of the picture.
    #[serde(rename = "box")]
    bounds: [f32; 4],
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let (model, paths) = picture_files::model_and_files(&options.paths)?;
    if let Some(out) = &options.annotate {
        overwriting::refuse("--annotate", out, options.paths.iter().map(PathBuf::as_path))?;
    }
    let classifier = Classifier::open(model, options.threads)?;
    let mut failures = Failures::default();
    let mut count = 0;
    for input in picture_files::inputs(paths) {
        let read = match input {
            Ok(input) => input.picture().map(|picture| (input, picture)),
            Err(error) => Err(error),
        };
        let (input, picture) = match read {
            Ok(read) => read,
            Err(error) => {
                failures.tell(error);
                continue;
            }
        };
        count += 1;
        if count > 1 && options.annotate.is_some() {
            return Err(Failure::usage("--annotate is for one picture: name one file"));
        }
        let lines = classifier.read(&picture).await?;
        let answer = |digit: &Digit| match digit.probability < options.sure {
            true => "?".to_owned(),
            false => classifier.class(digit.class),
        };
        let text: Vec<String> = lines.iter().map(|line| joined(line.iter().map(answer))).collect();
        let several = paths.len() > 1 || paths.iter().any(|path| path.is_dir());
        print(&options, &classifier, input.path(), &text, &lines, several)?;
        if let Some(out) = &options.annotate {
            let marks: Vec<(Bounds, String)> =
                lines.iter().flatten().map(|digit| (digit.bounds, answer(digit))).collect();
            write_aside(out, &annotated(&picture, &marks)?)?;
        }
    }
    failures.end(count)
}

/// Digits stand side by side; between names of several letters there is a space.
fn joined(answers: impl Iterator<Item = String>) -> String {
    let answers: Vec<String> = answers.collect();
    let has_names = answers.iter().any(|answer| answer.chars().nth(1).is_some());
    answers.join(if has_names { " " } else { "" })
}

fn print(
    options: &Options,
    classifier: &Classifier,
    file: &Path,
    text: &[String],
    lines: &[Vec<Digit>],
    several: bool,
) -> Result<(), Failure> {
    if options.json {
        let mark = |digit: &Digit| {
            let Bounds { top, left, height, width } = digit.bounds;
            let (class, probability) = (classifier.class(digit.class), digit.probability);
            Mark { class, probability, bounds: [left, top, width, height] }
        };
        let lines = lines.iter().map(|line| line.iter().map(mark).collect()).collect();
        return json::line(&Line { file: &file.to_string_lossy(), text: text.to_vec(), lines });
    }
    if several {
        output::line(format_args!("{}:", file.display()))?;
    }
    if text.is_empty() {
        output::note(format_args!("{}: no digits were found", file.display()));
    }
    text.iter().try_for_each(output::line)
}
