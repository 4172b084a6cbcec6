//! PyTorch: the tensors of a plain `nn.Sequential`, and a script that builds it, loads them and classifies.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::python;
use super::steps::{Kind, Step, Values, padding, steps};
use super::undescribed::{self, Said};
use crate::error::{Error, Result};
use crate::model_file::{KEY, Model, Weights};
use crate::network::Network;
use crate::plan::Window;

/// A module of the `nn.Sequential`: the code that makes it, and the layer whose tensors it holds.
struct Module {
    code: String,
    step: Option<Step>,
}

/// The modules in order. Where PyTorch's layers cannot pad as ours do, a module of its own pads before them.
fn modules(network: &Network) -> Result<Vec<Module>> {
    let mut modules = Vec::new();
    for step in steps(network)? {
        let (before, code) = code(&step);
        modules.extend(before.map(|code| Module { code, step: None }));
        modules.push(Module { code, step: Some(step) });
    }
    Ok(modules)
}

/// What makes a layer, and where it is needed a module that pads before it.
fn code(step: &Step) -> (Option<String>, String) {
    let channels = step.input[0];
    match &step.kind {
        Kind::Conv { window, has_bias } => {
            let fits = is_symmetric(window);
            let pads = if fits { window.padding } else { [0, 0] };
            let bias = if *has_bias { "" } else { ", bias=False" };
            let sizes = format!("{}, {}, {}", channels, step.output[0], pair(window.kernel));
            let code =
                format!("nn.Conv2d({sizes}, stride={}, padding={}{bias})", pair(window.stride), pair(pads));
            ((!fits).then(|| format!("nn.ZeroPad2d({})", sides(window))), code)
        }
        Kind::Dense => (None, format!("nn.Linear({channels}, {})", step.output[0])),
        Kind::BatchNorm { epsilon } => {
            let kind = if step.input.len() == 1 { "BatchNorm1d" } else { "BatchNorm2d" };
            (None, format!("nn.{kind}({channels}, eps={epsilon:?})"))
        }
        Kind::MaxPool(window) => {
            let fits = is_symmetric(window) && is_half(window);
            let pads = if fits { window.padding } else { [0, 0] };
            let code =
                format!("nn.MaxPool2d({}, {}, {})", pair(window.kernel), pair(window.stride), pair(pads));
            let before = format!("nn.ConstantPad2d({}, -float(\"inf\"))", sides(window));
            ((!fits).then_some(before), code)
        }
        Kind::AveragePool(window) if is_symmetric(window) && is_half(window) => {
            let sizes = format!("{}, {}, {}", pair(window.kernel), pair(window.stride), pair(window.padding));
            (None, format!("nn.AvgPool2d({sizes}, count_include_pad=False)"))
        }
        Kind::AveragePool(window) => {
            let sizes = format!("{}, {}, {}", pair(window.kernel), pair(window.stride), sides(window));
            (None, format!("PaddedMean({sizes})"))
        }
        Kind::Relu => (None, "nn.ReLU()".into()),
        Kind::Tanh => (None, "nn.Tanh()".into()),
        Kind::Flatten => (None, "nn.Flatten()".into()),
        Kind::Dropout { rate } => (None, format!("nn.Dropout({rate:?})")),
    }
}

/// Whether the same padding on both sides gives these windows.
fn is_symmetric(window: &Window) -> bool {
    Window::padded(window.input, window.kernel, window.stride, window.padding) == Some(*window)
}

/// PyTorch's poolings pad by half a window at most.
fn is_half(window: &Window) -> bool {
    (0..2).all(|i| 2 * window.padding[i] <= window.kernel[i])
}

fn pair([vertical, horizontal]: [usize; 2]) -> String {
    format!("({vertical}, {horizontal})")
}

/// PyTorch's order of padding.
fn sides(window: &Window) -> String {
    let [top, left, bottom, right] = padding(window);
    format!("({left}, {right}, {top}, {bottom})")
}

/// Name of a tensor in the state of the `nn.Sequential`, or of an `nn.ModuleList` of several.
fn name(member: usize, members: usize, module: usize, tensor: &str) -> String {
    match members {
        1 => format!("{module}.{tensor}"),
        _ => format!("{member}.{module}.{tensor}"),
    }
}

/// The tensors as safetensors, under the names of the script's `nn.Sequential`.
///
/// # Errors
/// None for a model that is whole.
pub fn weights(model: &Model) -> Result<Vec<u8>> {
    let fault =
        |e: safetensors::SafeTensorError| Error::Internal(format!("the tensors cannot be written: {e}"));
    let (modules, members, steps) =
        (modules(&model.network)?, model.members.len(), model.steps.to_le_bytes());
    let mut tensors = Vec::new();
    for (member, weights) in model.members.iter().enumerate() {
        let values = Values { network: &model.network, weights };
        for (number, module) in modules.iter().enumerate() {
            let Some(step) = &module.step else { continue };
            for tensor in step.tensors() {
                let found = values.tensor(&step.name, tensor)?;
                let bytes = bytemuck::cast_slice(found.values);
                let view = TensorView::new(Dtype::F32, found.shape.to_vec(), bytes).map_err(fault)?;
                tensors.push((name(member, members, number, tensor), view));
            }
            if matches!(step.kind, Kind::BatchNorm { .. }) {
                let view = TensorView::new(Dtype::I64, vec![], &steps).map_err(fault)?;
                tensors.push((name(member, members, number, "num_batches_tracked"), view));
            }
        }
    }
    let metadata = HashMap::from([(KEY.to_owned(), model.description()?)]);
    safetensors::serialize(tensors, Some(metadata)).map_err(fault)
}

/// A script that builds the network, loads `model.safetensors` beside it and classifies pictures.
///
/// # Errors
/// None for a model that is whole.
pub fn script(model: &Model) -> Result<String> {
    let modules = modules(&model.network)?;
    let needs_mean = modules.iter().any(|module| module.code.starts_with("PaddedMean"));
    let lines = modules.iter().fold(String::new(), |mut text, module| {
        let _ = writeln!(text, "        {},", module.code);
        text
    });
    let text = include_str!("pytorch.py");
    let text = match needs_mean {
        true => text.replace("# PADDED MEAN\n", include_str!("pytorch_mean.py")),
        false => text.replace("# PADDED MEAN\n", ""),
    };
    Ok(python::fill(&text, model).replace("        # MODULES\n", &lines))
}

/// Reads what [`weights`] wrote, or with a recipe any state of PyTorch's with the tensors of its layers; a model file is read
/// as what it is. `path` names the file in errors.
///
/// # Errors
/// `BadFile` where the file is not whole, or nothing describes its network.
pub fn read(path: &Path, bytes: &[u8], said: Said) -> Result<Model> {
    let bad = |what: String| Error::bad_file(path, what);
    let not_ours = |e| bad(format!("not a complete safetensors file ({e})"));
    let file = SafeTensors::deserialize(bytes).map_err(not_ours)?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(not_ours)?;
    let Some(text) = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY)) else {
        return state(path, &file, said);
    };
    if file.names().iter().any(|name| name.ends_with("dense1.weight")) {
        return Model::from_bytes(path, bytes);
    }
    Model::from_description(path, text, |network, members| {
        let modules = modules(network)?;
        members_in(&file, network, &modules, members).map_err(bad)
    })
}

/// The tensors of a module, in the order of a layer's.
const TENSORS: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

/// A state that somebody else saved.
fn state(path: &Path, file: &SafeTensors, said: Said) -> Result<Model> {
    let bad = |what: String| Error::bad_file(path, what);
    let mut found: Vec<(String, Vec<Vec<usize>>)> = Vec::new();
    let mut names: Vec<&str> =
        file.names().iter().filter_map(|name| Some(name.rsplit_once('.')?.0)).collect();
    names.sort_unstable();
    names.dedup();
    for module in names {
        let tensors = TENSORS.iter().filter_map(|tensor| file.tensor(&format!("{module}.{tensor}")).ok());
        found.push((module.to_owned(), tensors.map(|tensor| tensor.shape().to_vec()).collect()));
    }
    let wanted = |network: &Network| {
        let shapes = |step: Step| {
            let of = |tensor: &&str| shape(network, &format!("{}.{tensor}", step.name));
            step.tensors().iter().map(of).collect::<Vec<Vec<usize>>>()
        };
        Ok(steps(network)?.into_iter().map(shapes).filter(|shapes| !shapes.is_empty()).collect())
    };
    let (network, modules) = undescribed::network(path, said, found, wanted)?;
    let layers = steps(&network)?.into_iter().filter(|step| !step.tensors().is_empty());
    let module_of: HashMap<String, String> = layers.map(|step| step.name).zip(modules).collect();
    let values = |slices: &[crate::network::Slice]| -> Result<Vec<f32>> {
        let mut values = Vec::new();
        for slice in slices {
            let (layer, tensor) = slice.name.split_once('.').unwrap_or_default();
            let name = format!("{}.{tensor}", module_of.get(layer).map_or("", String::as_str));
            let view = file.tensor(&name).map_err(|_| bad(format!("`{name}` is missing")))?;
            if view.dtype() != Dtype::F32 {
                return Err(bad(format!("`{name}` is {:?}: save it as float32", view.dtype())));
            }
            values.extend(bytemuck::pod_collect_to_vec::<u8, f32>(view.data()));
        }
        Ok(values)
    };
    let weights =
        Weights { parameters: values(&network.parameters)?, statistics: values(&network.statistics)? };
    undescribed::model(path, said, network, weights)
}

/// The shape of one of our tensors; empty if there is none.
fn shape(network: &Network, name: &str) -> Vec<usize> {
    let slice = network.parameters.iter().chain(&network.statistics).find(|slice| slice.name == name);
    slice.map(|slice| slice.shape.clone()).unwrap_or_default()
}

fn members_in(
    file: &SafeTensors,
    network: &Network,
    modules: &[Module],
    members: usize,
) -> Result<Vec<Weights>, String> {
    let mut found = Vec::new();
    for member in 0..members {
        for slice in network.parameters.iter().chain(&network.statistics) {
            let (layer, tensor) = slice.name.split_once('.').unwrap_or_default();
            let module =
                modules.iter().position(|module| module.step.as_ref().is_some_and(|s| s.name == layer));
            let name = name(member, members, module.unwrap_or(0), tensor);
            let view = file.tensor(&name).map_err(|_| format!("`{name}` is missing"))?;
            if view.dtype() != Dtype::F32 || view.shape() != slice.shape {
                let what = format!("{:?} {:?}", view.dtype(), view.shape());
                return Err(format!("`{name}` is {what}, F32 {:?} is needed", slice.shape));
            }
            found.push(view);
        }
    }
    // All tensors are there, so that the file's size bounds the memory.
    let mut found = found.into_iter();
    let mut values = |count: usize| {
        let views = found.by_ref().take(count);
        views.flat_map(|view| bytemuck::pod_collect_to_vec::<u8, f32>(view.data())).collect::<Vec<f32>>()
    };
    let weights = |_| Weights {
        parameters: values(network.parameters.len()),
        statistics: values(network.statistics.len()),
    };
    Ok((0..members).map(weights).collect())
}
