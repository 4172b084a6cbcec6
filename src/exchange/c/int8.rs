//! The network in int8 (Jacob et al. 2018, "Quantization and training of neural networks for efficient integer-arithmetic-only
//! inference"): a value is `scale * (byte - zero)`. Weights have a scale for each output channel and no zero, activations one
//! scale and one zero for each layer, from their range on the images for calibration. Sums are int32.

use std::fmt::Write;

use super::calibrate::{chosen, ranges};
use super::source::{Source, inner, list, outputs, scale_and_shift};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::exchange::steps::{Kind, Step, Values, pixel_scales, steps};
use crate::model_file::Model;

/// How bytes stand for values.
#[derive(Clone, Copy)]
struct Scale {
    scale: f32,
    zero: i32,
}

impl Scale {
    /// For values from `least` to `most`; 0 has a byte of its own, for padding and ReLU.
    fn over([least, most]: [f32; 2]) -> Self {
        let (least, most) = (least.min(0.0), most.max(0.0));
        let scale = ((most - least) / 255.0).max(f32::MIN_POSITIVE * 1e6);
        Scale { scale, zero: (-128.0 - least / scale).round().clamp(-128.0, 127.0) as i32 }
    }

    fn byte(self, value: f32) -> i32 {
        ((value / self.scale).round() + self.zero as f32).clamp(-128.0, 127.0) as i32
    }
}

/// Largest sum of products before the bias: with it, sums stay below 2^31.
const MAX_SUM: usize = 1 << 30;

/// Returns the number of images that it was calibrated on.
pub(super) fn write(source: &mut Source, model: &Model, images: &Split) -> Result<usize> {
    let network = &model.network;
    source.begin(include_str!("int8.c"), "int8_t", 1, network.task.classes);
    source.needs_logits = true;
    let input = load(source, model);
    let steps: Vec<Step> = steps(network)?
        .into_iter()
        .filter(|step| !matches!(step.kind, Kind::Flatten | Kind::Dropout { .. }))
        .collect();
    let mut count = 0;
    for (member, weights) in model.members.iter().enumerate() {
        let values = Values { network, weights };
        let chosen = chosen(values, images);
        count = chosen.len();
        let ranges = ranges(&steps, values, images, &chosen)?;
        source.network(member, network.task.image_bytes());
        let (mut x, mut at) = (input, 0);
        while let Some(step) = steps.get(at) {
            let rest = steps.get(at + 1..).unwrap_or_default();
            let taken = Layer { source, member, values, step, x };
            let (out, fused) = match step.kind {
                Kind::Conv { .. } | Kind::Dense => taken.linear(rest, &ranges[at..])?,
                _ => (taken.other(&ranges[at])?, 0),
            };
            (x, at) = (out, at + 1 + fused);
        }
        let ends_with_sums = steps.last().is_some_and(|step| step.kind == Kind::Dense);
        if !ends_with_sums {
            let (buffer, classes) = (source.buffer(), network.task.classes);
            source.statement("int i;");
            source.statement(&format!("for (i = 0; i < {classes}; i++)"));
            source.statement(&format!("    last[i] = (float)({buffer}[i] - ({})) * {:?}f;", x.zero, x.scale));
        }
        source.end();
    }
    Ok(count)
}

/// The table from a pixel to its byte, for each channel.
fn load(source: &mut Source, model: &Model) -> Scale {
    let scales = pixel_scales(&model.network);
    let value = |[gain, offset]: [f32; 2], pixel: i32| pixel as f32 / 255.0 * gain + offset;
    let ends = scales.iter().flat_map(|scale| [value(*scale, 0), value(*scale, 255)]);
    let range = ends.fold([0.0f32, 0.0], |[least, most], end| [least.min(end), most.max(end)]);
    let input = Scale::over(range);
    let rows = scales.iter().map(|scale| {
        format!("{{{}}}", list((0..256).map(|pixel| input.byte(value(*scale, pixel)).to_string())))
    });
    source.flash += 256 * scales.len();
    let rows = rows.collect::<Vec<_>>().join(",\n    ");
    let _ = writeln!(source.tables, "static const int8_t inputs[MODEL_CHANNELS][256] = {{{rows}}};\n");
    source.tables += include_str!("load_int8.c");
    input
}

/// A layer being written, and what its input's bytes stand for.
struct Layer<'a, 'b> {
    source: &'a mut Source,
    member: usize,
    values: Values<'b>,
    step: &'a Step,
    x: Scale,
}

/// A layer's weights in integers: one row for each output channel.
struct Rows {
    weights: Vec<i32>,
    /// Value of one unit of a row's sums.
    units: Vec<f32>,
    biases: Vec<i32>,
}

/// Rounds each row to integers up to `most`, with a scale that also holds the row's bias.
fn rows(weights: &[f32], biases: &[f32], x: Scale, most: f32) -> Rows {
    let mut rows = Rows { weights: Vec::new(), units: Vec::new(), biases: Vec::new() };
    for (row, bias) in weights.chunks(weights.len() / biases.len()).zip(biases) {
        let largest = row.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let scale = (largest / most).max(bias.abs() / x.scale / (1 << 29) as f32).max(1e-20);
        rows.weights.extend(row.iter().map(|value| (value / scale).round() as i32));
        rows.units.push(scale * x.scale);
        rows.biases.push((bias / (scale * x.scale)).round() as i32);
    }
    rows
}

/// A positive factor as `multiplier / 2^shift`, with a multiplier of 31 bits.
fn fixed(factor: f32) -> (i32, i32) {
    let factor = f64::from(factor);
    let shift = (30 - factor.log2().floor() as i32).clamp(1, 62);
    let multiplier = (factor * 2f64.powi(shift)).round();
    (multiplier.min(f64::from(i32::MAX)) as i32, shift)
}

impl Layer<'_, '_> {
    fn name(&self, what: &str) -> String {
        self.source.name(self.member, &self.step.name, what)
    }

    /// A convolution or a dense layer, with a batch normalisation and a ReLU that follow: returns what its output's bytes stand
    /// for, and how many of the following steps are part of it.
    fn linear(self, rest: &[Step], ranges: &[[f32; 2]]) -> Result<(Scale, usize)> {
        let step = self.step;
        let weight = self.values.tensor(&step.name, "weight")?.values;
        let mut weight = weight.to_vec();
        let channels = step.output[0];
        let has_bias = step.tensors().contains(&"bias");
        let mut bias = if has_bias {
            self.values.tensor(&step.name, "bias")?.values.to_vec()
        } else {
            vec![0.0; channels]
        };
        let mut fused = 0;
        if let Some(norm) = rest.first().filter(|step| matches!(step.kind, Kind::BatchNorm { .. })) {
            let (scale, shift) = scale_and_shift(norm, self.values)?;
            let length = weight.len() / channels;
            for (row, scale) in weight.chunks_mut(length).zip(&scale) {
                row.iter_mut().for_each(|value| *value *= scale);
            }
            bias.iter_mut()
                .zip(scale.iter().zip(&shift))
                .for_each(|(b, (scale, shift))| *b = *b * scale + shift);
            fused += 1;
        }
        let is_relu = rest.get(fused).is_some_and(|step| step.kind == Kind::Relu);
        fused += usize::from(is_relu);
        let is_last = rest.is_empty() && step.kind == Kind::Dense;
        let length = weight.len() / channels;
        if length.saturating_mul(255 * 127) > MAX_SUM {
            let what = format!("{}: sums of {length} products could overflow in int8", step.name);
            return Err(Error::Output(format!("{what}: export float32")));
        }
        let rows = rows(&weight, &bias, self.x, 127.0);
        let (x, inputs) = (self.source.buffer(), step.input[0].to_string());
        let (weights, zero) = (self.name("weight"), self.x.zero.to_string());
        let weights = self.source.table("int8_t", 1, weights, texts(&rows.weights));
        if is_last {
            let (bias, units) = (self.name("bias"), self.name("units"));
            let bias = self.source.table("int32_t", 4, bias, texts(&rows.biases));
            let units = self.source.floats(units, &rows.units);
            self.source.call("logits", &[&x, "last", &weights, &bias, &units, &zero, &inputs]);
            return Ok((self.x, 0));
        }
        let out = Scale::over(ranges[fused]);
        let sizes = match &step.kind {
            Kind::Conv { window, .. } => {
                let sizes = self.name("sizes");
                self.source.sums = self.source.sums.max(window.output[1]);
                Some(self.source.window(sizes, step, window))
            }
            _ => None,
        };
        let units = step.output[0].to_string();
        let least = if is_relu { out.zero } else { -128 };
        let count = outputs(step);
        let source = self.scales(&rows, out, least);
        let (source, scales) = source;
        let y = source.next(count);
        match sizes {
            Some(sizes) => source.call("conv", &[&x, &y, &weights, &scales, &sizes]),
            None => source.call("dense", &[&x, &y, &weights, &scales, &inputs, &units]),
        }
        Ok((out, fused))
    }
}

impl<'a> Layer<'a, '_> {
    /// Writes a layer's `struct scales`; returns an expression for its address.
    fn scales(self, rows: &Rows, out: Scale, least: i32) -> (&'a mut Source, String) {
        let name = |what: &str| self.source.name(self.member, &self.step.name, what);
        let (bias, multiplier, shift, scales) =
            (name("bias"), name("multiplier"), name("shift"), name("scales"));
        let factors: Vec<(i32, i32)> = rows.units.iter().map(|unit| fixed(unit / out.scale)).collect();
        let (multipliers, shifts): (Vec<i32>, Vec<i32>) = factors.into_iter().unzip();
        let source = self.source;
        let bias = source.table("int32_t", 4, bias, texts(&rows.biases));
        let multiplier = source.table("int32_t", 4, multiplier, texts(&multipliers));
        let shift = source.table("int8_t", 1, shift, texts(&shifts));
        source.uses("rescale");
        let _ = writeln!(
            source.tables,
            "static const struct scales {scales} = {{{bias}, {multiplier}, {shift}, {}, {}, {least}}};",
            self.x.zero, out.zero
        );
        source.flash += 24;
        (source, format!("&{scales}"))
    }

    /// All other layers: returns what their output's bytes stand for.
    fn other(self, range: &[f32; 2]) -> Result<Scale> {
        let (step, x, in_scale) = (self.step, self.source.buffer(), self.x);
        let count = outputs(step).to_string();
        match &step.kind {
            Kind::BatchNorm { .. } => {
                let (scale, shift) = scale_and_shift(step, self.values)?;
                let rows = rows(&scale, &shift, in_scale, 16384.0);
                let weight = self.name("weight");
                let weight = self.source.table("int16_t", 2, weight, texts(&rows.weights));
                let out = Scale::over(*range);
                let (channels, inner) = (step.input[0].to_string(), inner(step).to_string());
                let (source, scales) = self.scales(&rows, out, -128);
                source.call("scale_shift", &[&x, &weight, &scales, &channels, &inner]);
                Ok(out)
            }
            Kind::MaxPool(window) | Kind::AveragePool(window) => {
                let is_max = matches!(step.kind, Kind::MaxPool(_));
                let sizes = self.name("sizes");
                let sizes = self.source.window(sizes, step, window);
                let y = self.source.next(outputs(step));
                self.source.call(if is_max { "max_pool" } else { "average_pool" }, &[&x, &y, &sizes]);
                Ok(in_scale)
            }
            Kind::Relu => {
                self.source.call("relu", &[&x, &in_scale.zero.to_string(), &count]);
                Ok(in_scale)
            }
            Kind::Tanh => {
                let out = Scale::over([-1.0, 1.0]);
                let value = |byte: i32| (in_scale.scale * (byte - in_scale.zero) as f32).tanh();
                let table = self.name("table");
                let bytes = (-128..128).map(|byte| out.byte(value(byte))).collect::<Vec<i32>>();
                let table = self.source.table("int8_t", 1, table, texts(&bytes));
                self.source.call("look_up", &[&x, &table, &count]);
                Ok(out)
            }
            Kind::Conv { .. } | Kind::Dense | Kind::Flatten | Kind::Dropout { .. } => Ok(in_scale),
        }
    }
}

fn texts(values: &[i32]) -> impl ExactSizeIterator<Item = String> + '_ {
    values.iter().map(|value| value.to_string())
}
