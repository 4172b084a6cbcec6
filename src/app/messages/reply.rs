//! What an engine answers.

use serde::Serialize;

use super::event::Of;

/// One for each kind of request; see [`Request`](super::Request).
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// `{}`
    Done {},
    Hello(Box<Hello>),
    Data(Data),
    Checked(Checked),
    Started(Started),
    History(History),
    Predicted(Predicted),
    Read(Read),
    Loaded(Loaded),
    Saved(Saved),
    Explained(Explained),
    Sources(Sources),
    Times(Times),
    Verifying(Verifying),
}

/// Why a request is refused: `{"id": ..., "error": ...}`.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    /// For the person at the page: what is wrong, and what to do about it.
    pub message: String,
    /// Such as `usage`, `recipe`, `data`, `bad_file`, `device_lost`, `internal`.
    pub kind: &'static str,
    /// In a recipe's text, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// In characters, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Hello {
    /// inkgrad's.
    pub version: &'static str,
    pub engine: EngineKind,
    /// The default first.
    pub devices: Vec<DeviceAbout>,
    pub presets: Vec<Preset>,
    pub data: Option<Data>,
    /// The current network.
    pub model: Option<About>,
    pub run: Option<RunAbout>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    Browser,
    Native,
}

/// A device that can train.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceAbout {
    /// For requests: `gpu`, `gpu:1`, `cpu`.
    pub id: String,
    pub name: String,
    /// What a person should know about it; may be empty.
    pub note: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Preset {
    pub name: &'static str,
    /// The comment that its text begins with, as one line.
    pub about: String,
    pub toml: &'static str,
}

/// The images loaded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Data {
    pub name: String,
    /// Their names, or numbers where the data gives none.
    pub classes: Vec<String>,
    /// Training images of each class, those for validation included.
    pub counts: Vec<usize>,
    /// Images to train on, to validate with, to test with.
    pub train: usize,
    pub validation: usize,
    pub test: usize,
    pub height: usize,
    pub width: usize,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// What a person should know about how they were read, one sentence each.
    pub notes: Vec<String>,
}

/// A recipe that can be trained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    pub layers: Vec<LayerAbout>,
    pub parameters: usize,
    /// Multiply-adds of one image's forward pass.
    pub multiply_adds: u64,
    pub steps: u64,
    /// Images per step.
    pub batch: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerAbout {
    /// Such as `conv1`.
    pub name: String,
    pub kind: &'static str,
    /// Shape of one image's output.
    pub output: Vec<usize>,
    pub parameters: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Started {
    pub steps: u64,
    pub batch: usize,
    pub parameters: usize,
    /// Its [`DeviceAbout::id`].
    pub device: String,
}

/// A run under way, or paused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunAbout {
    #[serde(flatten)]
    pub started: Started,
    /// Steps handed to the device so far.
    pub step: u64,
    pub is_paused: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct History {
    /// In their order.
    pub validations: Vec<Validated>,
}

/// A [`Validation`](super::Event::Validation) in short.
#[derive(Clone, Debug, Serialize)]
pub struct Validated {
    pub step: u64,
    pub of: Of,
    /// Mean cross-entropy per image, in nats.
    pub loss: f64,
    /// From 0 to 1.
    pub accuracy: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Predicted {
    /// The most probable class, from 0.
    pub class: usize,
    /// A name for each class.
    pub names: Vec<String>,
    /// One for each class; they add up to 1.
    pub probabilities: Vec<f32>,
    /// Attachment: `channels` x `height` x `width` bytes, the image that the network saw.
    pub seen: Seen,
    /// Steps of training behind the network.
    pub step: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Read {
    /// From top to bottom, each from left to right.
    pub lines: Vec<Vec<Mark>>,
}

/// A digit that was read; its box in pixels of the picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// Its name.
    pub class: String,
    pub probability: f32,
    pub left: f32,
    pub top: f32,
    pub width: f32,
    pub height: f32,
}

/// A network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct About {
    /// Its recipe's or preset's.
    pub name: String,
    /// Of its classes.
    pub names: Vec<String>,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub parameters: usize,
    /// Steps of training behind it.
    pub step: u64,
    pub layers: Vec<LayerAbout>,
}

/// A network that was loaded; it is `current` from now on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Loaded {
    #[serde(flatten)]
    pub about: About,
    /// Its recipe, TOML.
    pub recipe: String,
    /// On up to a thousand of the test images loaded, if they have its size and classes; from 0 to 1.
    pub accuracy: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Saved {
    /// For the file.
    pub name: String,
}

/// The ops of a training step, in their order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    pub ops: Vec<OpAbout>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpAbout {
    /// Its name.
    pub op: &'static str,
    /// `forward`, `loss`, `backward`, `update` or `metrics`.
    pub phase: String,
    /// The layer that it belongs to, if to one.
    pub layer: Option<String>,
    /// What it reads, and what it writes or updates.
    pub inputs: Vec<TensorAbout>,
    pub outputs: Vec<TensorAbout>,
    /// The shaders that can compute it in this shape, the plain one first.
    pub variants: Vec<&'static str>,
    /// The one that does; null on the CPU, which uses none.
    pub chosen: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TensorAbout {
    pub name: String,
    pub shape: Vec<usize>,
}

/// An op's texts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sources {
    /// Its shader, valid by itself.
    pub wgsl: &'static str,
    /// Its definition in float64, Rust.
    pub reference: &'static str,
    /// Its code on the CPU, Rust.
    pub cpu: &'static str,
}

/// Seconds that each op of [`Explained`] takes in a step; null where the device cannot tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Times {
    pub ops: Option<Vec<f64>>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verifying {
    /// Cases that will be compared.
    pub cases: usize,
}
