//! Images for the small models, and what inkgrad says of them.

use std::path::Path;

use inkgrad::data::Split;
use inkgrad::executor::Device;
use inkgrad::model_file::Model;
use inkgrad::{cpu, train};

use super::networks::models;

/// Pictures that are no noise: gradients in all directions.
pub fn images(model: &Model, count: usize) -> Split {
    let [channels, height, width] = model.network.task.shape();
    let mut bytes = Vec::new();
    for image in 0..count {
        for channel in 0..channels {
            for row in 0..height {
                for column in 0..width {
                    let at = (image * (row + 1) + image / 3 * column * 2 + channel * 40) % 256;
                    bytes.push(if (image + row) % 5 == 0 { 0 } else { at as u8 });
                }
            }
        }
    }
    Split::new(model.network.task.image_bytes(), bytes, vec![0; count]).unwrap()
}

pub fn expected(model: &Model, images: &Split) -> Vec<f32> {
    let device = Device::Cpu(cpu::Device::new());
    let (network, views) = (&model.network, model.recipe.views);
    let predicted = train::predict_members(&device, network, &model.members, views, images);
    pollster::block_on(predicted).unwrap().probabilities
}

/// `tests/exchange/check` lets other programs classify these images: every layer, in grey and in colour, one network and several.
#[test]
fn small_models_are_written_for_the_check() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exchange");
    std::fs::create_dir_all(&dir).unwrap();
    for (number, model) in models().iter().enumerate() {
        let file = |ending: &str| dir.join(format!("small{number}.{ending}"));
        let images = images(model, 300);
        model.save(&file("safetensors")).unwrap();
        std::fs::write(file("pixels"), images.images()).unwrap();
        let answers = expected(model, &images);
        std::fs::write(file("f32"), answers.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
            .unwrap();
        assert!(answers.iter().all(|value| value.is_finite()));
    }
}
