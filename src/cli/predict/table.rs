//! The images of a table, such as Kaggle's `test.csv`: classified as they are, one image per row.

use std::path::{Path, PathBuf};

use inkgrad::data::{self, Part};

use super::report::Report;
use super::{Options, TOGETHER, save_seen};
use crate::cli::classifier::Classifier;
use crate::cli::failure::Failure;
use crate::cli::output;

/// The table among the files, if it is one; a table is a file of its own.
pub fn of(files: &[PathBuf]) -> Result<Option<&Path>, Failure> {
    match files.iter().find(|file| is_table(file)) {
        None => Ok(None),
        Some(table) if files.len() == 1 => Ok(Some(table)),
        Some(_) => Err(Failure::usage("a table of images is classified by itself: name that file alone")),
    }
}

fn is_table(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    (name.ends_with(".csv") || name.ends_with(".tsv")) && !path.is_dir()
}

/// Classifies its rows. As CSV, in the form in which Kaggle takes answers: the row's number, from 1, and the class.
pub async fn run(options: &Options, classifier: &Classifier, path: &Path) -> Result<(), Failure> {
    let task = classifier.task();
    let wanted = data::Options {
        size: Some([task.height, task.width]),
        channels: Some(task.channels),
        ..data::Options::default()
    };
    let own = Part::read_unlabelled(path, &data::Options::default())?;
    if own.shape() != task.shape() {
        let ([_, height, width], [_, needed_height, needed_width]) = (own.shape(), task.shape());
        output::note(format_args!(
            "note: {}: its images of {height}x{width} pixels are fitted to the network's {needed_height}x{needed_width}: was it trained on such images?",
            path.display()
        ));
    }
    let images = Part::read_unlabelled(path, &wanted)?.examples;
    if images.is_empty() {
        return Err(Failure::usage(format!("{}: no rows of pixels", path.display())));
    }
    let mut report = Report::new(options, classifier);
    if options.csv {
        output::line("ImageId,Label")?;
    }
    for begin in (0..images.len()).step_by(TOGETHER) {
        let end = images.len().min(begin + TOGETHER);
        let some: Vec<Vec<u8>> = (begin..end).map(|at| images.image(at).to_vec()).collect();
        let predictions = classifier.predict(&some).await?;
        for ((row, seen), probabilities) in (begin + 1..).zip(&some).zip(predictions.rows()) {
            if options.csv {
                report.row(row, probabilities)?;
            } else {
                report.picture(Path::new(&format!("{}:{row}", path.display())), probabilities, seen)?;
            }
            if let Some(dir) = &options.save_seen {
                save_seen(dir, row, path, classifier, seen)?;
            }
        }
    }
    Ok(())
}
