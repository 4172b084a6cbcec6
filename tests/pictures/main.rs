//! Pictures: what is recognised and read, and what happens to those that are not what they seem.

#[path = "../data/allocation.rs"]
mod allocation;
mod distorted;
mod hostile;
mod mutation;
mod pages;
mod paper;

use inkgrad::cpu;
use inkgrad::data::{DataSet, Split};
use inkgrad::executor::Device;
use inkgrad::model_file::Model;
use inkgrad::train::predict_members;

/// MNIST's test images.
pub fn test_images() -> Split {
    DataSet::embedded().unwrap().test
}

pub fn device() -> Device {
    Device::Cpu(cpu::Device::new())
}

/// What the built-in classifier takes prepared images for.
pub fn labels(model: &Model, images: Vec<u8>) -> Vec<usize> {
    let count = images.len() / 784;
    let split = Split::new(784, images, vec![0; count]).unwrap();
    let Model { network, members, recipe, .. } = model;
    pollster::block_on(predict_members(&device(), network, members, recipe.views, &split)).unwrap().labels()
}
