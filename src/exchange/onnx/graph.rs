//! Puts a graph together, node by node.

use super::messages::*;
use crate::exchange::steps::Tensor;

/// A graph without inputs and outputs yet.
#[derive(Default)]
pub(super) struct Graph {
    pub nodes: Vec<NodeProto>,
    pub initializers: Vec<TensorProto>,
}

impl Graph {
    /// Appends a node with one output, whose name it returns: also the node's own.
    pub fn node(
        &mut self,
        op_type: &str,
        inputs: &[&str],
        output: impl Into<String>,
        attributes: Vec<AttributeProto>,
    ) -> String {
        let output = output.into();
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.clone()],
            name: output.clone(),
            op_type: op_type.to_owned(),
            attribute: attributes,
            domain: String::new(),
        });
        output
    }

    /// Adds a constant; returns its name.
    pub fn floats(&mut self, name: impl Into<String>, shape: &[usize], values: &[f32]) -> String {
        self.constant(name.into(), shape, FLOAT, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// Adds a constant vector of integers; returns its name.
    pub fn ints(&mut self, name: impl Into<String>, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name.into(), &[values.len()], INT64, bytes)
    }

    pub fn tensor(&mut self, name: String, tensor: &Tensor) -> String {
        self.floats(name, tensor.shape, tensor.values)
    }

    fn constant(&mut self, name: String, shape: &[usize], data_type: i32, raw_data: Vec<u8>) -> String {
        let dims = shape.iter().map(|side| *side as i64).collect();
        let tensor = TensorProto { dims, data_type, raw_data, name: name.clone(), ..TensorProto::default() };
        self.initializers.push(tensor);
        name
    }
}

pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i: value, kind: ATTRIBUTE_INT, ..AttributeProto::default() }
}

pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: name.into(), f: value, kind: ATTRIBUTE_FLOAT, ..AttributeProto::default() }
}

pub(super) fn ints(name: &str, values: &[usize]) -> AttributeProto {
    let ints = values.iter().map(|value| *value as i64).collect();
    AttributeProto { name: name.into(), ints, kind: ATTRIBUTE_INTS, ..AttributeProto::default() }
}

/// A tensor with a free batch dimension.
pub(super) fn value_info(name: &str, elem_type: i32, shape: &[usize]) -> ValueInfoProto {
    let fixed = |side: &usize| DimensionProto { dim_value: Some(*side as i64), dim_param: None };
    let batch = DimensionProto { dim_value: None, dim_param: Some("batch".into()) };
    let dim = std::iter::once(batch).chain(shape.iter().map(fixed)).collect();
    let tensor_type = TensorTypeProto { elem_type, shape: Some(TensorShapeProto { dim }) };
    let r#type = Some(TypeProto { tensor_type: Some(tensor_type) });
    ValueInfoProto { name: name.into(), r#type }
}
