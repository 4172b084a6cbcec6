//! Where a network looks: by how much an answer's probability falls when a part of the image is covered.

use super::prediction::predict_members;
use crate::data::Split;
use crate::error::Result;
use crate::executor::Device;
use crate::model_file::Model;

/// By how much covering each pixel lowers the answer's probability, from -1 to 1: where it is above 0 the pixel supports the
/// answer, below 0 it speaks against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Occlusion {
    /// Side of the covered square, in pixels.
    pub side: usize,
    /// `[height, width]` of the image: the mean over the squares that cover a pixel.
    pub falls: Vec<f32>,
}

/// The image's shorter side is this many times the covered square's side.
const SQUARES_PER_SIDE: usize = 5;
/// The covered square's side is this many times the distance between neighbouring squares.
const STEPS_PER_SQUARE: usize = 3;

/// Covers each image of a split square by square, with the colour of its border, and computes the probability of the class in
/// `classes` each time (Zeiler and Fergus 2014, section 4.2). One result per image.
///
/// # Errors
/// As [`predict_members`].
pub async fn occlusion(
    device: &Device,
    model: &Model,
    images: &Split,
    classes: &[usize],
) -> Result<Vec<Occlusion>> {
    let task = model.network.task;
    let (height, width) = (task.height, task.width);
    let side = (height.min(width) / SQUARES_PER_SIDE).max(1);
    let places = |length: usize| {
        let last = length.saturating_sub(side);
        let apart = (side / STEPS_PER_SQUARE).max(1);
        (0..last).step_by(apart).chain([last]).collect::<Vec<usize>>()
    };
    let squares: Vec<(usize, usize)> = places(height)
        .iter()
        .flat_map(|top| places(width).into_iter().map(move |left| (*top, left)))
        .collect();
    let mut found = Vec::new();
    for (index, class) in classes.iter().enumerate().take(images.len()) {
        let image = images.image(index);
        let cover: Vec<u8> = image.chunks_exact(height * width).map(|plane| border(plane, width)).collect();
        let mut covered = image.to_vec();
        for (top, left) in &squares {
            let mut one = image.to_vec();
            for (plane, cover) in one.chunks_exact_mut(height * width).zip(&cover) {
                for row in plane.chunks_exact_mut(width).skip(*top).take(side) {
                    row.iter_mut().skip(*left).take(side).for_each(|pixel| *pixel = *cover);
                }
            }
            covered.extend(one);
        }
        let count = squares.len() + 1;
        let split = Split::new(task.image_bytes(), covered, vec![0; count])?;
        let predictions =
            predict_members(device, &model.network, &model.members, model.recipe.views, &split).await?;
        let of_class: Vec<f32> =
            predictions.rows().map(|row| row.get(*class).copied().unwrap_or(0.0)).collect();
        let whole = of_class.first().copied().unwrap_or(0.0);
        let (mut sums, mut counts) = (vec![0.0f32; height * width], vec![0u16; height * width]);
        for ((top, left), probability) in squares.iter().zip(of_class.iter().skip(1)) {
            for y in *top..(top + side).min(height) {
                for x in *left..(left + side).min(width) {
                    sums[y * width + x] += whole - probability;
                    counts[y * width + x] += 1;
                }
            }
        }
        let falls = sums.iter().zip(&counts).map(|(sum, count)| sum / f32::from((*count).max(1))).collect();
        found.push(Occlusion { side, falls });
    }
    Ok(found)
}

/// The middle value of a plane's outermost pixels.
fn border(plane: &[u8], width: usize) -> u8 {
    let rows = plane.len() / width.max(1);
    let is_outside = |at: &usize| {
        let (y, x) = (at / width, at % width);
        y == 0 || y + 1 == rows || x == 0 || x + 1 == width
    };
    let mut outside: Vec<u8> = (0..plane.len()).filter(is_outside).map(|at| plane[at]).collect();
    outside.sort_unstable();
    outside.get(outside.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu;
    use crate::model_file::Weights;
    use crate::network::{Network, Task};
    use crate::recipe::Recipe;

    /// A network whose first class looks at one pixel alone.
    #[test]
    fn what_is_covered_matters_where_the_network_looks() {
        let recipe = Recipe::preset("softmax").unwrap();
        let network = Network::new(Task::grey(10, 15, 2), recipe.normalisation, &recipe.layers).unwrap();
        let mut parameters = vec![0.0; network.parameter_count()];
        let weight = network.slice("dense1.weight").unwrap();
        // `[classes, pixels]`; the pixel in row 2, column 11.
        parameters[weight.offset + 2 * 15 + 11] = 3.0;
        let model = Model {
            name: "one".into(),
            members: vec![Weights { parameters, statistics: Vec::new() }],
            network,
            recipe,
            seed: 0,
            steps: 0,
            class_names: Vec::new(),
            preparation: None,
            split: None,
        };
        let mut image = vec![0; 150];
        image[2 * 15 + 11] = 255;
        let images = Split::new(150, image, vec![0]).unwrap();
        let device = Device::Cpu(cpu::Device::with_threads(1));
        for (class, sign) in [(0, 1.0), (1, -1.0)] {
            let found = pollster::block_on(occlusion(&device, &model, &images, &[class])).unwrap();
            let Occlusion { side, falls } = &found[0];
            assert_eq!((*side, falls.len()), (2, 150));
            let at = |y: usize, x: usize| falls[y * 15 + x] * sign;
            // softmax(3, 0) = 0.953, uncovered 0.5
            assert!((at(2, 11) - 0.4526).abs() < 1e-3, "{}", at(2, 11));
            assert!(at(3, 11) > 0.1 && at(5, 5).abs() < 1e-6 && at(9, 14).abs() < 1e-6);
        }
    }
}
