//! A network from an ONNX file: inkgrad's own, and those that PyTorch and Keras export, as long as they are made of layers
//! that inkgrad has.
//!
//! A graph is read as one chain, from its input to its output: each node becomes a layer, moves values about, or computes shapes.

use std::path::Path;

use prost::Message;

use super::attributes::{Node, TextResult};
use super::constants::{Beside, Constants};
use super::messages::*;
use super::reader::Reader;
use super::write::{Input, Options, Output, model_proto};
use crate::error::{Error, Result};
use crate::exchange::Said;
use crate::exchange::steps::{Values, steps};
use crate::model_file::{Model, Weights};
use crate::network::Network;

/// Limit on nodes: bounds the time that a made-up file takes. Networks of inkgrad's layers have a few hundred at most.
const MAX_NODES: usize = 4096;

/// Reads a model. `path` names the file in errors; `beside` reads another file in the same directory, where PyTorch puts the
/// weights. A file that inkgrad wrote, and that nobody changed, gives the model that it was written from. Any other gives its
/// network; then the recipe in `said` says how it is trained further and, if the graph does not normalise its input, how pixels
/// are normalised. A graph that divides its input by 16 or more is taken to expect pixels from 0 to 255, otherwise from 0 to 1.
/// The size in `said` is that of images whose pixels come as one row.
///
/// # Errors
/// `BadFile`, with the node that inkgrad cannot compute.
pub fn read(path: &Path, bytes: &[u8], said: Said, beside: Beside) -> Result<Model> {
    let bad = |what: String| Error::bad_file(path, what);
    let file = ModelProto::decode(bytes).map_err(|e| bad(format!("not an ONNX file ({e})")))?;
    let Some(graph) = &file.graph else {
        return Err(bad("not an ONNX file: it holds no graph".into()));
    };
    if said.recipe.is_none()
        && let Some(model) = own(path, &file, graph)
    {
        return Ok(model);
    }
    if graph.node.len() > MAX_NODES {
        return Err(bad(format!("{} nodes, at most {MAX_NODES} are read", graph.node.len())));
    }
    let mut constants = Constants::new(graph, beside);
    let mut reader = Reader::new(graph, &constants, bytes.len(), said.size).map_err(bad)?;
    for node in &graph.node {
        let told = reader.node(Node(node), &mut constants);
        told.map_err(|what| bad(format!("node {}: {what}", title(node))))?;
    }
    let read = reader.finish(graph).map_err(bad)?;
    let normalisation = match read.normalisation {
        Some(normalisation) => normalisation,
        None => said.recipe.map(|recipe| recipe.normalisation).unwrap_or_default(),
    };
    read.draft.model(path, read.task, normalisation, said.recipe)
}

fn title(node: &NodeProto) -> String {
    let name = if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name };
    format!("`{name}` ({})", node.op_type)
}

/// The model that the metadata describes, if writing it gives this very graph: what the metadata says is then true of it.
fn own(path: &Path, file: &ModelProto, graph: &GraphProto) -> Option<Model> {
    let text = &file.metadata_props.iter().find(|entry| entry.key == "inkgrad")?.value;
    let model = Model::from_description(path, text, |network, members| {
        weights(network, members, graph).map_err(|what| Error::bad_file(path, what))
    });
    let model = model.ok()?;
    let input = match graph.input.first()?.r#type.as_ref()?.tensor_type.as_ref()?.elem_type {
        UINT8 => Input::Bytes,
        _ => Input::Floats,
    };
    let output = match graph.output.first()?.name.as_str() {
        "logits" => Output::Logits,
        _ => Output::Probabilities,
    };
    let again = model_proto(&model, Options { input, output }).ok()?;
    (again.graph.as_ref() == Some(graph) && again.opset_import == file.opset_import).then_some(model)
}

/// The weights under the names that they are written with.
fn weights(network: &Network, members: usize, graph: &GraphProto) -> TextResult<Vec<Weights>> {
    let none = Weights {
        parameters: vec![0.0; network.parameter_count().min(graph.encoded_len())],
        statistics: vec![0.0; network.statistics_count().min(graph.encoded_len())],
    };
    let steps = steps(network).map_err(|error| error.to_string())?;
    let names = steps.iter().flat_map(|step| step.tensors().iter().map(|name| (&step.name, *name)));
    let names: Vec<_> = names.collect();
    if graph.initializer.len() < names.len().saturating_mul(members) {
        return Err("fewer tensors than the description needs".into());
    }
    let mut all = Vec::new();
    for member in 0..members {
        let mut one = none.clone();
        for (layer, name) in &names {
            let prefix = if members == 1 { String::new() } else { format!("{member}.") };
            let full = format!("{prefix}{layer}.{name}");
            let tensor = graph.initializer.iter().find(|tensor| tensor.name == full);
            let raw = &tensor.ok_or_else(|| format!("`{full}` is missing"))?.raw_data;
            let shape = Values { network, weights: &none }.tensor(layer, name).map_err(|e| e.to_string())?;
            if raw.len() != 4 * shape.values.len() {
                return Err(format!("`{full}` has another size"));
            }
            let wanted = format!("{layer}.{name}");
            let slices = network.parameters.iter().map(|slice| (slice, true));
            let slices = slices.chain(network.statistics.iter().map(|slice| (slice, false)));
            for (slice, is_parameter) in slices.filter(|(slice, _)| slice.name == wanted) {
                let flat = if is_parameter { &mut one.parameters } else { &mut one.statistics };
                if let Some(flat) = flat.get_mut(slice.range()) {
                    flat.iter_mut().zip(raw.chunks_exact(4)).for_each(|(value, word)| {
                        *value = f32::from_le_bytes([word[0], word[1], word[2], word[3]]);
                    });
                }
            }
        }
        all.push(one);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Task;
    use crate::recipe::Recipe;

    /// As PyTorch's new exporter writes them: large weights in a file of their own, more than this one holds.
    #[test]
    fn weights_beside_the_file_are_read() {
        const LAYERS: &str =
            "layers = [{ kind = \"dense\", units = 1400 }, { kind = \"relu\" }, { kind = \"dense\" }]";
        let settings = "batch = 20\nsteps = 40\nlearning_rate = 0.1\noptimiser = { kind = \"sgd\" }\n";
        let recipe = Recipe::parse(Path::new("test"), &format!("{settings}{LAYERS}")).unwrap();
        let network = Network::new(Task::grey(28, 28, 10), recipe.normalisation, &recipe.layers).unwrap();
        let count = network.parameter_count();
        assert!(count > 1 << 20);
        let parameters = (0..count).map(|at| (at % 251) as f32 / 251.0).collect();
        let model = Model {
            name: "large".into(),
            network,
            members: vec![Weights { parameters, statistics: Vec::new() }],
            recipe,
            seed: 0,
            steps: 0,
            class_names: Vec::new(),
            preparation: None,
            split: None,
        };
        let mut file = model_proto(&model, Options::default()).unwrap();
        file.metadata_props.clear();
        let mut other = Vec::new();
        let entry = |key: &str, value: String| StringStringEntryProto { key: key.into(), value };
        for tensor in file.graph.iter_mut().flat_map(|graph| &mut graph.initializer) {
            tensor.external_data = vec![
                entry("location", "large.onnx.data".into()),
                entry("offset", other.len().to_string()),
                entry("length", tensor.raw_data.len().to_string()),
            ];
            tensor.data_location = EXTERNAL;
            other.append(&mut tensor.raw_data);
        }
        let beside = |name: &str| match name {
            "large.onnx.data" => Ok(other.clone()),
            _ => Err(Error::Internal(format!("{name} was asked for"))),
        };
        let again = read(Path::new("large.onnx"), &file.encode_to_vec(), Said::default(), &beside).unwrap();
        assert_eq!(again.members, model.members);
    }
}
