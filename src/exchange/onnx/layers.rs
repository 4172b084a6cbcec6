//! The nodes that are layers.

use super::attributes::{Node, TextResult, sizes};
use super::constants::Constants;
use super::head::count;
use super::reader::Reader;
use crate::network::{
    AveragePool, BatchNorm, Conv2d, Dense, Dropout, Flatten, Initial, LayerSpec, MaxPool, Padding, Pair,
    Pool, Relu, Tanh,
};
use crate::plan::Window;

/// PyTorch's and inkgrad's own.
const MOMENTUM: f32 = 0.1;
const EPSILON: f32 = 1e-5;

/// Largest value that stands for minus infinity in a border around maxima.
const LOWEST: f32 = -3.0e38;

/// Limit on the values of one tensor of weights, before their shape is known.
const MAX_WEIGHTS: usize = 1 << 28;

impl Reader {
    /// A node that becomes a layer.
    pub(super) fn layer(&mut self, node: Node, constants: &Constants) -> TextResult<()> {
        if self.pads.is_some() && !matches!(node.op(), "Conv" | "MaxPool") {
            return Err("it follows a border".into());
        }
        self.is_open = match node.op() {
            "Conv" => self.conv(node, constants)?,
            "Gemm" | "MatMul" => self.dense(node, constants)?,
            "BatchNormalization" => self.batch_norm(node, constants)?,
            "MaxPool" | "AveragePool" => self.pool(node)?,
            "GlobalAveragePool" | "GlobalMaxPool" => {
                self.global(node.op() == "GlobalMaxPool", &[2, 3], true)?
            }
            "ReduceMean" | "ReduceMax" => {
                self.global(node.op() == "ReduceMax", &constants.axes(node)?, node.int("keepdims", 1) == 1)?
            }
            "Relu" => self.push(LayerSpec::Relu(Relu {}), vec![])?,
            "Tanh" => self.push(LayerSpec::Tanh(Tanh {}), vec![])?,
            _ => return Err("inkgrad has no such layer".into()),
        };
        Ok(())
    }

    /// Appends a layer; returns whether constants may still be added to it.
    fn push(&mut self, layer: LayerSpec, values: Vec<Vec<f32>>) -> TextResult<bool> {
        self.spent = self.spent.saturating_add(values.iter().map(Vec::len).sum());
        let is_open = matches!(layer, LayerSpec::Conv2d(_) | LayerSpec::Dense(_) | LayerSpec::BatchNorm(_));
        self.draft.push(layer, values);
        Ok(is_open)
    }

    /// Sees the head as one row of values, for layers that read rows.
    pub(super) fn as_vector(&mut self) {
        if self.head.shape.len() > 1 {
            self.draft.push(LayerSpec::Flatten(Flatten {}), vec![]);
            self.head.shape = vec![self.head.values()];
        }
    }

    fn image(&self) -> TextResult<[usize; 3]> {
        match (self.head.is_image(), &self.head.dims[..]) {
            (true, &[channels, height, width]) => Ok([channels, height, width]),
            _ => Err(format!("its input {:?} does not lie as [channels, height, width]", self.head.dims)),
        }
    }

    fn become_image(&mut self, channels: usize, sides: [usize; 2]) -> TextResult<()> {
        let shape = vec![channels, sides[0], sides[1]];
        count(&shape).ok_or_else(|| format!("an output of {shape:?}"))?;
        (self.head.dims, self.head.shape) = (shape.clone(), shape);
        Ok(())
    }

    fn conv(&mut self, node: Node, constants: &Constants) -> TextResult<bool> {
        let [channels, height, width] = self.image()?;
        node.only("group", 1)?;
        node.only_all("dilations", 1)?;
        let (dims, weight) = constants.floats(node.needed(1)?, MAX_WEIGHTS)?;
        let [out, inputs, kernel @ ..] = &dims[..] else {
            return Err(format!("a kernel of {dims:?}"));
        };
        let kernel: [usize; 2] = kernel.try_into().map_err(|_| format!("a kernel of {dims:?}"))?;
        if *inputs != channels || node.pair("kernel_shape", kernel)? != kernel {
            return Err(format!("a kernel of {dims:?} on images of {:?}", self.head.dims));
        }
        if self.pads.is_some_and(|(_, value)| value != 0.0) {
            return Err("it follows a border that is not 0".into());
        }
        let (stride, padding, window) = self.window(node, [height, width], kernel, 1)?;
        let bias = match node.input(2) {
            Some(name) => Some(vector(constants, name, *out)?),
            None => None,
        };
        self.become_image(*out, window.output)?;
        let conv = Conv2d {
            channels: *out,
            kernel: Pair(kernel),
            stride: Pair(stride),
            padding,
            bias: bias.is_some(),
            initial: Initial::default(),
            initial_bias: Initial::Zeros,
        };
        self.push(LayerSpec::Conv2d(conv), std::iter::once(weight).chain(bias).collect())
    }

    /// Stride, padding and window of a node, with the border before it.
    fn window(
        &mut self,
        node: Node,
        input: [usize; 2],
        kernel: [usize; 2],
        stride: usize,
    ) -> TextResult<([usize; 2], Padding, Window)> {
        let stride = node.pair("strides", [stride; 2])?;
        let same = Window::same(input, kernel, stride).ok_or("a window of no size")?;
        let missing = |i: usize| {
            ((same.output[i] - 1).saturating_mul(stride[i]).saturating_add(kernel[i]))
                .saturating_sub(input[i])
        };
        let mut pads = match node.text("auto_pad") {
            "" | "NOTSET" => match node.ints("pads") {
                None => [0; 4],
                Some(pads) => sizes(pads).ok_or_else(|| format!("pads = {pads:?}"))?,
            },
            "VALID" => [0; 4],
            "SAME_UPPER" => [missing(0) / 2, missing(1) / 2, missing(0).div_ceil(2), missing(1).div_ceil(2)],
            "SAME_LOWER" => [missing(0).div_ceil(2), missing(1).div_ceil(2), missing(0) / 2, missing(1) / 2],
            other => return Err(format!("auto_pad = {other}")),
        };
        if let Some((border, _)) = self.pads.take() {
            pads.iter_mut().zip(border).for_each(|(pad, more)| *pad = pad.saturating_add(more));
        }
        let output = |i: usize| {
            let room = input[i].checked_add(pads[i])?.checked_add(pads[i + 2])?.checked_sub(kernel[i])?;
            let is_up = node.int("ceil_mode", 0) != 0;
            let steps = if is_up { room.div_ceil(stride[i]) } else { room / stride[i] };
            // A window that would begin in the padding after the image is left out.
            let beyond = is_up && steps * stride[i] >= input[i] + pads[i];
            Some(steps + 1 - usize::from(beyond))
        };
        let output = output(0).zip(output(1)).ok_or("a window larger than its input")?;
        let (output, begin) = ([output.0, output.1], [pads[0], pads[1]]);
        let fits = |window: &Option<Window>| window.is_some_and(|w| w.output == output && w.padding == begin);
        let found = [
            (Padding::Valid, Window::valid(input, kernel, stride)),
            (Padding::Same, Some(same)),
            (Padding::Sides(Pair(begin)), Window::padded(input, kernel, stride, begin)),
        ];
        match found.into_iter().find(|(_, window)| fits(window)) {
            Some((padding, Some(window))) => Ok((stride, padding, window)),
            _ => Err(format!(
                "pads = {pads:?} with strides {stride:?} on {input:?}: inkgrad has no such padding"
            )),
        }
    }

    fn pool(&mut self, node: Node) -> TextResult<bool> {
        let [channels, height, width] = self.image()?;
        node.only_all("dilations", 1)?;
        node.only("storage_order", 0)?;
        let is_max = node.op() == "MaxPool";
        if is_max && self.pads.is_some_and(|(_, value)| value > LOWEST) {
            return Err("it follows a border that is not minus infinity".into());
        }
        let kernel = node.pair("kernel_shape", [0, 0])?;
        let (stride, padding, window) = self.window(node, [height, width], kernel, 1)?;
        let is_padded = crate::exchange::steps::padding(&window) != [0; 4];
        if !is_max && is_padded && node.int("count_include_pad", 0) != 0 {
            return Err("count_include_pad = 1: inkgrad's means leave the padding out".into());
        }
        self.become_image(channels, window.output)?;
        let stride = (stride != kernel).then_some(Pair(stride));
        let pool = Pool { size: Some(Pair(kernel)), stride, padding };
        let layer = if is_max {
            LayerSpec::MaxPool(MaxPool(pool))
        } else {
            LayerSpec::AveragePool(AveragePool(pool))
        };
        self.push(layer, vec![])
    }

    /// Pooling of whole maps.
    fn global(&mut self, is_max: bool, axes: &[i64], keeps: bool) -> TextResult<bool> {
        let mut axes: Vec<i64> = axes.iter().map(|axis| if *axis < 0 { axis + 4 } else { *axis }).collect();
        axes.sort_unstable();
        let over = match axes[..] {
            [2, 3] => self.head.is_image(),
            [1, 2] => self.channels_last(),
            _ => false,
        };
        if !over {
            return Err(format!("over the axes {axes:?} of {:?}: only over whole maps", self.head.dims));
        }
        let channels = self.head.shape[0];
        let dims = match (keeps, &axes[..]) {
            (false, _) => vec![channels],
            (true, [1, 2]) => vec![1, 1, channels],
            (true, _) => vec![channels, 1, 1],
        };
        (self.head.dims, self.head.index, self.head.shape) = (dims, None, vec![channels, 1, 1]);
        let pool = Pool { size: None, stride: None, padding: Padding::Valid };
        let layer = if is_max {
            LayerSpec::MaxPool(MaxPool(pool))
        } else {
            LayerSpec::AveragePool(AveragePool(pool))
        };
        self.push(layer, vec![])
    }

    fn dense(&mut self, node: Node, constants: &Constants) -> TextResult<bool> {
        if self.head.dims.len() != 1 || node.input(0) != Some(&self.head.name) {
            return Err(format!(
                "a product with an input of {:?}: it must be one row, on the left",
                self.head.dims
            ));
        }
        let (dims, values) = constants.floats(node.needed(1)?, MAX_WEIGHTS)?;
        let is_gemm = node.op() == "Gemm";
        let is_transposed = is_gemm && node.int("transB", 0) != 0;
        if is_gemm {
            node.only("transA", 0)?;
        }
        let inputs = self.head.values();
        let units = match (&dims[..], is_transposed) {
            (&[units, of], true) | (&[of, units], false) if of == inputs && units > 0 => units,
            _ => return Err(format!("weights of {dims:?} on {inputs} values")),
        };
        let (alpha, beta) =
            if is_gemm { (node.float("alpha", 1.0), node.float("beta", 1.0)) } else { (1.0, 1.0) };
        let bias = match node.input(2).filter(|_| is_gemm) {
            Some(name) => {
                let (dims, values) = constants.floats(name, units)?;
                match (values.len(), dims.iter().product::<usize>()) {
                    (1, _) => vec![values[0] * beta; units],
                    (len, _) if len == units => values.into_iter().map(|value| value * beta).collect(),
                    _ => return Err(format!("a bias of {dims:?} for {units} units")),
                }
            }
            None => vec![0.0; units],
        };
        self.as_vector();
        let mut weight = vec![0.0; units * inputs];
        for from in 0..inputs {
            let to = self.head.position(from);
            for unit in 0..units {
                let at = if is_transposed { unit * inputs + from } else { from * units + unit };
                weight[unit * inputs + to] = values[at] * alpha;
            }
        }
        (self.head.dims, self.head.index, self.head.shape) = (vec![units], None, vec![units]);
        let dense = Dense { units: Some(units), initial: Initial::default(), initial_bias: Initial::Zeros };
        self.push(LayerSpec::Dense(dense), vec![weight, bias])
    }

    fn batch_norm(&mut self, node: Node, constants: &Constants) -> TextResult<bool> {
        node.only("training_mode", 0)?;
        if self.head.dims.len() == 1 {
            self.as_vector();
        } else {
            self.image()?;
        }
        let channels = self.head.shape[0];
        let mut values = Vec::new();
        for at in 1..=4 {
            let found = vector(constants, node.needed(at)?, channels)?;
            let mut placed = vec![0.0; channels];
            for (from, value) in found.into_iter().enumerate() {
                // Of images the channels, of a row its values.
                let to = if self.head.dims.len() == 1 { self.head.position(from) } else { from };
                placed[to] = value;
            }
            values.push(placed);
        }
        let norm = BatchNorm { momentum: MOMENTUM, epsilon: node.float("epsilon", EPSILON) };
        self.push(LayerSpec::BatchNorm(norm), values)
    }

    /// A constant added to each channel, or a factor: part of the layer before it, or a normalisation that knows mean and
    /// variance beforehand.
    pub(super) fn affine(&mut self, by: Vec<f32>, is_sum: bool) -> TextResult<()> {
        let last = self.draft.layers.last_mut().filter(|_| self.is_open);
        match last {
            Some((LayerSpec::Dense(_), values)) if is_sum && values.len() == 2 => add(&mut values[1], &by),
            Some((LayerSpec::Conv2d(conv), values)) if is_sum && !conv.bias => {
                conv.bias = true;
                values.push(by);
            }
            Some((LayerSpec::Conv2d(_), values)) if is_sum && values.len() == 2 => add(&mut values[1], &by),
            Some((LayerSpec::BatchNorm(_), values)) if values.len() == 4 => {
                if is_sum {
                    add(&mut values[1], &by);
                } else {
                    for tensor in &mut values[..2] {
                        tensor.iter_mut().zip(&by).for_each(|(value, by)| *value *= by);
                    }
                }
            }
            _ => {
                let (ones, zeros) = (vec![1.0; by.len()], vec![0.0; by.len()]);
                let variance = vec![1.0 - EPSILON; by.len()];
                let (weight, bias) = if is_sum { (ones, by) } else { (by, zeros.clone()) };
                let norm = BatchNorm { momentum: MOMENTUM, epsilon: EPSILON };
                self.is_open = self.push(LayerSpec::BatchNorm(norm), vec![weight, bias, zeros, variance])?;
            }
        }
        Ok(())
    }

    /// Dropout does nothing when the network is used, but is kept for further training.
    pub(super) fn dropout(&mut self, node: Node, constants: &Constants) -> TextResult<()> {
        let rate = match node.input(1) {
            Some(name) => constants.floats(name, 1)?.1.first().copied().unwrap_or(0.5),
            None => node.float("ratio", 0.5),
        };
        if self.scales.is_none() && rate > 0.0 {
            self.push(LayerSpec::Dropout(Dropout { rate }), vec![])?;
            self.is_open = false;
        }
        Ok(())
    }
}

fn add(values: &mut [f32], by: &[f32]) {
    values.iter_mut().zip(by).for_each(|(value, by)| *value += by);
}

/// A constant vector of exactly `len` values.
fn vector(constants: &Constants, name: &str, len: usize) -> TextResult<Vec<f32>> {
    let (dims, values) = constants.floats(name, len)?;
    match values.len() == len {
        true => Ok(values),
        false => Err(format!("`{name}` has the shape {dims:?}, {len} values are needed")),
    }
}
