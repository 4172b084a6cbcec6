//! `inkgrad eval`.

use std::path::PathBuf;

use clap::Args;
use indicatif::HumanCount;
use inkgrad::model_file::Model;
use inkgrad::train::{Evaluation, evaluate_members};
use serde::Serialize;

use super::device::{Chosen, DeviceOptions};
use super::failure::Failure;
use super::table::Table;
use super::{json, output, source};

#[derive(Args)]
pub struct Options {
    /// Model file, as `train --save` writes it
    model: PathBuf,
    /// Directory whose test images and labels to use instead of the built-in MNIST's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceOptions,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let model = Model::open(&options.model)?;
    let dir = options.data.clone();
    let choice = options.device.choose();
    let (part, chosen) = source::beside(move || source::test_part(dir.as_deref()), choice).await?;
    let task = model.network.task;
    part.require(task.shape(), task.classes)?;
    let (network, members, views) = (&model.network, &model.members, model.recipe.views);
    let evaluation = evaluate_members(&chosen.device, network, members, views, &part.examples).await;
    chosen.keep_choices();
    let evaluation = evaluation?;
    if options.json {
        return json::line(&Summary::of(&model, &chosen, &evaluation));
    }
    output::note(format_args!("device: {chosen}"));
    output::line(format_args!(
        "{}{}: loss {:.4}, accuracy {:.4} ({} of {} images)",
        model.name,
        if model.members.len() > 1 { format!(", {} networks", model.members.len()) } else { String::new() },
        evaluation.loss,
        evaluation.accuracy(),
        HumanCount(evaluation.correct),
        HumanCount(evaluation.images as u64),
    ))?;
    output::print(format_args!("\n{}", by_class(&evaluation)))?;
    output::print(confusions(&evaluation))
}

fn by_class(evaluation: &Evaluation) -> Table {
    let mut table = Table::new(&[]);
    table.row(["class", "images", "precision", "recall"]);
    for class in 0..evaluation.classes {
        table.row([
            class.to_string(),
            images(evaluation, class).to_string(),
            fraction(evaluation.precision(class)),
            fraction(evaluation.recall(class)),
        ]);
    }
    table
}

fn images(evaluation: &Evaluation, class: usize) -> u64 {
    (0..evaluation.classes).map(|predicted| evaluation.count(class, predicted)).sum()
}

/// A class that is never predicted has no precision; one without images has no recall.
fn fraction(value: Option<f64>) -> String {
    value.map_or("-".into(), |value| format!("{value:.4}"))
}

/// With more classes the matrix would be wider than a terminal.
const MAX_COLUMNS: usize = 26;
/// Number of confusions listed when the matrix is too wide.
const COMMONEST: usize = 20;

fn confusions(evaluation: &Evaluation) -> String {
    let classes = 0..evaluation.classes;
    if evaluation.classes > MAX_COLUMNS {
        let pairs =
            classes.clone().flat_map(|label| classes.clone().map(move |predicted| (label, predicted)));
        let mut pairs: Vec<_> =
            pairs.filter(|(l, p)| l != p).map(|(l, p)| (evaluation.count(l, p), l, p)).collect();
        pairs.sort_by_key(|&(count, label, predicted)| (std::cmp::Reverse(count), label, predicted));
        let mut table = Table::new(&[]);
        table.row(["class", "taken for", "images"]);
        for (count, label, predicted) in pairs.into_iter().take(COMMONEST).filter(|(count, ..)| *count > 0) {
            table.row([label, predicted, count as usize].map(|number| number.to_string()));
        }
        return format!("\nMost frequent confusions (--json prints all):\n{table}");
    }
    let heads = std::iter::once("label".to_owned()).chain(classes.clone().map(|class| class.to_string()));
    let mut table = Table::new(&[]);
    table.row(heads);
    for label in classes.clone() {
        let counts = classes.clone().map(|predicted| evaluation.count(label, predicted).to_string());
        table.row(std::iter::once(label.to_string()).chain(counts));
    }
    format!("\nConfusion matrix (row: label, column: prediction):\n{table}")
}

#[derive(Serialize)]
#[serde(tag = "event", rename = "evaluation")]
struct Summary<'a> {
    task: &'a str,
    device: &'a str,
    adapter: &'a str,
    /// Networks whose probabilities are averaged.
    members: usize,
    images: usize,
    test_accuracy: f64,
    /// None if not finite, which JSON cannot express.
    test_loss: Option<f64>,
    classes: Vec<Class>,
    /// Rows are labels, columns are predictions.
    confusion: Vec<&'a [u32]>,
}

#[derive(Serialize)]
struct Class {
    class: usize,
    images: u64,
    precision: Option<f64>,
    recall: Option<f64>,
}

impl<'a> Summary<'a> {
    fn of(model: &'a Model, chosen: &'a Chosen, evaluation: &'a Evaluation) -> Self {
        let class = |class| Class {
            class,
            images: images(evaluation, class),
            precision: evaluation.precision(class),
            recall: evaluation.recall(class),
        };
        Summary {
            task: &model.name,
            device: chosen.kind(),
            adapter: &chosen.name,
            members: model.members.len(),
            images: evaluation.images,
            test_accuracy: evaluation.accuracy(),
            test_loss: evaluation.loss.is_finite().then_some(evaluation.loss),
            classes: (0..evaluation.classes).map(class).collect(),
            confusion: evaluation.confusion.chunks(evaluation.classes.max(1)).collect(),
        }
    }
}
