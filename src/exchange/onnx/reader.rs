//! Reads a graph node by node: a layer for each node that computes, while shapes and transposes are followed.

use super::attributes::{Node, TextResult, sizes};
use super::constants::{Constants, MAX_INTS};
use super::head::{Head, count};
use super::messages::*;
use crate::exchange::draft::Draft;
use crate::network::{Normalisation, PerChannel, Task};

/// Where the reader stands.
pub(super) struct Reader {
    pub draft: Draft,
    pub head: Head,
    /// For each channel of the input, gain and offset so far; none once a layer has been read.
    pub scales: Option<Vec<[f32; 2]>>,
    /// Whether the graph has computed something with its input.
    is_scaled: bool,
    /// Whether the head is the very output of the last layer, so that constants may be added to that layer.
    pub is_open: bool,
    /// Rows above, left, below and right that a `Pad` added, and with what, for the next window.
    pub pads: Option<([usize; 4], f32)>,
    /// The size of the batch, where the graph fixes it.
    batch: Option<i64>,
    image: [usize; 3],
    normalisation: Option<Normalisation>,
    is_classified: bool,
    /// How many values were taken into layers.
    pub spent: usize,
    /// How many values the file can hold, and some more.
    budget: usize,
}

/// What was read.
pub(super) struct Read {
    pub draft: Draft,
    pub task: Task,
    /// None where the graph takes floats as they are.
    pub normalisation: Option<Normalisation>,
}

impl Reader {
    /// # Errors
    /// A text where the input is not an image of a fixed size.
    pub fn new(
        graph: &GraphProto,
        constants: &Constants,
        bytes: usize,
        size: Option<[usize; 2]>,
    ) -> TextResult<Self> {
        // Old exporters also list initializers as inputs.
        let mut inputs = graph.input.iter().filter(|input| !constants.is_known(&input.name));
        let (Some(input), None) = (inputs.next(), inputs.next()) else {
            return Err("it must have one input, the images".into());
        };
        let what = || format!("input `{}`", input.name);
        let tensor = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
        let tensor = tensor.ok_or_else(|| format!("{} has no type", what()))?;
        let start = match tensor.elem_type {
            UINT8 => 255.0,
            FLOAT => 1.0,
            other => return Err(format!("{} has type {other}; float32 and uint8 are read", what())),
        };
        let dims = tensor.shape.as_ref().map(|shape| &shape.dim[..]).unwrap_or_default();
        let [batch, dims @ ..] = dims else {
            return Err(format!("{} has no shape", what()));
        };
        let fixed = |dim: &DimensionProto| dim.dim_value.and_then(|side| usize::try_from(side).ok());
        let dims: Option<Vec<usize>> = dims.iter().map(fixed).collect();
        let dims = dims.filter(|dims| count(dims).is_some());
        let dims = dims.ok_or_else(|| format!("{}: images must have a fixed size", what()))?;
        let (image, channels_last) = image(&dims, size).ok_or_else(|| {
            format!("{} has the shape {dims:?}: images of 1 or 3 channels are read; for pixels in a row give `--size`", what())
        })?;
        let mut head = Head { name: input.name.clone(), dims, index: None, shape: image.to_vec() };
        if channels_last {
            let lying = head.dims.clone();
            head.dims = image.to_vec();
            head.transpose(&[1, 2, 0]).ok_or_else(what)?;
            debug_assert_eq!(head.dims, lying);
        }
        Ok(Reader {
            draft: Draft::default(),
            head,
            scales: Some(vec![[start, 0.0]; image[0]]),
            is_scaled: tensor.elem_type == UINT8,
            is_open: false,
            pads: None,
            batch: batch.dim_value.filter(|batch| *batch > 0),
            image,
            normalisation: None,
            is_classified: false,
            spent: 0,
            budget: bytes.saturating_add(1 << 20),
        })
    }

    /// Reads a node.
    ///
    /// # Errors
    /// A text that says what inkgrad cannot compute.
    pub fn node<'a>(&mut self, node: Node<'a>, constants: &mut Constants<'a>) -> TextResult<()> {
        if !matches!(node.0.domain.as_str(), "" | "ai.onnx") {
            return Err(format!("an operator of `{}`, for which inkgrad has no layer", node.0.domain));
        }
        let Some(output) = node.0.output.first().map(String::as_str) else {
            return Err("it has no output".into());
        };
        let reads_head = node.0.input.contains(&self.head.name);
        if !reads_head || node.op() == "Shape" {
            return self.constant(node, output, constants, reads_head);
        }
        if self.is_classified && node.op() != "Identity" {
            return Err("it follows the probabilities, with which a classifier ends".into());
        }
        match node.op() {
            "Identity" | "Cast" => {}
            "Dropout" => self.dropout(node, constants)?,
            "Transpose" => self.transpose(node)?,
            "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => self.reshape(node, constants)?,
            "Pad" => self.pad(node, constants)?,
            "Add" | "Sub" | "Mul" | "Div" => self.arithmetic(node, constants)?,
            "Softmax" | "LogSoftmax" => self.softmax(node)?,
            _ => {
                self.settle()?;
                self.layer(node, constants)?;
            }
        }
        // Files whose nodes share one large tensor must not fill the memory.
        if self.spent > self.budget.saturating_add(constants.bytes_beside()) {
            return Err("more weights than the file holds".into());
        }
        self.head.name = output.to_owned();
        Ok(())
    }

    /// What has been done to the input is its normalisation, once a layer follows.
    fn settle(&mut self) -> TextResult<()> {
        if let Some(scales) = self.scales.take()
            && self.is_scaled
        {
            self.normalisation = Some(normalisation(&scales)?);
        }
        Ok(())
    }

    /// A node that computes from constants.
    fn constant<'a>(
        &mut self,
        node: Node<'a>,
        output: &'a str,
        constants: &mut Constants<'a>,
        reads_head: bool,
    ) -> TextResult<()> {
        let ints = |at: usize| constants.ints(node.needed(at)?);
        let axes = || constants.axes(node);
        let found = match node.op() {
            "Constant" => {
                if let Some(tensor) = node.0.attribute.iter().find_map(|attribute| attribute.t.as_ref()) {
                    constants.define(output, tensor);
                    return Ok(());
                }
                let ints = node.ints("value_ints").map(<[i64]>::to_vec);
                ints.or_else(|| Some(vec![node.int("value_int", 0)])).unwrap_or_default()
            }
            "Shape" if reads_head => {
                let dims = self.head.dims.iter().map(|side| *side as i64);
                std::iter::once(self.batch.unwrap_or(-1)).chain(dims).collect()
            }
            "Identity" | "Cast" if node.input(0).is_some_and(|name| constants.is_known(name)) => {
                constants.rename(node.needed(0)?, output);
                return Ok(());
            }
            "Gather" => {
                let (from, which) = (ints(0)?, ints(1)?);
                let at = |which: &i64| if *which < 0 { which + from.len() as i64 } else { *which };
                let pick = |which: &i64| usize::try_from(at(which)).ok().and_then(|at| from.get(at)).copied();
                which.iter().map(pick).collect::<Option<Vec<i64>>>().ok_or("an index beyond its shape")?
            }
            "Unsqueeze" | "Squeeze" if axes()?.iter().all(|axis| *axis == 0) => ints(0)?,
            "Slice" => {
                let from = ints(0)?;
                let len = from.len() as i64;
                let bound = |at: usize| Ok::<i64, String>(ints(at)?.first().copied().unwrap_or(0));
                let clamp =
                    |at: i64| if at < 0 { (at.saturating_add(len)).max(0) } else { at.min(len) } as usize;
                from.get(clamp(bound(1)?)..clamp(bound(2)?)).unwrap_or_default().to_vec()
            }
            "Concat" => {
                let mut whole = Vec::new();
                for at in 0..node.0.input.len() {
                    whole.extend(ints(at)?);
                    if whole.len() > MAX_INTS {
                        return Err(format!("a shape of more than {MAX_INTS} numbers"));
                    }
                }
                whole
            }
            _ => {
                let name = node.0.input.iter().find(|name| !constants.is_known(name) && !name.is_empty());
                let name = name.map_or("constants", String::as_str);
                let what =
                    format!("it reads `{name}` where a chain of layers would read `{}`", self.head.name);
                return Err(format!("{what}: networks with branches, or that compute weights, are not read"));
            }
        };
        constants.define_ints(output, found)
    }

    fn transpose(&mut self, node: Node) -> TextResult<()> {
        let rank = self.head.dims.len() + 1;
        let order = match node.ints("perm") {
            Some(perm) => perm.iter().filter_map(|axis| usize::try_from(*axis).ok()).collect(),
            None => (0..rank).rev().collect::<Vec<_>>(),
        };
        let moved = match order.split_first() {
            Some((0, rest)) if rest.iter().all(|axis| *axis > 0) => {
                let rest: Vec<usize> = rest.iter().map(|axis| axis - 1).collect();
                self.head.transpose(&rest)
            }
            _ => None,
        };
        moved.ok_or_else(|| format!("perm = {order:?} on images of {:?}", self.head.dims))
    }

    fn reshape(&mut self, node: Node, constants: &Constants) -> TextResult<()> {
        let (dims, rank) = (self.head.dims.clone(), self.head.dims.len() as i64 + 1);
        let axis = |axis: i64, rank: i64| if axis < 0 { axis + rank } else { axis };
        let axes = || constants.axes(node);
        let wanted = match node.op() {
            "Flatten" if axis(node.int("axis", 1), rank) == 1 => Some(vec![self.head.values()]),
            "Flatten" => None,
            "Squeeze" => {
                let axes: Vec<i64> = axes()?.into_iter().map(|a| axis(a, rank)).collect();
                let kept = |at: usize| {
                    if axes.is_empty() { dims[at] != 1 } else { !axes.contains(&(at as i64 + 1)) }
                };
                (!axes.contains(&0))
                    .then(|| (0..dims.len()).filter(|at| kept(*at)).map(|at| dims[at]).collect())
            }
            "Unsqueeze" => {
                let axes = axes()?;
                let rank = rank + axes.len() as i64;
                let axes: Vec<i64> = axes.into_iter().map(|a| axis(a, rank)).collect();
                let mut old = dims.iter();
                let side = |at| if axes.contains(&at) { Some(1) } else { old.next().copied() };
                (!axes.contains(&0)).then(|| (1..rank).filter_map(side).collect())
            }
            _ => self.target(&constants.ints(node.needed(1)?)?),
        };
        let reshaped = wanted.clone().and_then(|wanted| self.head.reshape(wanted));
        reshaped.ok_or_else(|| format!("it makes {wanted:?} of {dims:?}"))
    }

    /// The shape without the batch that a `Reshape` asks for; none if it is impossible or mixes images.
    fn target(&self, wanted: &[i64]) -> Option<Vec<usize>> {
        let [batch, rest @ ..] = wanted else { return None };
        let is_batch = *batch == -1 || *batch == 0 || self.batch.is_none_or(|fixed| fixed == *batch);
        if !is_batch {
            return None;
        }
        let copied = |(at, side): (usize, &i64)| match side {
            0 => self.head.dims.get(at).map(|side| *side as i64),
            side => Some(*side),
        };
        let rest: Vec<i64> = rest.iter().enumerate().map(copied).collect::<Option<_>>()?;
        let known: i64 =
            rest.iter().filter(|side| **side != -1).try_fold(1i64, |n, side| n.checked_mul(*side))?;
        let free = (self.head.values() as i64).checked_div(known)?;
        rest.iter().map(|side| usize::try_from(if *side == -1 { free } else { *side }).ok()).collect()
    }

    fn pad(&mut self, node: Node, constants: &Constants) -> TextResult<()> {
        if !matches!(node.text("mode"), "" | "constant") || self.pads.is_some() {
            return Err("only one border of a constant value is read".into());
        }
        let pads = match node.ints("pads") {
            Some(pads) => pads.to_vec(),
            None => constants.ints(node.needed(1)?)?,
        };
        let value = match node.input(2) {
            Some(name) => constants.floats(name, 1)?.1.first().copied().unwrap_or(0.0),
            None => node.float("value", 0.0),
        };
        let pads: Option<[usize; 8]> = sizes(&pads);
        // In the order of axes: batch, then as the values lie.
        let rows = match pads {
            Some([0, 0, top, left, 0, 0, bottom, right]) if self.head.is_image() => {
                [top, left, bottom, right]
            }
            Some([0, top, left, 0, 0, bottom, right, 0]) if self.channels_last() => {
                [top, left, bottom, right]
            }
            _ => return Err(format!("a border of {pads:?} around {:?}", self.head.dims)),
        };
        self.pads = (rows != [0; 4]).then_some((rows, value));
        Ok(())
    }

    /// Whether the head is an image in TensorFlow's order.
    pub fn channels_last(&self) -> bool {
        let mut turned = self.head.clone();
        self.head.dims.len() == 3 && turned.transpose(&[2, 0, 1]).is_some() && turned.is_image()
    }

    /// `x + c`, `x - c`, `x * c` or `x / c`, with one constant per channel.
    fn arithmetic(&mut self, node: Node, constants: &Constants) -> TextResult<()> {
        let (first, second) = (node.needed(0)?, node.needed(1)?);
        let is_first = first == self.head.name;
        let name = if is_first { second } else { first };
        if name == self.head.name || !constants.is_known(name) {
            return Err(
                "it reads two tensors that the input makes: networks with branches are not read".into()
            );
        }
        if !is_first && matches!(node.op(), "Sub" | "Div") {
            return Err("a constant on its left side".into());
        }
        if self.pads.is_some() {
            return Err("it follows a border".into());
        }
        let (dims, values) = constants.floats(name, self.head.values())?;
        let values = match node.op() {
            "Sub" => values.into_iter().map(|value| -value).collect(),
            "Div" => values.into_iter().map(|value| 1.0 / value).collect(),
            _ => values,
        };
        if self.scales.is_none() && self.head.dims.len() == 1 {
            self.as_vector();
        }
        let channels = self.head.per_channel(&dims, &values);
        let channels = channels.ok_or_else(|| {
            format!("constants {dims:?} that differ within a channel of {:?}", self.head.dims)
        })?;
        let is_sum = matches!(node.op(), "Add" | "Sub");
        match &mut self.scales {
            Some(scales) => {
                self.is_scaled = true;
                for (scale, by) in scales.iter_mut().zip(channels) {
                    *scale = if is_sum { [scale[0], scale[1] + by] } else { scale.map(|value| value * by) };
                }
                Ok(())
            }
            None => self.affine(channels, is_sum),
        }
    }

    fn softmax(&mut self, node: Node) -> TextResult<()> {
        let axis = node.int("axis", -1);
        if self.head.dims.len() != 1 || !matches!(axis, -1 | 1) {
            return Err(format!("axis = {axis} of {:?}: only over the classes, at the end", self.head.dims));
        }
        self.is_classified = true;
        Ok(())
    }

    /// # Errors
    /// A text where the graph's output is not where the chain ends.
    pub fn finish(mut self, graph: &GraphProto) -> TextResult<Read> {
        self.settle()?;
        if !graph.output.iter().any(|output| output.name == self.head.name) {
            return Err(format!(
                "the chain of its layers ends with `{}`, which is not an output of the graph",
                self.head.name
            ));
        }
        if self.pads.is_some() || self.head.index.is_some() || self.head.dims.len() != 1 {
            return Err(format!("its output has the shape {:?}, not one value per class", self.head.dims));
        }
        self.as_vector();
        let [channels, height, width] = self.image;
        let task = Task { height, width, classes: self.head.values(), channels };
        Ok(Read { draft: self.draft, task, normalisation: self.normalisation })
    }
}

/// Channels, height and width of an input, and whether its channels come last. A row of values is a square image, unless its
/// size is given.
fn image(dims: &[usize], size: Option<[usize; 2]>) -> Option<([usize; 3], bool)> {
    let square = |values: usize| Some(values.isqrt()).filter(|side| side * side == values);
    match *dims {
        [channels @ (1 | 3), height, width] => Some(([channels, height, width], false)),
        [height, width, channels @ (1 | 3)] => Some(([channels, height, width], true)),
        [height, width] => Some(([1, height, width], false)),
        [values] if size.is_some() => {
            let [height, width] = size?;
            let area = height.checked_mul(width).filter(|area| *area > 0)?;
            let is_whole = values.is_multiple_of(area) && matches!(values / area, 1 | 3);
            is_whole.then_some(([values / area, height, width], false))
        }
        [values] => match (square(values), square(values / 3)) {
            (Some(side), _) => Some(([1, side, side], false)),
            (None, Some(side)) if values.is_multiple_of(3) => Some(([3, side, side], false)),
            _ => None,
        },
        _ => None,
    }
}

/// Which means and deviations give these gains and offsets.
fn normalisation(scales: &[[f32; 2]]) -> TextResult<Normalisation> {
    let unit = if scales.iter().all(|[gain, _]| *gain <= 1.0 / 16.0) { 255.0 } else { 1.0 };
    let means: Vec<f32> = scales.iter().map(|[gain, offset]| -offset / (gain * unit)).collect();
    let stds: Vec<f32> = scales.iter().map(|[gain, _]| 1.0 / (gain * unit)).collect();
    if !means.iter().all(|mean| mean.is_finite()) || !stds.iter().all(|std| std.is_finite() && *std > 0.0) {
        return Err(format!("gains and offsets of {scales:?} are not a normalisation"));
    }
    let per_channel = |values: &[f32]| match values {
        [one, rest @ ..] if rest.iter().all(|value| value == one) => PerChannel::Same(*one),
        &[red, green, blue] => PerChannel::Each([red, green, blue]),
        _ => PerChannel::Same(0.0),
    };
    // A mean of minus zero would be written as such.
    let means: Vec<f32> = means.into_iter().map(|mean| mean + 0.0).collect();
    Ok(Normalisation { mean: per_channel(&means), std: per_channel(&stds) })
}
