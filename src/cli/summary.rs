//! `inkgrad summary`: shows a network's layers.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::HumanCount;
use inkgrad::model_file::Model;
use inkgrad::network::{Network, Task};
use inkgrad::plan::fuse;
use inkgrad::recipe::{PRESETS, Recipe};

use super::data_options::DataOptions;
use super::failure::Failure;
use super::table::Table;
use super::{announcement, output, source};

#[derive(Args)]
pub struct Options {
    /// Preset's name, recipe (.toml) or model file
    #[arg(default_value = "softmax", value_name = "PRESET|FILE")]
    what: PathBuf,
    #[command(flatten)]
    data: DataOptions,
    /// Also print the plan of a training step: its ops before fusing, or as fused for a device
    #[arg(long, value_name = "plain|cpu|gpu", require_equals = true, num_args = 0..=1, default_missing_value = "plain")]
    plan: Option<Fused>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Fused {
    Plain,
    Cpu,
    Gpu,
}

/// The task for a preset or a recipe if no data set is given; a model file contains its own.
const MNIST: Task = Task::grey(28, 28, 10);

pub fn run(options: &Options) -> Result<(), Failure> {
    let Shown { name, recipe, network, members } = load(&options.what, &options.data)?;
    let Task { height, width, classes, channels } = network.task;
    let colour = announcement::in_colour(channels);
    output::line(format_args!("{name}: {height} x {width} images{colour} in {classes} classes"))?;
    output::line("")?;
    output::print(layers(&network))?;
    output::line("")?;
    let multiply_adds: u64 = network.layers.iter().map(|layer| layer.multiply_adds()).sum();
    let (parameters, multiply_adds) =
        (HumanCount(network.parameter_count() as u64), HumanCount(multiply_adds));
    output::line(format_args!("{parameters} parameters, {multiply_adds} multiply-adds per image"))?;
    if members > 1 {
        output::line(format_args!("{members} such networks, whose probabilities are averaged"))?;
    }
    if let Some(fused) = options.plan {
        let batch = recipe.batch;
        let plan = network.training_plan(recipe.training_options_on(&[], network.task.classes)?);
        let plan = match fused {
            Fused::Plain => plan,
            Fused::Cpu => fuse::for_cpu(plan),
            Fused::Gpu => fuse::for_gpu(plan),
        };
        output::print(format_args!("\nOne training step of {batch} images:\n{plan}"))?;
    }
    Ok(())
}

struct Shown {
    name: String,
    recipe: Recipe,
    network: Network,
    /// Networks of an ensemble.
    members: usize,
}

fn load(path: &Path, data: &DataOptions) -> Result<Shown, Failure> {
    let preset = PRESETS.iter().map(|(preset, _)| *preset).find(|preset| path == Path::new(preset));
    let is_recipe = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
    if preset.is_none() && !is_recipe {
        if !path.exists() {
            let presets: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
            let presets = presets.join(", ");
            return Err(Failure::usage(format!(
                "`{}` is neither a file nor a preset: presets are {presets}",
                path.display()
            )));
        }
        let Model { name, recipe, network, members, .. } = Model::open(path)?;
        if data.path().is_some() {
            let what = "a model file contains its image size and classes: leave --data out";
            return Err(Failure::usage(what));
        }
        return Ok(Shown { name, recipe, network, members: members.len() });
    }
    let (name, recipe) = source::recipe(preset.unwrap_or_default(), is_recipe.then_some(path))?;
    let task = match data.path() {
        Some(_) => Task::from(&source::data_set(data)?),
        None => MNIST,
    };
    let network = Network::new(task, recipe.normalisation, &recipe.layers)?;
    Ok(Shown { name, recipe, network, members: 1 })
}

fn layers(network: &Network) -> Table {
    let mut table = Table::new(&[0, 1]);
    table.row(["layer", "output", "parameters", "multiply-adds"]);
    table.row(["input".to_owned(), shape(&network.task.shape())]);
    for layer in &network.layers {
        let parameters: usize = network.parameters[layer.parameters.clone()].iter().map(|p| p.len()).sum();
        table.row([
            layer.name.clone(),
            shape(&layer.output),
            HumanCount(parameters as u64).to_string(),
            HumanCount(layer.multiply_adds()).to_string(),
        ]);
    }
    table
}

fn shape(sides: &[usize]) -> String {
    sides.iter().map(|side| side.to_string()).collect::<Vec<_>>().join(" x ")
}
