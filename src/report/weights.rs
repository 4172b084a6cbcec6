//! The weights of a network's first layer as pictures, where they belong to pixels.

use crate::model_file::{Model, Weights};
use crate::network::{LayerSpec, Network};

/// Weights as colours: one picture per unit or per kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightPictures {
    /// The layer's name.
    pub layer: String,
    /// Whether each picture is a kernel; else it covers the whole image.
    pub are_kernels: bool,
    pub height: usize,
    pub width: usize,
    /// Red, green and blue, planar: `[3, height, width]` each.
    pub pictures: Vec<Vec<u8>>,
    /// Of the layer; only the first of them are pictures.
    pub units: usize,
}

/// More are not shown.
pub const MAX_PICTURES: usize = 64;

/// The colours of the largest weight above zero, the largest below zero, and zero: blue, orange, white. On images in colour
/// the three channels' weights are the picture's red, green and blue, and grey is none.
const ABOVE: [f32; 3] = [31.0, 98.0, 177.0];
const BELOW: [f32; 3] = [190.0, 66.0, 12.0];
const NONE: [f32; 3] = [255.0, 255.0, 255.0];

/// The weights of a network's first layer, which belong to pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstLayer<'a> {
    /// Its name.
    pub layer: &'a str,
    /// Whether the weights of a unit are a kernel; else they cover the whole image.
    pub are_kernels: bool,
    /// Of a unit's weights.
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// `[units, channels, height, width]`.
    pub values: &'a [f32],
}

impl FirstLayer<'_> {
    /// Values of a unit.
    pub fn each(&self) -> usize {
        self.channels * self.height * self.width
    }
}

/// None where the first layer with weights does not look at pixels.
pub fn first_weights<'a>(network: &'a Network, weights: &'a Weights) -> Option<FirstLayer<'a>> {
    let placed = network.layers.iter().find(|placed| {
        matches!(placed.spec, LayerSpec::Dense(_) | LayerSpec::Conv2d(_)) && !placed.parameters.is_empty()
    })?;
    let slice = network.slice(&format!("{}.weight", placed.name))?;
    let task = network.task;
    let (channels, height, width) = match (&placed.spec, &slice.shape[..]) {
        (LayerSpec::Conv2d(_), &[_, channels, height, width]) => (channels, height, width),
        (LayerSpec::Dense(_), &[_, values]) if values == task.image_bytes() => {
            (task.channels, task.height, task.width)
        }
        _ => return None,
    };
    // Kernels of one pixel, and of layers that do not see the image itself, show nothing.
    if !matches!(channels, 1 | 3) || channels != task.channels || height * width < 2 {
        return None;
    }
    let values = weights.parameters.get(slice.range())?;
    let are_kernels = matches!(placed.spec, LayerSpec::Conv2d(_));
    Some(FirstLayer { layer: &placed.name, are_kernels, channels, height, width, values })
}

/// None where the first layer with weights does not look at pixels. Of an ensemble the first network's.
pub fn first_layer(model: &Model) -> Option<WeightPictures> {
    let first = first_weights(&model.network, model.members.first()?)?;
    let FirstLayer { channels, height, width, values, .. } = first;
    let each = first.each();
    let picture = |values: &[f32]| {
        let most = values.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
        match channels {
            1 => (0..3)
                .flat_map(|channel| values.iter().map(move |value| shade(value / most, channel)))
                .collect(),
            _ => values.iter().map(|value| (127.5 + 127.5 * value / most).round() as u8).collect(),
        }
    };
    Some(WeightPictures {
        layer: first.layer.to_owned(),
        are_kernels: first.are_kernels,
        height,
        width,
        pictures: values.chunks_exact(each).take(MAX_PICTURES).map(picture).collect(),
        units: values.len() / each,
    })
}

/// A colour between that of zero and that of the largest weight; `value` is from -1 to 1.
pub(super) fn shade(value: f32, channel: usize) -> u8 {
    let end = if value >= 0.0 { ABOVE } else { BELOW };
    (NONE[channel] + (end[channel] - NONE[channel]) * value.abs().min(1.0)).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Task;
    use crate::recipe::Recipe;

    fn model(preset: &str, task: Task) -> Model {
        let recipe = Recipe::preset(preset).unwrap();
        let network = Network::new(task, recipe.normalisation, &recipe.layers).unwrap();
        let weights =
            Weights { parameters: network.initial_parameters(0), statistics: network.initial_statistics() };
        Model {
            name: preset.into(),
            members: vec![weights],
            network,
            recipe,
            seed: 0,
            steps: 0,
            class_names: Vec::new(),
            preparation: None,
            split: None,
        }
    }

    #[test]
    fn weights_of_pixels_are_pictures() {
        let mut softmax = model("softmax", Task::grey(4, 5, 3));
        softmax.members[0].parameters[..4].copy_from_slice(&[2.0, -2.0, 0.0, 1.0]);
        let pictures = first_layer(&softmax).unwrap();
        assert_eq!(
            (pictures.height, pictures.width, pictures.pictures.len(), pictures.are_kernels),
            (4, 5, 3, false)
        );
        let red = &pictures.pictures[0][..4];
        assert_eq!(red, [31, 190, 255, 143]);
        let lenet = first_layer(&model("lenet5", Task::grey(28, 28, 10))).unwrap();
        assert!(lenet.are_kernels && lenet.layer == "conv1");
        let colour = first_layer(&model("colour", Task::colour(32, 32, 10))).unwrap();
        assert_eq!(colour.pictures[0].len(), 3 * colour.height * colour.width);
    }
}
