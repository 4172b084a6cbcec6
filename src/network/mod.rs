//! Networks: layers with shapes, the names and initial values of their parameters, and how they are lowered to plans.

mod activation;
mod batch_norm;
mod conv2d;
mod dense;
mod dropout;
mod flatten;
mod initial;
mod layer;
mod lower;
mod normalisation;
mod optimiser;
mod pair;
mod pool;
mod task;

pub use activation::{Relu, Tanh};
pub use batch_norm::BatchNorm;
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use initial::Initial;
pub use layer::{Layer, LayerSpec, Mode, Parameter, Saved};
pub use lower::{LossReduction, TrainingOptions};
pub use normalisation::{Normalisation, PerChannel};
pub use optimiser::Optimiser;
pub use pair::{Padding, Pair};
pub use pool::{AveragePool, MaxPool, Pool};
pub use task::Task;

use crate::data::idx::MAX_SIDE;
use crate::error::{Error, Result};
use crate::plan::ops::MAX_CHANNELS;

/// A layer placed in a network: with a name and known shapes.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Kind and number, such as `dense1`: the prefix of its parameters' names.
    pub name: String,
    pub spec: LayerSpec,
    /// Shapes of one sample, without the batch.
    pub input: Vec<usize>,
    pub output: Vec<usize>,
    /// Index among the network's layers, from 0.
    pub number: usize,
    /// This layer's range in the list of the network's parameters.
    pub parameters: std::ops::Range<usize>,
}

impl Placed {
    /// Number of input values of one sample.
    pub fn values(&self) -> usize {
        self.input.iter().product()
    }

    /// Multiply-adds of one sample's forward pass.
    pub fn multiply_adds(&self) -> u64 {
        self.spec.layer().multiply_adds(self)
    }
}

/// A parameter's part of the flat buffer.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Such as `dense1.weight`: PyTorch's names and layouts, so that files need no translation.
    pub name: String,
    pub shape: Vec<usize>,
    /// Index of its first value.
    pub offset: usize,
    pub initial: Initial,
    pub fan_in: usize,
}

impl Slice {
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.len()
    }
}

/// A network: its layers in order, and the layout of its parameters in the flat buffers.
#[derive(Clone, Debug)]
pub struct Network {
    pub task: Task,
    pub normalisation: Normalisation,
    pub layers: Vec<Placed>,
    pub parameters: Vec<Slice>,
    /// Running statistics, in a flat buffer of their own.
    pub statistics: Vec<Slice>,
}

/// Limit on parameters, above any sensible network for small images: a recipe or file that asks for more is at fault.
const MAX_PARAMETERS: usize = 1 << 28;

/// Limit on a layer's output values per image, above anything useful on small images.
const MAX_VALUES: usize = 1 << 26;

/// Labels are bytes.
const MAX_CLASSES: usize = 256;

impl Network {
    /// Connects the layers, checks that their shapes fit, and lays out their parameters.
    pub fn new(task: Task, normalisation: Normalisation, specs: &[LayerSpec]) -> Result<Self> {
        let Task { height, width, classes, channels } = task;
        let sides = 1..=MAX_SIDE;
        if !sides.contains(&height) || !sides.contains(&width) || !(2..=MAX_CLASSES).contains(&classes) {
            let what = format!("no network for {height} x {width} images in {classes} classes");
            let wanted = format!("sides from 1 to {MAX_SIDE}, 2 to {MAX_CLASSES} classes");
            return Err(Error::Recipe(format!("{what}: {wanted} are possible")));
        }
        if channels != 1 && channels != MAX_CHANNELS {
            let wanted = format!("1 (grey) and {MAX_CHANNELS} (red, green, blue) are possible");
            return Err(Error::Recipe(format!("no network for images of {channels} channels: {wanted}")));
        }
        normalisation.check(channels).map_err(Error::Recipe)?;
        let mut network = Network {
            task,
            normalisation,
            layers: Vec::new(),
            parameters: Vec::new(),
            statistics: Vec::new(),
        };
        let mut shape = task.shape().to_vec();
        for spec in specs {
            let kind = spec.layer().kind();
            let number =
                network.layers.iter().filter(|placed| placed.spec.layer().kind() == kind).count() + 1;
            let name = format!("{kind}{number}");
            let output =
                spec.layer().output(&shape, &task).map_err(|e| Error::Recipe(format!("{name}: {e}")))?;
            let first = network.parameters.len();
            for parameter in spec.layer().parameters(&shape, &task) {
                append(&mut network.parameters, &name, parameter)?;
            }
            for statistic in spec.layer().statistics(&shape) {
                append(&mut network.statistics, &name, statistic)?;
            }
            let values = output.iter().try_fold(1usize, |len, side| len.checked_mul(*side));
            if values.is_none_or(|values| values > MAX_VALUES) {
                let what = format!("{name}: more than {MAX_VALUES} output values per image");
                return Err(Error::Recipe(format!("{what}. Use fewer channels or units, or pool before it")));
            }
            let parameters = first..network.parameters.len();
            network.layers.push(Placed {
                name,
                spec: spec.clone(),
                input: shape,
                output: output.clone(),
                number: network.layers.len(),
                parameters,
            });
            shape = output;
        }
        if shape != [task.classes] {
            let what =
                format!("the last layer's output is {shape:?}, but the data has {} classes", task.classes);
            return Err(Error::Recipe(format!("{what}: end with a dense layer without `units`")));
        }
        Ok(network)
    }

    /// Values in the flat parameter buffer.
    pub fn parameter_count(&self) -> usize {
        self.parameters.last().map_or(0, |last| last.range().end)
    }

    /// Values in the flat buffer of running statistics.
    pub fn statistics_count(&self) -> usize {
        self.statistics.last().map_or(0, |last| last.range().end)
    }

    /// A parameter by its name.
    pub fn slice(&self, name: &str) -> Option<&Slice> {
        self.parameters.iter().find(|slice| slice.name == name)
    }

    /// The layers as specified: together with `task` and `normalisation` enough to build the network again.
    pub fn specs(&self) -> Vec<LayerSpec> {
        self.layers.iter().map(|placed| placed.spec.clone()).collect()
    }

    /// Initial values of all parameters: the same seed gives the same values on every device.
    pub fn initial_parameters(&self, seed: u64) -> Vec<f32> {
        initial_values(&self.parameters, seed)
    }

    /// Initial values of the running statistics.
    pub fn initial_statistics(&self) -> Vec<f32> {
        initial_values(&self.statistics, 0)
    }
}

fn initial_values(slices: &[Slice], seed: u64) -> Vec<f32> {
    let mut values = vec![0.0; slices.last().map_or(0, |last| last.range().end)];
    for (number, slice) in slices.iter().enumerate() {
        slice.initial.fill(&mut values[slice.range()], slice.fan_in, seed, number as u64);
    }
    values
}

/// Appends a layer's parameter or statistic to the flat buffer's layout.
fn append(slices: &mut Vec<Slice>, layer: &str, parameter: Parameter) -> Result<()> {
    let offset = slices.last().map_or(0, |last| last.range().end);
    let len = parameter.shape.iter().try_fold(1usize, |len, side| len.checked_mul(*side));
    if len.and_then(|len| len.checked_add(offset)).is_none_or(|total| total > MAX_PARAMETERS) {
        let what = format!("{layer}: a network of more than {MAX_PARAMETERS} parameters");
        return Err(Error::Recipe(format!("{what}. Use smaller layers")));
    }
    slices.push(Slice {
        name: format!("{layer}.{}", parameter.name),
        shape: parameter.shape,
        offset,
        initial: parameter.initial,
        fan_in: parameter.fan_in,
    });
    Ok(())
}
