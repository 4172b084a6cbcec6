//! The known values in a graph: initializers, constants, and the few integers that exporters compute shapes with.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use super::attributes::Node;
use super::messages::*;
use crate::error::Result as FileResult;

/// Reads another file beside the graph's, by a name without directories.
pub type Beside<'a> = &'a dyn Fn(&str) -> FileResult<Vec<u8>>;

pub(super) struct Constants<'a> {
    tensors: HashMap<&'a str, &'a TensorProto>,
    /// Computed vectors of integers; a free batch is -1.
    ints: HashMap<&'a str, Vec<i64>>,
    beside: Beside<'a>,
    /// Other files that were read, by name.
    files: RefCell<HashMap<String, Vec<u8>>>,
}

/// Limits on the length of a vector of integers, and on the number of vectors: shapes and axes are short.
pub(super) const MAX_INTS: usize = 64;
const MAX_VECTORS: usize = 10_000;

impl<'a> Constants<'a> {
    pub fn new(graph: &'a GraphProto, beside: Beside<'a>) -> Self {
        let tensors = graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        Constants { tensors, ints: HashMap::new(), beside, files: RefCell::default() }
    }

    pub fn is_known(&self, name: &str) -> bool {
        self.tensors.contains_key(name) || self.ints.contains_key(name)
    }

    pub fn define(&mut self, name: &'a str, tensor: &'a TensorProto) {
        self.tensors.insert(name, tensor);
    }

    pub fn define_ints(&mut self, name: &'a str, ints: Vec<i64>) -> Result<(), String> {
        if ints.len() > MAX_INTS {
            return Err(format!("a shape of {} numbers", ints.len()));
        }
        if self.ints.len() >= MAX_VECTORS {
            return Err(format!("more than {MAX_VECTORS} computed shapes"));
        }
        self.ints.insert(name, ints);
        Ok(())
    }

    /// Another name for a known value.
    pub fn rename(&mut self, from: &str, to: &'a str) {
        if let Some(tensor) = self.tensors.get(from) {
            self.tensors.insert(to, tensor);
        } else if let Some(ints) = self.ints.get(from) {
            self.ints.insert(to, ints.clone());
        }
    }

    /// A tensor of floats: shape and values, `count` of them at most.
    pub fn floats(&self, name: &str, count: usize) -> Result<(Vec<usize>, Vec<f32>), String> {
        if let Some(ints) = self.ints.get(name) {
            return Ok((vec![ints.len()], ints.iter().map(|value| *value as f32).collect()));
        }
        let tensor = self.tensors.get(name).ok_or_else(|| format!("`{name}` is not a constant"))?;
        let (dims, len) = shape(tensor, count)?;
        let raw = self.raw(tensor, len)?;
        let values: Vec<f32> = match (tensor.data_type, &raw) {
            (FLOAT, Some(raw)) => words(raw).map(f32::from_le_bytes).collect(),
            (FLOAT, None) => tensor.float_data.clone(),
            (DOUBLE, Some(raw)) => words(raw).map(|word| f64::from_le_bytes(word) as f32).collect(),
            (DOUBLE, None) => tensor.double_data.iter().map(|value| *value as f32).collect(),
            (INT32 | INT64, _) => self.ints(name)?.into_iter().map(|value| value as f32).collect(),
            (other, _) => return Err(format!("`{name}` has type {other}; float32 is read")),
        };
        match values.len() == len {
            true => Ok((dims, values)),
            false => Err(format!("`{name}` has {} values for the shape {dims:?}", values.len())),
        }
    }

    /// A short vector of integers, or a single one.
    pub fn ints(&self, name: &str) -> Result<Vec<i64>, String> {
        if let Some(ints) = self.ints.get(name) {
            return Ok(ints.clone());
        }
        let tensor = self.tensors.get(name).ok_or_else(|| format!("`{name}` is not a constant"))?;
        let (dims, len) = shape(tensor, MAX_INTS)?;
        let raw = self.raw(tensor, len)?;
        let values: Vec<i64> = match (tensor.data_type, &raw) {
            (INT64, Some(raw)) => words(raw).map(i64::from_le_bytes).collect(),
            (INT64, None) => tensor.int64_data.clone(),
            (INT32, Some(raw)) => words(raw).map(|word| i32::from_le_bytes(word).into()).collect(),
            (INT32, None) => tensor.int32_data.iter().map(|value| i64::from(*value)).collect(),
            (other, _) => return Err(format!("`{name}` has type {other}; int64 is needed")),
        };
        match values.len() == len {
            true => Ok(values),
            false => Err(format!("`{name}` has {} values for the shape {dims:?}", values.len())),
        }
    }

    /// A node's axes, which older operators have as an attribute and newer ones as their second input; none where it has neither.
    pub fn axes(&self, node: Node) -> Result<Vec<i64>, String> {
        match (node.ints("axes"), node.input(1)) {
            (Some(axes), _) if axes.len() > MAX_INTS => Err(format!("{} axes", axes.len())),
            (Some(axes), _) => Ok(axes.to_vec()),
            (None, Some(name)) => self.ints(name),
            (None, None) => Ok(Vec::new()),
        }
    }

    /// Bytes of the other files that were read.
    pub fn bytes_beside(&self) -> usize {
        self.files.borrow().values().map(Vec::len).sum()
    }

    /// The bytes of a tensor's values, from here or from another file; none if they are in a typed field.
    fn raw(&self, tensor: &'a TensorProto, len: usize) -> Result<Option<Cow<'a, [u8]>>, String> {
        if tensor.data_location != EXTERNAL {
            return Ok((!tensor.raw_data.is_empty()).then_some(Cow::Borrowed(&tensor.raw_data[..])));
        }
        let name = &tensor.name;
        let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|e| &e.value);
        let file = entry("location").ok_or_else(|| format!("`{name}` is in another file without a name"))?;
        // Only a file beside this one: a downloaded file must not make the program read elsewhere.
        if file.contains(['/', '\\', ':']) || file == ".." {
            return Err(format!("`{name}` is in {file:?}, which is not beside this file"));
        }
        let number = |key: &str, otherwise: usize| match entry(key) {
            Some(text) => text.parse::<usize>().map_err(|_| format!("`{name}`: {key} {text:?}")),
            None => Ok(otherwise),
        };
        let width = match tensor.data_type {
            FLOAT | INT32 => 4,
            _ => 8,
        };
        let (start, length) = (number("offset", 0)?, number("length", len * width)?);
        let mut files = self.files.borrow_mut();
        if !files.contains_key(file) {
            let bytes =
                (self.beside)(file).map_err(|error| format!("`{name}` is in another file: {error}"))?;
            files.insert(file.clone(), bytes);
        }
        let end = start.checked_add(length);
        let bytes = files.get(file).zip(end).and_then(|(bytes, end)| bytes.get(start..end));
        let bytes = bytes.ok_or_else(|| format!("`{name}` goes beyond the end of {file}"))?;
        match length <= len * width {
            true => Ok(Some(Cow::Owned(bytes.to_vec()))),
            false => Err(format!("`{name}` has {length} bytes for {len} values")),
        }
    }
}

fn shape(tensor: &TensorProto, most: usize) -> Result<(Vec<usize>, usize), String> {
    let name = &tensor.name;
    let dims: Option<Vec<usize>> = tensor.dims.iter().map(|side| usize::try_from(*side).ok()).collect();
    let len = dims.as_ref().and_then(|dims| dims.iter().try_fold(1usize, |len, side| len.checked_mul(*side)));
    match dims.zip(len) {
        Some((dims, len)) if len <= most => Ok((dims, len)),
        _ => Err(format!("`{name}` has the shape {:?}, {most} values are possible", tensor.dims)),
    }
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.chunks_exact(N).filter_map(|word| word.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    /// What a few bytes of a file can ask for again and again stays small.
    #[test]
    fn vectors_of_integers_are_bounded() {
        let (graph, names): (GraphProto, Vec<String>) =
            (GraphProto::default(), (0..MAX_VECTORS + 1).map(|at| at.to_string()).collect());
        let beside = |_: &str| Err(Error::Internal("no file".into()));
        let mut constants = Constants::new(&graph, &beside);
        assert!(constants.define_ints("long", vec![0; MAX_INTS + 1]).is_err());
        for (at, name) in names.iter().enumerate() {
            assert_eq!(constants.define_ints(name, vec![0]).is_ok(), at < MAX_VECTORS);
        }
        let axes = |count: usize| {
            let attribute =
                AttributeProto { name: "axes".into(), ints: vec![1; count], ..Default::default() };
            let node = NodeProto { attribute: vec![attribute], ..Default::default() };
            constants.axes(Node(&node))
        };
        assert_eq!(axes(2), Ok(vec![1, 1]));
        assert!(axes(MAX_INTS + 1).is_err());
    }
}
