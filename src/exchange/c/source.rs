//! A C source in the making: tables, functions, and a count of what they need.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::exchange::steps::{Kind, Step};
use crate::plan::Window;

pub(super) struct Source {
    members: usize,
    pub tables: String,
    pub functions: String,
    /// Bytes of constants.
    pub flash: usize,
    /// Elements of the two buffers between which the layers take turns.
    pub buffers: [usize; 2],
    /// Type of an element of the buffers, and its bytes.
    pub kind: &'static str,
    bytes: usize,
    /// Columns of the longest row of a convolution's outputs, whose sums in int32 have a buffer of their own; 0 if none has.
    pub sums: usize,
    /// Whether the logits need a buffer of their own.
    pub needs_logits: bool,
    classes: usize,
    used: BTreeSet<&'static str>,
    parts: &'static str,
    current: usize,
}

impl Source {
    pub fn new(members: usize) -> Self {
        Source {
            members,
            tables: String::new(),
            functions: String::new(),
            flash: 0,
            buffers: [0; 2],
            kind: "float",
            bytes: 4,
            sums: 0,
            needs_logits: false,
            classes: 0,
            used: BTreeSet::new(),
            parts: "",
            current: 0,
        }
    }

    /// Says which functions there are, in parts that begin with `// NAME`, and what the buffers hold.
    pub fn begin(&mut self, parts: &'static str, kind: &'static str, bytes: usize, classes: usize) {
        (self.parts, self.kind, self.bytes, self.classes) = (parts, kind, bytes, classes);
    }

    /// Begins a network's function; the image is in the first buffer.
    pub fn network(&mut self, member: usize, values: usize) {
        self.current = 0;
        self.buffers[0] = self.buffers[0].max(values);
        let _ = writeln!(self.functions, "static const float *network{member}(void)\n{{");
    }

    pub fn end(&mut self) {
        let result = if self.needs_logits { "last".to_owned() } else { self.buffer() };
        let _ = writeln!(self.functions, "    return {result};\n}}\n");
    }

    /// The buffer that holds the last layer's output.
    pub fn buffer(&self) -> String {
        format!("buffer{}", self.current)
    }

    /// The buffer for the next layer's output of `values` values.
    pub fn next(&mut self, values: usize) -> String {
        self.current = 1 - self.current;
        self.buffers[self.current] = self.buffers[self.current].max(values);
        self.buffer()
    }

    /// Appends a call of one of the functions.
    pub fn call(&mut self, function: &'static str, arguments: &[&str]) {
        self.used.insert(function);
        let _ = writeln!(self.functions, "    {function}({});", arguments.join(", "));
    }

    pub fn statement(&mut self, text: &str) {
        let _ = writeln!(self.functions, "    {text}");
    }

    pub fn uses(&mut self, function: &'static str) {
        self.used.insert(function);
    }

    /// A name of a member's own.
    pub fn name(&self, member: usize, layer: &str, what: &str) -> String {
        match self.members {
            1 => format!("{layer}_{what}"),
            _ => format!("network{member}_{layer}_{what}"),
        }
    }

    /// Adds a table of constants; returns its name.
    pub fn table(
        &mut self,
        kind: &str,
        bytes: usize,
        name: String,
        values: impl ExactSizeIterator<Item = String>,
    ) -> String {
        self.flash += bytes * values.len();
        let _ = writeln!(self.tables, "static const {kind} {name}[{}] = {{{}}};", values.len(), list(values));
        name
    }

    pub fn floats(&mut self, name: String, values: &[f32]) -> String {
        self.table("float", 4, name, values.iter().map(|value| format!("{value:?}f")))
    }

    /// Adds the sizes of a layer; returns an expression for their address.
    pub fn window(&mut self, name: String, step: &Step, window: &Window) -> String {
        self.used.insert("window");
        let pair = |[vertical, horizontal]: [usize; 2]| format!("{{{vertical}, {horizontal}}}");
        let Window { input, output, kernel, stride, padding } = *window;
        self.flash += 4 * 12;
        let _ = writeln!(
            self.tables,
            "static const struct window {name} = {{{}, {}, {}, {}, {}, {}, {}}};",
            step.input[0],
            pair(input),
            step.output[0],
            pair(output),
            pair(kernel),
            pair(stride),
            pair(padding)
        );
        format!("&{name}")
    }

    /// Bytes of the buffers.
    pub fn ram(&self) -> usize {
        let logits = if self.needs_logits { 4 * self.classes } else { 0 };
        self.bytes * self.buffers.iter().sum::<usize>() + 4 * self.sums + logits
    }

    /// The functions that are used: compilers warn of others.
    pub fn helpers(&self) -> String {
        let mut text = String::new();
        if self.used.contains("window") {
            text += include_str!("window.c");
        }
        if self.used.contains("conv") {
            text += include_str!("columns.c");
        }
        for part in self.parts.split("// ").skip(1) {
            let (name, body) = part.split_once('\n').unwrap_or((part, ""));
            if self.used.contains(name) {
                text += body;
            }
        }
        text
    }
}

/// Values separated by commas, in lines of bearable length.
pub(super) fn list(values: impl Iterator<Item = String>) -> String {
    let (mut text, mut line) = (String::new(), 0);
    for value in values {
        if line > 0 {
            text += ", ";
        }
        if line + value.len() > 110 {
            text += "\n    ";
            line = 0;
        }
        line += value.len() + 2;
        text += &value;
    }
    text
}

/// A layer's number of output values.
pub(super) fn outputs(step: &Step) -> usize {
    step.output.iter().product()
}

/// Values per channel of a layer's input.
pub(super) fn inner(step: &Step) -> usize {
    step.input[1..].iter().product()
}

/// Batch normalisation in use: for each channel a factor and what is added.
pub(super) fn scale_and_shift(
    step: &Step,
    values: crate::exchange::steps::Values,
) -> crate::error::Result<(Vec<f32>, Vec<f32>)> {
    let Kind::BatchNorm { epsilon } = step.kind else {
        return Ok((Vec::new(), Vec::new()));
    };
    let of = |name| values.tensor(&step.name, name).map(|tensor| tensor.values);
    let (weight, bias, mean, var) = (of("weight")?, of("bias")?, of("running_mean")?, of("running_var")?);
    let scale = weight.iter().zip(var).map(|(weight, var)| weight / (var + epsilon).sqrt());
    let scale: Vec<f32> = scale.collect();
    let shift = bias.iter().zip(mean).zip(&scale).map(|((bias, mean), scale)| bias - mean * scale);
    Ok((scale.clone(), shift.collect()))
}
