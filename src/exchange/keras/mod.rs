//! Keras 3: the tensors of a `keras.Sequential` as `.weights.h5`, and a script that builds it, loads them and classifies.
//!
//! Keras keeps the channels of an image last. Kernels are transposed from [out, in, height, width] to [height, width, in,
//! out], and what follows flattening (batch normalisation, the first dense layer) has its values in another order.

mod hdf5_read;
mod hdf5_write;

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use hdf5_read::Array;
use hdf5_write::{Entry, Group};

use super::python;
use super::steps::{Kind, Step, padding, steps};
use super::undescribed::{self, Said};
use crate::error::{Error, Result};
use crate::model_file::{KEY, Model, Weights};
use crate::network::{Network, Slice};
use crate::plan::Window;

/// A tensor in Keras' file, and where its values lie in ours.
struct Placed {
    /// Without the member.
    path: String,
    dims: Vec<usize>,
    /// Name of our tensor.
    name: String,
    order: Order,
}

enum Order {
    Same,
    /// A kernel of `[out, in, height, width]`.
    Kernel([usize; 4]),
    /// A matrix of `[units, values]`, whose values are those of `[channels, height, width]` if they were an image.
    Matrix {
        units: usize,
        image: [usize; 3],
    },
    /// One value for each of a flattened image.
    Row([usize; 3]),
}

impl Order {
    /// For each value in Keras' order, its position in ours.
    fn positions(&self, count: usize) -> Vec<usize> {
        match *self {
            Order::Same => (0..count).collect(),
            Order::Kernel([out, inputs, height, width]) => {
                let mut positions = Vec::with_capacity(count);
                for tap in 0..height * width {
                    for input in 0..inputs {
                        positions.extend((0..out).map(|o| (o * inputs + input) * height * width + tap));
                    }
                }
                positions
            }
            Order::Matrix { units, image } => {
                let values = image.iter().product::<usize>();
                let rows = channels_last(image);
                rows.flat_map(|row| (0..units).map(move |unit| unit * values + row)).collect()
            }
            Order::Row(image) => channels_last(image).collect(),
        }
    }
}

/// For each value of `[height, width, channels]`, its position in `[channels, height, width]`.
fn channels_last([channels, height, width]: [usize; 3]) -> impl Iterator<Item = usize> {
    let area = height * width;
    (0..area).flat_map(move |at| (0..channels).map(move |channel| channel * area + at))
}

/// The tensors of one network.
fn placed(network: &Network) -> Result<Vec<Placed>> {
    let (mut placed, mut counts) = (Vec::new(), HashMap::<&str, usize>::new());
    let mut flattened = None;
    for step in steps(network)? {
        let class = match step.kind {
            Kind::Conv { .. } => "conv2d",
            Kind::Dense => "dense",
            Kind::BatchNorm { .. } => "batch_normalization",
            Kind::Flatten => {
                flattened = <[usize; 3]>::try_from(&step.input[..]).ok();
                continue;
            }
            _ => continue,
        };
        let count = counts.entry(class).or_insert(0);
        let layer = if *count == 0 { class.to_owned() } else { format!("{class}_{count}") };
        *count += 1;
        let row = |length: usize| flattened.unwrap_or([length, 1, 1]);
        for (number, tensor) in step.tensors().iter().enumerate() {
            let (dims, order) = match (&step.kind, *tensor) {
                (Kind::Conv { window, .. }, "weight") => {
                    let (inputs, out, [height, width]) = (step.input[0], step.output[0], window.kernel);
                    (vec![height, width, inputs, out], Order::Kernel([out, inputs, height, width]))
                }
                (Kind::Dense, "weight") => {
                    let (values, units) = (step.input[0], step.output[0]);
                    (vec![values, units], Order::Matrix { units, image: row(values) })
                }
                (Kind::BatchNorm { .. }, _) if step.input.len() == 1 => {
                    (vec![step.input[0]], Order::Row(row(step.input[0])))
                }
                _ => (vec![step.output[0]], Order::Same),
            };
            let (path, name) = (format!("layers/{layer}/vars/{number}"), format!("{}.{tensor}", step.name));
            placed.push(Placed { path, dims, name, order });
        }
        if step.kind == Kind::Dense {
            flattened = None;
        }
    }
    Ok(placed)
}

/// Where a member's tensors begin: Keras calls several networks `sequential`, `sequential_1`, ...
fn prefix(member: usize, members: usize) -> String {
    match (members, member) {
        (1, _) => String::new(),
        (_, 0) => "layers/sequential/".into(),
        _ => format!("layers/sequential_{member}/"),
    }
}

/// Our tensor of this name: its slice, and whether it is a parameter and not a statistic.
fn slice<'a>(network: &'a Network, name: &str) -> Option<(&'a Slice, bool)> {
    let parameters = network.parameters.iter().map(|slice| (slice, true));
    let statistics = network.statistics.iter().map(|slice| (slice, false));
    parameters.chain(statistics).find(|(slice, _)| slice.name == name)
}

/// The file's bytes: what the script's network loads with `load_weights`, and in `inkgrad` the description of the model.
///
/// # Errors
/// None for a model that is whole.
pub fn weights(model: &Model) -> Result<Vec<u8>> {
    let (network, mut root) = (&model.network, Group::default());
    let placed = placed(network)?;
    for (member, weights) in model.members.iter().enumerate() {
        for tensor in &placed {
            let found = slice(network, &tensor.name).and_then(|(slice, is_parameter)| {
                let flat = if is_parameter { &weights.parameters } else { &weights.statistics };
                flat.get(slice.range())
            });
            let values =
                found.ok_or_else(|| Error::Internal(format!("the weights lack `{}`", tensor.name)))?;
            let values = tensor.order.positions(values.len()).into_iter().map(|at| values[at]).collect();
            let path = format!("{}{}", prefix(member, model.members.len()), tensor.path);
            root.insert(&path, Entry::Floats { dims: tensor.dims.clone(), values });
        }
    }
    root.insert(KEY, Entry::Bytes(model.description()?.into_bytes()));
    Ok(hdf5_write::file(&root))
}

/// Reads what [`weights`] wrote, or with a recipe what Keras saved of a network with the tensors of its layers. `path` names the
/// file in errors.
///
/// # Errors
/// `BadFile` where the file is not whole, or nothing describes its network.
pub fn read(path: &Path, bytes: &[u8], said: Said) -> Result<Model> {
    let bad = |what: String| Error::bad_file(path, what);
    let arrays = hdf5_read::arrays(bytes).map_err(bad)?;
    let arrays: HashMap<&str, &Array> = arrays.iter().map(|array| (array.path.as_str(), array)).collect();
    let text = arrays.get(KEY).and_then(|array| std::str::from_utf8(array.bytes).ok());
    let Some(text) = text else {
        return saved(path, &arrays, said);
    };
    Model::from_description(path, text, |network, members| {
        let placed = placed(network)?;
        let all = (0..members).map(|member| prefix(member, members));
        let all: Vec<String> = all.collect();
        // Memory is only asked for once all tensors are known to be in the file.
        for (prefix, tensor) in
            all.iter().flat_map(|prefix| placed.iter().map(move |tensor| (prefix, tensor)))
        {
            let full = format!("{prefix}{}", tensor.path);
            let array = arrays.get(full.as_str()).ok_or_else(|| bad(format!("`{full}` is missing")))?;
            if !array.is_float32 || array.dims != tensor.dims {
                let what = format!("`{full}` has the shape {:?}", array.dims);
                return Err(bad(format!("{what}, float32 {:?} is needed", tensor.dims)));
            }
        }
        Ok(all.iter().map(|prefix| member(network, &placed, &arrays, prefix)).collect())
    })
}

/// Weights that Keras saved, of a network that inkgrad did not write.
fn saved(path: &Path, arrays: &HashMap<&str, &Array>, said: Said) -> Result<Model> {
    let mut found: HashMap<&str, Vec<(usize, Vec<usize>)>> = HashMap::new();
    for (name, array) in arrays {
        // Optimisers and metrics have variables too.
        let Some((layer, number)) = name.rsplit_once("/vars/").filter(|(layer, _)| layer.contains("layers/"))
        else {
            continue;
        };
        if !array.is_float32 {
            return Err(Error::bad_file(path, format!("`{name}` is not float32: save it as float32")));
        }
        if let Ok(number) = number.parse() {
            found.entry(layer).or_default().push((number, array.dims.clone()));
        }
    }
    let sorted = |(layer, mut tensors): (&str, Vec<(usize, Vec<usize>)>)| {
        tensors.sort();
        (layer.to_owned(), tensors.into_iter().map(|(_, dims)| dims).collect())
    };
    let found: Vec<(String, Vec<Vec<usize>>)> = found.into_iter().map(sorted).collect();
    let wanted = |network: &Network| {
        let (mut layers, mut last) = (Vec::<Vec<Vec<usize>>>::new(), None);
        for tensor in placed(network)? {
            let layer = tensor.path.rsplit_once("/vars/").map(|(layer, _)| layer.to_owned());
            match layers.last_mut().filter(|_| layer == last) {
                Some(dims) => dims.push(tensor.dims),
                None => layers.push(vec![tensor.dims]),
            }
            last = layer;
        }
        Ok(layers)
    };
    let (network, layers) = undescribed::network(path, said, found, wanted)?;
    let mut placed = placed(&network)?;
    let (mut layers, mut last, mut layer) = (layers.into_iter(), String::new(), String::new());
    for tensor in &mut placed {
        let (ours, number) = tensor.path.rsplit_once("/vars/").unwrap_or_default();
        if ours != last {
            layer = layers.next().unwrap_or_default();
            last = ours.to_owned();
        }
        tensor.path = format!("{layer}/vars/{number}");
    }
    let weights = member(&network, &placed, arrays, "");
    undescribed::model(path, said, network, weights)
}

/// A network's weights, all of which are in the file.
fn member(network: &Network, placed: &[Placed], arrays: &HashMap<&str, &Array>, prefix: &str) -> Weights {
    let mut weights = Weights {
        parameters: vec![0.0; network.parameter_count()],
        statistics: vec![0.0; network.statistics_count()],
    };
    for tensor in placed {
        let Some((slice, is_parameter)) = slice(network, &tensor.name) else { continue };
        let Some(array) = arrays.get(format!("{prefix}{}", tensor.path).as_str()) else { continue };
        let flat = if is_parameter { &mut weights.parameters } else { &mut weights.statistics };
        let Some(flat) = flat.get_mut(slice.range()) else { continue };
        let words = array.bytes.chunks_exact(4);
        for (word, at) in words.zip(tensor.order.positions(flat.len())) {
            flat[at] = f32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        }
    }
    weights
}

/// A script that builds the network, loads `model.weights.h5` beside it and classifies pictures.
///
/// # Errors
/// None for a model that is whole.
pub fn script(model: &Model) -> Result<String> {
    let lines = steps(&model.network)?.iter().fold(String::new(), |mut text, step| {
        let _ = writeln!(text, "            {},", code(step));
        text
    });
    let uses = |name: &str| lines.contains(&format!(" {name}("));
    let mut text = include_str!("keras.py").to_owned();
    for (word, name, class) in [
        ("# BORDERED MAX\n", "BorderedMax", include_str!("bordered_max.py")),
        ("# PADDED MEAN\n", "PaddedMean", include_str!("padded_mean.py")),
    ] {
        text = text.replace(word, if uses(name) { class } else { "" });
    }
    Ok(python::fill(&text, model).replace("            # LAYERS\n", &lines))
}

/// What makes a layer.
fn code(step: &Step) -> String {
    let pair = |[vertical, horizontal]: [usize; 2]| format!("({vertical}, {horizontal})");
    let sides = |window: &Window| {
        let [top, left, bottom, right] = padding(window);
        format!("(({top}, {bottom}), ({left}, {right}))")
    };
    match &step.kind {
        Kind::Conv { window, has_bias } => {
            let (before, named) = match named(window) {
                Some(named) => (String::new(), named),
                None => (format!("layers.ZeroPadding2D({}),\n            ", sides(window)), "valid"),
            };
            let (kernel, stride) = (pair(window.kernel), pair(window.stride));
            let bias = if *has_bias { "" } else { ", use_bias=False" };
            let out = step.output[0];
            format!("{before}layers.Conv2D({out}, {kernel}, strides={stride}, padding=\"{named}\"{bias})")
        }
        Kind::Dense => format!("layers.Dense({})", step.output[0]),
        Kind::BatchNorm { epsilon } => format!("layers.BatchNormalization(epsilon={epsilon:?})"),
        Kind::MaxPool(window) if padding(window) == [0; 4] => {
            format!("layers.MaxPooling2D({}, strides={})", pair(window.kernel), pair(window.stride))
        }
        Kind::MaxPool(window) => {
            format!("BorderedMax({}, {}, {})", pair(window.kernel), pair(window.stride), sides(window))
        }
        Kind::AveragePool(window) if padding(window) == [0; 4] => {
            format!("layers.AveragePooling2D({}, strides={})", pair(window.kernel), pair(window.stride))
        }
        Kind::AveragePool(window) => {
            format!("PaddedMean({}, {}, {})", pair(window.kernel), pair(window.stride), sides(window))
        }
        Kind::Relu => "layers.ReLU()".into(),
        Kind::Tanh => "layers.Activation(\"tanh\")".into(),
        Kind::Flatten => "layers.Flatten()".into(),
        Kind::Dropout { rate } => format!("layers.Dropout({rate:?})"),
    }
}

/// Keras' name of a window's padding, if it has one.
fn named(window: &Window) -> Option<&'static str> {
    let Window { input, kernel, stride, .. } = *window;
    let is = |other: Option<Window>| other == Some(*window);
    match () {
        () if is(Window::valid(input, kernel, stride)) => Some("valid"),
        () if is(Window::same(input, kernel, stride)) => Some("same"),
        () => None,
    }
}
