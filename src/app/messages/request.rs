//! What a page may ask for.

use serde::Deserialize;

/// `{"id": ..., "do": ..., ...}`; the fields of each are those given here, and no others.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// What this engine is, can do and holds. Reply: [`Hello`](super::Hello).
    Hello {},
    /// Loads images; the data before them is dropped. Reply: [`Data`](super::Data). Refused during a run.
    Data(Source),
    /// What a recipe describes, on the data loaded (on MNIST if there is none). Reply: [`Checked`](super::Checked).
    Check {
        /// TOML, see docs/recipe-file.md.
        recipe: String,
    },
    /// Begins a run. Reply: [`Started`](super::Started), when the first step is about to run; then events until `done` or
    /// `failed`. Refused during a run.
    Train {
        /// TOML, see docs/recipe-file.md.
        recipe: String,
        /// What the model will be called: the preset's name, say.
        #[serde(default)]
        name: Option<String>,
        /// The same seed on the same device gives the same bits.
        #[serde(default)]
        seed: u64,
        /// One of [`Hello::devices`](super::Hello); none: the first.
        #[serde(default)]
        device: Option<String>,
        #[serde(default)]
        from: From,
    },
    /// The run waits after the steps in flight. Reply: `{}`.
    Pause {},
    /// The run goes on. Reply: `{}`.
    Continue {},
    /// Ends the run after the steps in flight and keeps its network: `done` follows. Reply: `{}`.
    Stop {},
    /// From now on multiplies the learning rate of the schedule by `factor`: 1 leaves the schedule as it is.
    /// Reply: `{}`.
    Rate { factor: f32 },
    /// What the run under way has told so far, for a page that comes later. Reply: [`History`](super::History); attachment:
    /// float32 (LE), the losses of its steps from the first on.
    History {},
    /// Drops the run and the network: nothing is `current` any more. Reply: `{}`.
    Reset {},
    /// Classifies one picture, prepared for the network as `inkgrad predict` does. Attachment: `width` x `height` x 4 bytes
    /// (red, green, blue, opacity; rows from the top), as in a canvas's ImageData. Reply: [`Predicted`](super::Predicted).
    Predict {
        #[serde(default)]
        model: Which,
        width: usize,
        height: usize,
    },
    /// Reads all digits in a picture, as `inkgrad read` does. Attachment: as for `predict`. Reply: [`Read`](super::Read).
    Read {
        #[serde(default)]
        model: Which,
        width: usize,
        height: usize,
    },
    /// Loads a network, which is `current` from now on. Attachment: a file of inkgrad's (safetensors), or ONNX or weights of Keras
    /// or PyTorch that inkgrad wrote; its name's ending says which. Reply: [`Loaded`](super::Loaded). Refused during a run.
    ModelIn { name: String },
    /// The current network as a file. Reply: [`Saved`](super::Saved); attachment: the file.
    ModelOut { format: Format },
    /// The plan of a training step: of the run, else of the current network, else of the built-in classifier. Reply:
    /// [`Explained`](super::Explained).
    Explain {},
    /// The texts behind an op. Reply: [`Sources`](super::Sources).
    Source {
        op: String,
        /// Of its shaders; none: `plain`.
        #[serde(default)]
        variant: Option<String>,
    },
    /// How long each op of that plan takes, by training a copy for a moment on the data loaded. Reply:
    /// [`Times`](super::Times).
    Times {},
    /// Compares every op on a device with its definition in float64. Reply: [`Verifying`](super::Verifying); then events.
    Verify {
        /// One of [`Hello::devices`](super::Hello); none: the first.
        #[serde(default)]
        device: Option<String>,
    },
    /// Ends `verify`. Reply: `{}`.
    Cancel {},
}

/// Where images come from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// The built-in MNIST; a browser's engine fetches it.
    Mnist {},
    /// A file of labelled images, in any of the forms that `inkgrad train --data` reads as one file: a zip of folders of pictures
    /// or of other files, CSV, NPZ, CIFAR's. Attachment: its bytes.
    File {
        /// For messages; what the file is, its bytes tell, or for tables its name's ending.
        name: String,
        /// Side of the squares to which images are fitted; none: what most of them have, but for pictures of many sizes or large
        /// ones 32.
        #[serde(default)]
        size: Option<usize>,
        /// None: what most of them are.
        #[serde(default)]
        colour: Option<bool>,
        /// Normalises pictures as MNIST's digits.
        #[serde(default)]
        as_digits: bool,
    },
    /// A handful of pictures for each class. Attachments: a file for each item, PNG, JPEG, GIF, BMP, TIFF or WebP.
    Pictures {
        /// Their names.
        classes: Vec<String>,
        items: Vec<Item>,
        /// Side of the squares to which they are fitted; none: 28 for digits, else 32.
        #[serde(default)]
        size: Option<usize>,
        /// None: if any of them has colour.
        #[serde(default)]
        colour: Option<bool>,
        /// Normalises them as MNIST's digits: for drawings.
        #[serde(default)]
        as_digits: bool,
    },
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// For messages.
    pub name: String,
    /// Its class, from 0.
    pub class: usize,
}

/// What a run starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// The recipe's initial values.
    #[default]
    Start,
    /// The current network's weights. Its last layer begins anew where the data's classes are others.
    Model,
}

/// Which network is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The built-in digit classifier.
    #[default]
    BuiltIn,
    /// The one in training, trained last, or loaded.
    Current,
}

/// A model's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// inkgrad's own, which `model_in` and every command read.
    Safetensors,
    Onnx,
    /// C99 for microcontrollers: model.h and model.c in a zip.
    C,
    /// model.safetensors, and model.py that builds the network and classifies, in a zip.
    Pytorch,
    /// model.weights.h5, and model.py that builds the network in Keras 3 and classifies, in a zip.
    Keras,
}
