//! `inkgrad compare`: whether models differ, by their answers to the same images.

use std::path::PathBuf;

use clap::Args;
use indicatif::HumanCount;
use inkgrad::Error;
use inkgrad::data::Part;
use inkgrad::model_file::Model;
use inkgrad::report::statistics::{holm, mcnemar, wilson};
use inkgrad::train::predict_members;
use serde::Serialize;

use super::data_options::DataOptions;
use super::device::DeviceOptions;
use super::failure::Failure;
use super::table::Table;
use super::{json, output, source};

#[derive(Args)]
pub struct Options {
    /// Model files, as `train --save` writes them
    #[arg(required = true, num_args = 2.., value_name = "MODEL")]
    models: Vec<PathBuf>,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    device: DeviceOptions,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// Below this probability models are said to differ.
const LEVEL: f64 = 0.05;

/// One model's answers.
struct Answers {
    name: String,
    /// Whether the answer to each test image is right.
    right: Vec<bool>,
}

impl Answers {
    fn correct(&self) -> u64 {
        self.right.iter().filter(|right| **right).count() as u64
    }
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let mut models = Vec::new();
    for path in &options.models {
        models.push(Model::open(path)?);
    }
    let chosen = options.device.choose().await?;
    let mut answers = Vec::new();
    let mut labels: Option<Vec<u8>> = None;
    for (path, model) in options.models.iter().zip(&models) {
        // Each model is tested as `eval` tests it, on images prepared as in its training.
        let part: Part = source::test_part(&options.data, model)?;
        let task = model.network.task;
        part.require(task.shape(), task.classes)?;
        let split = &part.examples;
        if labels.as_ref().is_some_and(|labels| labels != split.labels()) {
            let what = "its test images are not those of the first model";
            return Err(Error::Data(format!(
                "{}: {what}: compare models of the same data and classes",
                path.display()
            ))
            .into());
        }
        let device = &chosen.device();
        let predictions =
            predict_members(device, &model.network, &model.members, model.recipe.views, split).await;
        chosen.keep_choices();
        let predictions = predictions?;
        let said = predictions.labels().into_iter().zip(split.labels());
        answers.push(Answers {
            name: path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            right: said.map(|(said, label)| said == usize::from(*label)).collect(),
        });
        labels.get_or_insert_with(|| split.labels().to_vec());
    }
    let pairs = pairs(&answers);
    if options.json {
        return json::line(&Summary::of(&options, &answers, &pairs));
    }
    output::note(format_args!("device: {chosen}"));
    output::print(accuracies(&answers))?;
    output::print(format_args!("\n{}", differences(&answers, &pairs)))?;
    output::line(format_args!(
        "\np: the probability of a difference at least this large between models that are equally good (McNemar's exact test{}).",
        if pairs.len() > 1 { ", Holm's adjustment" } else { "" }
    ))
}

/// How two models' answers differ.
struct Pair {
    first: usize,
    second: usize,
    /// Images that only the one classifies correctly.
    only_first: u64,
    only_second: u64,
    p: f64,
    /// Adjusted for the number of pairs.
    adjusted: f64,
}

fn pairs(answers: &[Answers]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (first, one) in answers.iter().enumerate() {
        for (second, other) in answers.iter().enumerate().skip(first + 1) {
            let only = |wanted: (bool, bool)| {
                one.right.iter().zip(&other.right).filter(|(a, b)| (**a, **b) == wanted).count() as u64
            };
            let (only_first, only_second) = (only((true, false)), only((false, true)));
            let p = mcnemar(only_first, only_second);
            pairs.push(Pair { first, second, only_first, only_second, p, adjusted: p });
        }
    }
    let adjusted = holm(&pairs.iter().map(|pair| pair.p).collect::<Vec<f64>>());
    pairs.iter_mut().zip(adjusted).for_each(|(pair, adjusted)| pair.adjusted = adjusted);
    pairs
}

fn accuracies(answers: &[Answers]) -> Table {
    let mut table = Table::new(&[0]);
    table.row(["model", "accuracy", "95 % interval", "mistakes"]);
    for model in answers {
        let (correct, images) = (model.correct(), model.right.len() as u64);
        let [low, high] = wilson(correct, images);
        table.row([
            model.name.clone(),
            format!("{:.4}", correct as f64 / images.max(1) as f64),
            format!("{low:.4} to {high:.4}"),
            HumanCount(images - correct).to_string(),
        ]);
    }
    table
}

fn differences(answers: &[Answers], pairs: &[Pair]) -> Table {
    let mut table = Table::new(&[0, 1, 5]);
    table.row(["first", "second", "only first right", "only second right", "p", ""]);
    for pair in pairs {
        let (first, second) = (&answers[pair.first].name, &answers[pair.second].name);
        let verdict = match (pair.adjusted < LEVEL, pair.only_first > pair.only_second) {
            (false, _) => "no difference shown".to_owned(),
            (true, true) => format!("{first} is better"),
            (true, false) => format!("{second} is better"),
        };
        table.row([
            first.clone(),
            second.clone(),
            HumanCount(pair.only_first).to_string(),
            HumanCount(pair.only_second).to_string(),
            match pair.adjusted {
                small if small < 0.0001 => "< 0.0001".into(),
                p => format!("{p:.4}"),
            },
            verdict,
        ]);
    }
    table
}

#[derive(Serialize)]
#[serde(tag = "event", rename = "comparison")]
struct Summary {
    images: usize,
    models: Vec<ModelSummary>,
    pairs: Vec<PairSummary>,
}

#[derive(Serialize)]
struct ModelSummary {
    model: String,
    test_accuracy: f64,
    /// The 95 % interval of the accuracy.
    interval: [f64; 2],
}

#[derive(Serialize)]
struct PairSummary {
    /// Indices of the models, from 0.
    first: usize,
    second: usize,
    only_first_correct: u64,
    only_second_correct: u64,
    p: f64,
    p_adjusted: f64,
}

impl Summary {
    fn of(options: &Options, answers: &[Answers], pairs: &[Pair]) -> Self {
        let model = |(path, answers): (&PathBuf, &Answers)| {
            let (correct, images) = (answers.correct(), answers.right.len());
            ModelSummary {
                model: path.to_string_lossy().into_owned(),
                test_accuracy: correct as f64 / images.max(1) as f64,
                interval: wilson(correct, images as u64),
            }
        };
        let pair = |pair: &Pair| PairSummary {
            first: pair.first,
            second: pair.second,
            only_first_correct: pair.only_first,
            only_second_correct: pair.only_second,
            p: pair.p,
            p_adjusted: pair.adjusted,
        };
        Summary {
            images: answers.first().map_or(0, |answers| answers.right.len()),
            models: options.models.iter().zip(answers).map(model).collect(),
            pairs: pairs.iter().map(pair).collect(),
        }
    }
}
