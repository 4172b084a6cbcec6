//! `inkgrad eval`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use indicatif::HumanCount;
use inkgrad::model_file::Model;
use inkgrad::train::{Evaluation, evaluate_members, misread};
use serde::Serialize;

use super::data_options::DataOptions;
use super::device::{Chosen, DeviceOptions};
use super::failure::Failure;
use super::table::Table;
use super::waiting::Waiting;
use super::{colours, heat_map, json, output, source};

#[derive(Args)]
pub struct Options {
    /// Model file, as `train --save` writes it
    model: PathBuf,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    device: DeviceOptions,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let model = Arc::new(Model::open(&options.model)?);
    let reading = model.clone();
    let asked = options.data.clone();
    let choice = options.device.choose();
    let (part, chosen) = source::beside(move || source::test_part(&asked, &reading), choice).await?;
    let task = model.network.task;
    part.require(task.shape(), task.classes)?;
    let (network, members, views) = (&model.network, &model.members, model.recipe.views);
    let waiting = Waiting::for_test(part.examples.len());
    let evaluation = evaluate_members(&chosen.device(), network, members, views, &part.examples).await;
    drop(waiting);
    chosen.keep_choices();
    let evaluation = evaluation?;
    for note in &part.notes {
        output::note(format_args!("note: {note}"));
    }
    let accuracy = evaluation.accuracy();
    let reason = misread(&chosen.device(), network, members, views, &part.examples, accuracy).await?;
    if let Some(reason) = &reason {
        output::note(format_args!("note: {reason}"));
    }
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
    output::line(format_args!(
        "each class counted the same: balanced accuracy {:.4}, macro F1 {:.4}",
        evaluation.balanced_accuracy(),
        evaluation.macro_f1(),
    ))?;
    let names = Names(&model.class_names);
    output::print(format_args!("\n{}", by_class(&evaluation, names)))?;
    output::print(confusions(&evaluation, names))
}

/// The names of the classes.
#[derive(Clone, Copy)]
struct Names<'a>(&'a [String]);

impl Names<'_> {
    fn of(self, class: usize) -> String {
        self.0.get(class).cloned().unwrap_or_else(|| class.to_string())
    }

    /// Short enough for the head of a narrow column.
    fn short(self, class: usize) -> String {
        self.of(class).chars().take(MAX_HEAD).collect()
    }

    /// Names begin their column on the left, numbers end theirs on the right.
    fn left(self) -> &'static [usize] {
        if self.0.is_empty() { &[] } else { &[0] }
    }
}

/// Characters of a class's name above a column.
const MAX_HEAD: usize = 6;

fn by_class(evaluation: &Evaluation, names: Names) -> Table {
    let mut table = Table::new(names.left());
    table.row(["class", "images", "precision", "recall"]);
    for class in 0..evaluation.classes {
        table.row([
            names.of(class),
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

fn confusions(evaluation: &Evaluation, names: Names) -> String {
    let classes = 0..evaluation.classes;
    if evaluation.classes > MAX_COLUMNS {
        let pairs =
            classes.clone().flat_map(|label| classes.clone().map(move |predicted| (label, predicted)));
        let mut pairs: Vec<_> =
            pairs.filter(|(l, p)| l != p).map(|(l, p)| (evaluation.count(l, p), l, p)).collect();
        pairs.sort_by_key(|&(count, label, predicted)| (std::cmp::Reverse(count), label, predicted));
        let mut table = Table::new(if names.0.is_empty() { &[] } else { &[0, 1] });
        table.row(["class", "predicted as", "images"]);
        for (count, label, predicted) in pairs.into_iter().take(COMMONEST).filter(|(count, ..)| *count > 0) {
            table.row([names.of(label), names.of(predicted), count.to_string()]);
        }
        return format!("\nMost frequent confusions (--json prints all):\n{table}");
    }
    let title = "Confusion matrix (row: label, column: prediction)";
    if colours::on_results() {
        let (all, heads): (Vec<_>, Vec<_>) =
            classes.map(|class| (names.of(class), names.short(class))).unzip();
        return format!("\n{title}:\n{}", heat_map::lines(evaluation, &all, &heads));
    }
    let heads = std::iter::once("label".to_owned()).chain(classes.clone().map(|class| names.short(class)));
    let mut table = Table::new(names.left());
    table.row(heads);
    for label in classes.clone() {
        let counts = classes.clone().map(|predicted| evaluation.count(label, predicted).to_string());
        table.row(std::iter::once(names.of(label)).chain(counts));
    }
    format!("\n{title}:\n{table}")
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
    /// Mean recall of the classes that have images.
    balanced_accuracy: f64,
    macro_f1: f64,
    /// None if not finite, which JSON cannot express.
    test_loss: Option<f64>,
    classes: Vec<Class<'a>>,
    /// Rows are labels, columns are predictions.
    confusion: Vec<&'a [u32]>,
}

#[derive(Serialize)]
struct Class<'a> {
    class: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    images: u64,
    precision: Option<f64>,
    recall: Option<f64>,
    f1: Option<f64>,
}

impl<'a> Summary<'a> {
    fn of(model: &'a Model, chosen: &'a Chosen, evaluation: &'a Evaluation) -> Self {
        let class = |class| Class {
            class,
            name: model.class_names.get(class).map(String::as_str),
            images: images(evaluation, class),
            precision: evaluation.precision(class),
            recall: evaluation.recall(class),
            f1: evaluation.f1(class),
        };
        Summary {
            task: &model.name,
            device: chosen.kind(),
            adapter: &chosen.name,
            members: model.members.len(),
            images: evaluation.images,
            test_accuracy: evaluation.accuracy(),
            balanced_accuracy: evaluation.balanced_accuracy(),
            macro_f1: evaluation.macro_f1(),
            test_loss: evaluation.loss.is_finite().then_some(evaluation.loss),
            classes: (0..evaluation.classes).map(class).collect(),
            confusion: evaluation.confusion.chunks(evaluation.classes.max(1)).collect(),
        }
    }
}
