//! A model as an ONNX file: pixels in, classes out, everything between in one graph.

use prost::Message;

use super::graph::{Graph, float, int, ints, value_info};
use super::messages::*;
use crate::error::{Error, Result};
use crate::exchange::steps::{Kind, Step, Values, padding, pixel_scales, steps};
use crate::model_file::Model;
use crate::plan::Window;
use crate::recipe::View;

/// Operator set 17 (ONNX 1.12, 2022) and the file version that came with it: what every runtime in use today reads.
const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;

/// Protobuf's own limit on a message.
const MAX_BYTES: usize = (1 << 31) - 1;

/// What the graph takes: `[batch, channels, height, width]`, ink or light high, background 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// uint8, 0 to 255.
    #[default]
    Bytes,
    /// float32, 0 to 1.
    Floats,
}

/// What the graph returns: float32 `[batch, classes]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// Each row adds up to 1.
    #[default]
    Probabilities,
    /// The inputs of the softmax that gives the probabilities. For several networks or views, whose probabilities are
    /// averaged, their logarithms.
    Logits,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub input: Input,
    pub output: Output,
}

/// The file's bytes: the same for the same model and options. The metadata holds `class_names` (JSON, a list) and `inkgrad`
/// (JSON, the recipe and what else makes the same model of the file again), and where the model was trained on pictures
/// `preparation` (JSON, how pictures become its images).
///
/// # Errors
/// `Output` where the weights are more than such a file can hold.
pub fn write(model: &Model, options: Options) -> Result<Vec<u8>> {
    let file = model_proto(model, options)?;
    if file.encoded_len() > MAX_BYTES {
        let what = "the model has more than the 2 GiB of weights that an ONNX file can hold";
        return Err(Error::Output(format!("{what}: export fewer members, or another format")));
    }
    Ok(file.encode_to_vec())
}

pub(super) fn model_proto(model: &Model, options: Options) -> Result<ModelProto> {
    let entry = |key: &str, value: String| StringStringEntryProto { key: key.into(), value };
    let names = serde_json::to_string(&model.names()).map_err(|e| Error::Internal(e.to_string()))?;
    let mut metadata_props = vec![entry("class_names", names), entry("inkgrad", model.description()?)];
    if let Some(preparation) = &model.preparation {
        let text = serde_json::to_string(preparation).map_err(|e| Error::Internal(e.to_string()))?;
        metadata_props.push(entry("preparation", text));
    }
    Ok(ModelProto {
        ir_version: IR_VERSION,
        producer_name: "inkgrad".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph: Some(graph(model, options)?),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        metadata_props,
    })
}

fn graph(model: &Model, options: Options) -> Result<GraphProto> {
    let network = &model.network;
    let task = network.task;
    let mut graph = Graph::default();
    let steps = steps(network)?;
    let views = model.recipe.views.list();
    let pixels = pixels(&mut graph, model, options.input, views);
    let is_mean = model.members.len() * views.len() > 1;
    let mut members = Vec::new();
    for (number, weights) in model.members.iter().enumerate() {
        let prefix = if model.members.len() == 1 { String::new() } else { format!("{number}.") };
        let values = Values { network, weights };
        let mut last = pixels.clone();
        for step in &steps {
            last = node(&mut graph, step, values, &prefix, &last)?;
        }
        if is_mean || options.output == Output::Probabilities {
            last = graph.node("Softmax", &[&last], format!("{prefix}softmax"), vec![int("axis", -1)]);
        }
        members.push(last);
    }
    let mut last = members.first().cloned().unwrap_or(pixels);
    if members.len() > 1 {
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        last = graph.node("Mean", &members, "members_mean", vec![]);
    }
    if views.len() > 1 {
        let shape = graph.ints("views_shape", &[views.len() as i64, -1, task.classes as i64]);
        last = graph.node("Reshape", &[&last, &shape], "views", vec![]);
        last = graph.node("ReduceMean", &[&last], "views_mean", vec![ints("axes", &[0]), int("keepdims", 0)]);
    }
    let output = match options.output {
        Output::Probabilities => "probabilities",
        Output::Logits => "logits",
    };
    match options.output {
        Output::Logits if is_mean => graph.node("Log", &[&last], output, vec![]),
        _ => graph.node("Identity", &[&last], output, vec![]),
    };
    let elem_type = if options.input == Input::Bytes { UINT8 } else { FLOAT };
    Ok(GraphProto {
        node: graph.nodes,
        name: model.name.clone(),
        initializer: graph.initializers,
        input: vec![value_info("pixels", elem_type, &[task.channels, task.height, task.width])],
        output: vec![value_info(output, FLOAT, &[task.classes])],
    })
}

/// From the input to what the first layer sees: floats, all views one after the other, normalised. Returns the tensor's name.
fn pixels(graph: &mut Graph, model: &Model, input: Input, views: &[View]) -> String {
    let network = &model.network;
    let mut last = "pixels".to_owned();
    let unit = match input {
        Input::Bytes => {
            last = graph.node("Cast", &[&last], "pixels_float", vec![int("to", FLOAT.into())]);
            1.0 / 255.0
        }
        Input::Floats => 1.0,
    };
    if views.len() > 1 {
        last = seen_as(graph, &last, [network.task.height, network.task.width], views);
    }
    let scales = pixel_scales(network);
    let shape = [scales.len(), 1, 1];
    let of = |which: usize, unit: f32| scales.iter().map(|scale| scale[which] * unit).collect::<Vec<f32>>();
    let (gain, offset) = (of(0, unit), of(1, 1.0));
    if gain.iter().any(|gain| *gain != 1.0) {
        let gain = graph.floats("pixels_gain", &shape, &gain);
        last = graph.node("Mul", &[&last, &gain], "pixels_scaled", vec![]);
    }
    if offset.iter().any(|offset| *offset != 0.0) {
        let offset = graph.floats("pixels_offset", &shape, &offset);
        last = graph.node("Add", &[&last, &offset], "pixels_normalised", vec![]);
    }
    last
}

/// All views, one after the other, with background moving in: a border all around, of which each view cuts off another part;
/// what is mirrored is cut out from right to left.
fn seen_as(graph: &mut Graph, input: &str, [height, width]: [usize; 2], views: &[View]) -> String {
    let most =
        views.iter().flat_map(|view| [view.down, view.right]).map(isize::unsigned_abs).max().unwrap_or(0)
            as i64;
    let padded = match most {
        0 => input.to_owned(),
        _ => {
            let border = graph.ints("views_border", &[0, 0, most, most, 0, 0, most, most]);
            graph.node("Pad", &[input, &border], "pixels_bordered", vec![])
        }
    };
    let axes = graph.ints("views_axes", &[2, 3]);
    let views: Vec<String> = views
        .iter()
        .enumerate()
        .map(|(number, view)| {
            let (top, left) = (most - view.down as i64, most - view.right as i64);
            let (bottom, right) = (top + height as i64, left + width as i64);
            // A negative end counts from the right; the smallest is before the first column.
            let before = if left == 0 { i64::MIN + 1 } else { left - 1 };
            let (from, to) = if view.mirrored { (right - 1, before) } else { (left, right) };
            let start = graph.ints(format!("view{number}_start"), &[top, from]);
            let end = graph.ints(format!("view{number}_end"), &[bottom, to]);
            let mut inputs = vec![padded.as_str(), &start, &end, &axes];
            let steps;
            if view.mirrored {
                steps = graph.ints(format!("view{number}_steps"), &[1, -1]);
                inputs.push(&steps);
            }
            graph.node("Slice", &inputs, format!("view{number}"), vec![])
        })
        .collect();
    let views: Vec<&str> = views.iter().map(String::as_str).collect();
    graph.node("Concat", &views, "pixels_views", vec![int("axis", 0)])
}

/// Appends a layer; returns its output's name.
fn node(graph: &mut Graph, step: &Step, values: Values, prefix: &str, input: &str) -> Result<String> {
    let mut inputs = vec![input.to_owned()];
    for name in step.tensors() {
        let tensor = values.tensor(&step.name, name)?;
        inputs.push(graph.tensor(format!("{prefix}{}.{name}", step.name), &tensor));
    }
    let (op_type, attributes) = match &step.kind {
        Kind::Conv { window, .. } => ("Conv", window_attributes(window)),
        Kind::Dense => ("Gemm", vec![int("transB", 1)]),
        Kind::BatchNorm { epsilon } => ("BatchNormalization", vec![float("epsilon", *epsilon)]),
        Kind::MaxPool(window) => ("MaxPool", window_attributes(window)),
        Kind::AveragePool(window) if window.kernel == window.input && padding(window) == [0; 4] => {
            ("GlobalAveragePool", vec![])
        }
        Kind::AveragePool(window) => ("AveragePool", window_attributes(window)),
        Kind::Relu => ("Relu", vec![]),
        Kind::Tanh => ("Tanh", vec![]),
        Kind::Flatten => ("Flatten", vec![int("axis", 1)]),
        Kind::Dropout { .. } => return Ok(input.to_owned()),
    };
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    Ok(graph.node(op_type, &inputs, format!("{prefix}{}", step.name), attributes))
}

fn window_attributes(window: &Window) -> Vec<AttributeProto> {
    vec![
        ints("kernel_shape", &window.kernel),
        ints("strides", &window.stride),
        ints("pads", &padding(window)),
    ]
}
