//! A model with the CPU to run it on, for pictures. A GPU takes longer to start than thousands of pictures take here.

use std::path::Path;

#[cfg(not(feature = "embedded-classifier"))]
use inkgrad::Error;
use inkgrad::data::Split;
use inkgrad::executor::Device;
use inkgrad::model_file::Model;
use inkgrad::network::Task;
use inkgrad::picture::{Picture, Preparation};
use inkgrad::reading::{self, Digit};
use inkgrad::train::{Predictions, predict_members};
use inkgrad::{Result, cpu, threads};

use super::picture_files::Input;

pub struct Classifier {
    model: Model,
    preparation: Preparation,
    device: Device,
}

impl Classifier {
    /// The model in a file, or the built-in digit classifier.
    pub fn open(path: Option<&Path>, threads: Option<u16>) -> Result<Self> {
        let model = match path {
            Some(path) => Model::open(path)?,
            None => built_in()?,
        };
        let device = match threads {
            Some(threads) => {
                inkgrad::threads::limit(threads.into());
                cpu::Device::with_threads(threads.into())
            }
            None => cpu::Device::new(),
        };
        let preparation = model.preparation();
        Ok(Classifier { model, preparation, device: Device::Cpu(device) })
    }

    pub fn task(&self) -> Task {
        self.model.network.task
    }

    /// A class by its name, or its number where the data gave none.
    pub fn class(&self, number: usize) -> String {
        self.model.class_names.get(number).cloned().unwrap_or_else(|| number.to_string())
    }

    /// Reads the pictures and prepares them for the network, on all threads; in the order of the inputs.
    pub fn prepare(&self, inputs: &[Input]) -> Vec<Result<Vec<u8>>> {
        threads::map(inputs, |input| input.picture().map(|picture| self.preparation.bytes(&picture)))
    }

    /// Classifies prepared images.
    pub async fn predict(&self, images: &[Vec<u8>]) -> Result<Predictions> {
        let Model { network, members, recipe, .. } = &self.model;
        if images.is_empty() {
            return Ok(Predictions { classes: network.task.classes, probabilities: Vec::new() });
        }
        let split = Split::new(network.task.image_bytes(), images.concat(), vec![0; images.len()])?;
        predict_members(&self.device, network, members, recipe.views, &split).await
    }

    /// Reads the digits on a page, line by line.
    pub async fn read(&self, picture: &Picture) -> Result<Vec<Vec<Digit>>> {
        reading::read(&self.device, &self.model, picture).await
    }
}

#[cfg(feature = "embedded-classifier")]
fn built_in() -> Result<Model> {
    Model::built_in()
}

#[cfg(not(feature = "embedded-classifier"))]
fn built_in() -> Result<Model> {
    Err(Error::Usage(
        "this inkgrad was built without its digit classifier: name a model before the pictures".into(),
    ))
}
