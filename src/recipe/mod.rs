//! Recipes: everything about a training run except the data and the device, written in TOML.

mod class_weights;
mod mistake;
mod plain_words;
mod schedule;
mod views;

pub use class_weights::ClassWeights;
pub use mistake::Mistake;
pub use schedule::{Position, Schedule};
pub use views::{View, Views};

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::network::{LayerSpec, LossReduction, Network, Normalisation, Optimiser, Task, TrainingOptions};
use crate::plan::ops::Strengths;
use plain_words::in_plain_words;

/// The fields of a recipe file, which `docs/recipe-file.md` describes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Images per step.
    pub batch: usize,
    /// How long to train: either steps, or epochs (passes over the training images).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f64>,
    pub learning_rate: f32,
    /// Epochs, or a fraction of one, over which the learning rate rises to what the schedule says.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warm_up_epochs: f64,
    #[serde(default)]
    pub loss_reduction: LossReduction,
    /// Fraction of the target that is spread evenly over all classes.
    #[serde(default, skip_serializing_if = "is_zero_f32")]
    pub label_smoothing: f32,
    /// What each class weighs in the loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<ClassWeights>,
    /// Largest norm of the gradient; larger gradients are scaled down to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f32>,
    pub optimiser: Optimiser,
    #[serde(default)]
    pub schedule: Schedule,
    /// Averages the weights over the steps; the trained model then has the average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<Average>,
    #[serde(default)]
    pub normalisation: Normalisation,
    #[serde(default, skip_serializing_if = "is_unchanged")]
    pub augmentation: Strengths,
    /// Trains on the validation images too: for a recipe whose choices have been made.
    #[serde(default, skip_serializing_if = "is_no")]
    pub all_images: bool,
    /// Which views of an image are classified when the trained network is used.
    #[serde(default, skip_serializing_if = "Views::is_plain")]
    pub views: Views,
    pub layers: Vec<LayerSpec>,
}

/// Exponential moving average of the weights (Polyak and Juditsky 1992). As in TensorFlow's ExponentialMovingAverage the
/// decay of step t is at most (1 + t) / (10 + t), so that the initial weights are soon forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Average {
    /// Weight of the old average in the new, from 0 to less than 1.
    pub decay: f64,
}

impl Average {
    /// Fraction of the way that the average moves towards the weights in step `step`, counted from 0.
    pub fn rate(&self, step: u64) -> f32 {
        let step = step as f64;
        (1.0 - self.decay.min((1.0 + step) / (10.0 + step))) as f32
    }
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

fn is_zero_f32(value: &f32) -> bool {
    *value == 0.0
}

fn is_no(value: &bool) -> bool {
    !value
}

fn is_unchanged(strengths: &Strengths) -> bool {
    *strengths == Strengths::default()
}

/// The presets' names and texts.
pub const PRESETS: &[(&str, &str)] = &[
    ("softmax", include_str!("presets/softmax.toml")),
    ("mlp", include_str!("presets/mlp.toml")),
    ("lenet5", include_str!("presets/lenet5.toml")),
    ("cnn", include_str!("presets/cnn.toml")),
    ("fast", include_str!("presets/fast.toml")),
    ("record", include_str!("presets/record.toml")),
    ("colour", include_str!("presets/colour.toml")),
];

/// More steps than any run needs; step numbers stay exact in every type that holds them.
const MAX_STEPS: u64 = 1 << 31;

impl Recipe {
    /// One of the [`PRESETS`].
    ///
    /// # Errors
    /// `Usage` where there is no such preset.
    pub fn preset(name: &str) -> Result<Self> {
        Self::parse(Path::new(name), Self::preset_text(name)?)
    }

    /// The TOML of one of the [`PRESETS`].
    pub fn preset_text(name: &str) -> Result<&'static str> {
        match PRESETS.iter().find(|(preset, _)| *preset == name) {
            Some((_, text)) => Ok(text),
            None => {
                let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
                Err(Error::Usage(format!("no preset `{name}`: there are {}", names.join(", "))))
            }
        }
    }

    /// Reads a recipe's text; `path` names it in errors.
    ///
    /// # Errors
    /// `BadFile` with the line, and the field where it is known.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let recipe: Recipe = toml::from_str(text).map_err(|error| {
            Error::bad_file(
                path,
                mistake::describe(text).unwrap_or_else(|| {
                    error.to_string().replace(error.message(), &in_plain_words(error.message()))
                }),
            )
        })?;
        recipe.check().map_err(|what| Error::bad_file(path, what))?;
        Ok(recipe)
    }

    /// As [`Recipe::parse`], for programs that show the text: the error says where the mistake is.
    ///
    /// # Errors
    /// The first mistake.
    pub fn read(text: &str) -> Result<Self, Mistake> {
        let recipe: Recipe = toml::from_str(text).map_err(|error| match mistake::find(text) {
            Some((at, what)) => Mistake::at(text, at, what),
            None => match error.span() {
                Some(span) => Mistake::at(text, span.start, in_plain_words(error.message())),
                None => Mistake { what: in_plain_words(error.message()), at: None },
            },
        })?;
        recipe.check().map_err(|what| {
            // Such a message begins with the field that it is about.
            let name = what.split([' ', ':']).next().unwrap_or_default();
            match mistake::field(text, name) {
                Some(at) => Mistake::at(text, at, what),
                None => Mistake { what, at: None },
            }
        })?;
        Ok(recipe)
    }

    /// As [`Network::new`](crate::network::Network::new) with this recipe, whose TOML is `text`; the error says
    /// where the mistake is.
    ///
    /// # Errors
    /// A layer that does not fit the images or the layers before it.
    pub fn network(&self, text: &str, task: Task) -> Result<Network, Mistake> {
        Network::new(task, self.normalisation, &self.layers).map_err(|error| {
            let what = error.to_string();
            // The first layer that does not fit is the one after the longest run of first layers that make a
            // network.
            let fits = |count: &usize| {
                let specs = &self.layers[..*count];
                !matches!(Network::new(task, self.normalisation, specs), Err(Error::Recipe(other)) if other == what)
            };
            let last = (0..=self.layers.len()).take_while(fits).last();
            match last.and_then(|last| mistake::layer(text, last)) {
                Some(at) => Mistake::at(text, at, what),
                None => Mistake { what, at: None },
            }
        })
    }

    /// Checks what the fields' types cannot.
    pub fn check(&self) -> Result<(), String> {
        if self.batch == 0 || self.batch > 1 << 20 {
            return Err(format!("batch = {}: from 1 to {} images per step", self.batch, 1 << 20));
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return Err(format!("learning_rate = {}: a number above zero is required", self.learning_rate));
        }
        if !(self.warm_up_epochs.is_finite() && self.warm_up_epochs >= 0.0) {
            return Err(format!("warm_up_epochs = {}: zero or more is required", self.warm_up_epochs));
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            return Err(format!("label_smoothing = {}: from 0 to less than 1", self.label_smoothing));
        }
        if let Some(norm) = self.clip_norm.filter(|norm| !(norm.is_finite() && *norm > 0.0)) {
            return Err(format!("clip_norm = {norm}: a number above zero is required"));
        }
        if let Some(Average { decay }) = self.average.filter(|a| !(0.0..1.0).contains(&a.decay)) {
            return Err(format!("average: decay = {decay}: from 0 to less than 1"));
        }
        if let Some(weights) = &self.class_weights {
            weights.check()?;
        }
        self.optimiser.check()?;
        self.schedule.check()?;
        self.augmentation.check()?;
        match (self.steps, self.epochs) {
            (None, None) | (Some(_), Some(_)) => {
                Err("exactly one of `steps` and `epochs` must say how long to train".into())
            }
            (Some(steps), _) if steps == 0 || steps > MAX_STEPS => {
                Err(format!("steps = {steps}: from 1 to {MAX_STEPS}"))
            }
            (_, Some(epochs)) if !(epochs.is_finite() && epochs > 0.0) => {
                Err(format!("epochs = {epochs}: a number above zero is required"))
            }
            _ => Ok(()),
        }
    }

    /// What the plan of a training step on images with these labels depends on.
    ///
    /// # Errors
    /// `Recipe` where it lists class weights for another number of classes.
    pub fn training_options_on(&self, labels: &[u8], classes: usize) -> Result<TrainingOptions> {
        let class_weights = match &self.class_weights {
            Some(weights) => weights.values(labels, classes)?,
            None => Vec::new(),
        };
        Ok(TrainingOptions { class_weights, ..self.training_options() })
    }

    /// As [`Recipe::training_options_on`], but without class weights, which may depend on the labels.
    pub fn training_options(&self) -> TrainingOptions {
        TrainingOptions {
            label_smoothing: self.label_smoothing,
            clip_norm: self.clip_norm,
            is_averaged: self.average.is_some(),
            augmentation: self.augmentation,
            ..TrainingOptions::new(self.batch, self.optimiser, self.loss_reduction)
        }
    }

    /// The learning rate of a step.
    pub fn learning_rate_at(&self, at: Position) -> f32 {
        let warm_up = (self.warm_up_epochs * at.steps_an_epoch).round();
        // The first step already has a rate above 0; the step after the warm-up has the full one.
        let warm = if warm_up > 0.0 { ((at.step as f64 + 1.0) / (warm_up + 1.0)).min(1.0) } else { 1.0 };
        (f64::from(self.learning_rate) * warm * self.schedule.factor(at)) as f32
    }

    /// Whether everything but the learning rate, its schedule and its warm-up is the same.
    pub fn differs_in_rate_alone(&self, other: &Recipe) -> bool {
        let Recipe { learning_rate, schedule, warm_up_epochs, .. } = *other;
        Recipe { learning_rate, schedule, warm_up_epochs, ..self.clone() } == *other
    }

    /// Steps of a run on this number of training images; a partial step counts as a whole one.
    ///
    /// # Errors
    /// `Recipe` where there are too many.
    pub fn steps_on(&self, images: usize) -> Result<u64> {
        let steps = match (self.steps, self.epochs) {
            (Some(steps), _) => return Ok(steps),
            (None, epochs) => (epochs.unwrap_or(1.0) * images as f64 / self.batch as f64).ceil().max(1.0),
        };
        match steps <= MAX_STEPS as f64 {
            true => Ok(steps as u64),
            false => Err(Error::Recipe(format!("{steps} steps are too many: at most {MAX_STEPS}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fashion-MNIST, EMNIST's 47 classes, small and large images, grey and in colour: recipes give neither sizes nor the number of classes.
    #[test]
    fn presets_fit_other_images_and_classes() {
        for (preset, _) in PRESETS {
            let recipe = Recipe::preset(preset).unwrap();
            for (height, width, classes) in
                [(28, 28, 10), (28, 28, 47), (20, 20, 10), (32, 32, 26), (33, 24, 2)]
            {
                for task in [Task::grey(height, width, classes), Task::colour(height, width, classes)] {
                    let network = Network::new(task, recipe.normalisation, &recipe.layers);
                    let network = network.unwrap_or_else(|e| panic!("{preset} on {task:?}: {e}"));
                    let plan = network.training_plan(recipe.training_options());
                    plan.check().unwrap();
                    network.evaluation_plan(3).check().unwrap();
                }
            }
        }
    }

    /// `inkgrad recipe` and checkpoints write recipes as text.
    #[test]
    fn a_recipe_survives_being_written() {
        for (preset, _) in PRESETS {
            let recipe = Recipe::preset(preset).unwrap();
            let text = toml::to_string(&recipe).unwrap();
            assert_eq!(Recipe::parse(Path::new("again"), &text).unwrap(), recipe, "{text}");
            let json = serde_json::to_string(&recipe).unwrap();
            assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), recipe);
        }
    }

    #[test]
    fn the_description_of_recipes_holds() {
        let text = include_str!("../../docs/recipe-file.md");
        let example = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let parse = |text: &str| Recipe::parse(Path::new("example"), text);
        let recipe = parse(example).unwrap();
        Network::new(Task::grey(28, 28, 10), recipe.normalisation, &recipe.layers).unwrap();
        // the other fields that the tables name
        let fields = [
            "warm_up_epochs = 0.5",
            "loss_reduction = \"sum\"",
            "label_smoothing = 0.1",
            "clip_norm = 1.0",
            "class_weights = \"balanced\"",
            "average = { decay = 0.998 }",
            "all_images = true",
            "views = \"mirrored_and_moved\"",
        ];
        parse(&format!("{}\n{example}", fields.join("\n"))).unwrap();
        let with = |from: &str, to: &str| {
            assert!(example.contains(from));
            parse(&example.replacen(from, to, 1)).unwrap()
        };
        for schedule in [
            "\"constant\"",
            "\"step\", factor = 0.1, every = 2",
            "\"exponential\", factor = 0.95",
            "\"linear\", end = 0.1",
            "\"cosine\"",
            "\"one_cycle\", peak = 0.3, start = 0.04, end = 4e-6",
        ] {
            with("\"one_cycle\"", schedule);
        }
        for optimiser in
            ["\"sgd\"", "\"momentum\", momentum = 0.9", "\"nesterov\"", "\"adamw\", beta2 = 0.99"]
        {
            with("\"adam\"", optimiser);
        }
        with("rotation = 8", "crop = 4, flip = true");
        with("mean = 0.1307, std = 0.3081", "mean = [0.49, 0.48, 0.45], std = [0.25, 0.24, 0.26]");
        with("rotation = 8", "zoom = 0.1, shear = 0.1, elastic = 1.0, elastic_spacing = 9");
        with("\"max_pool\", size = 2", "\"average_pool\"");
        for initial in
            ["\"uniform\"", "\"he_normal\"", "\"zeros\"", "{ constant = 0.1 }", "{ truncated_normal = 0.1 }"]
        {
            with("units = 128", &format!("units = 128, initial = {initial}, initial_bias = {initial}"));
        }
        with("\"relu\" }", "\"batch_norm\", momentum = 0.1, epsilon = 1e-5 }");
    }

    #[test]
    fn unknown_fields_are_refused_wherever_they_stand() {
        let preset = Recipe::preset_text("lenet5").unwrap();
        for (from, to) in [
            ("mean = 0.1307", "mean = 0.1307, deviation = 0.3"),
            ("kind = \"adam\"", "kind = \"adam\", beta3 = 0.9"),
            ("decay = 0.998", "decay = 0.998, start = 3"),
            ("shift = 0.05", "shift = 0.05, colour = 1"),
            ("kind = \"relu\"", "kind = \"relu\"\nslope = 0.1"),
        ] {
            assert!(preset.contains(from), "{from}");
            let error = Recipe::parse(Path::new("mine"), &preset.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().contains("unknown field"), "{to}: {error}");
        }
    }
}
