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
    /// Drops the run and the network: nothing is `current` any more. Reply: `{}`.
    Reset {},
    /// Classifies one picture, prepared for the network as `inkgrad predict` does. Attachment: `width` x `height` x 4 bytes
    /// (red, green, blue, opacity; rows from the top), as a canvas's ImageData has them. Reply: [`Predicted`](super::Predicted).
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
    /// The current network as a file. Reply: [`Saved`](super::Saved); attachment: the file.
    ModelOut { format: Format },
}

/// Where images come from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// The built-in MNIST; a browser's engine fetches it.
    Mnist {},
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
}
