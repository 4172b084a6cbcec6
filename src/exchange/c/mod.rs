//! C: a header and a source in plain C99 without allocation and without any library, for microcontrollers. In float32, or in
//! int8 with the ranges of activations measured on images.

mod calibrate;
mod float;
mod int8;
mod source;

use super::python::comment;
use super::steps::pixel_scales;
use crate::data::Split;
use crate::error::{Error, Result};
use crate::model_file::Model;
use crate::recipe::View;
use source::{Source, list};

/// The two files and what they need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// `model.h`
    pub header: String,
    /// `model.c`
    pub source: String,
    /// Bytes of constants: weights and tables, without the code.
    pub flash: usize,
    /// Bytes of static buffers, without the stack.
    pub ram: usize,
}

/// How a network computes.
#[derive(Clone, Copy)]
pub enum Arithmetic<'a> {
    Float32,
    /// With images like those that it will see, to measure ranges on: validation images.
    Int8(&'a Split),
}

/// Writes a model as C.
///
/// # Errors
/// `Data` where the images for calibration are missing or of another size; `Output` where sums in int8 could overflow.
pub fn write(model: &Model, arithmetic: Arithmetic) -> Result<Sources> {
    let mut source = Source::new(model.members.len());
    let how = match arithmetic {
        Arithmetic::Float32 => {
            float::write(&mut source, model)?;
            "float32".to_owned()
        }
        Arithmetic::Int8(images) => {
            if images.is_empty() || images.image_bytes() != model.network.task.image_bytes() {
                let what = "int8 is calibrated on validation images of the network's size";
                return Err(Error::Data(format!(
                    "{what}: name a directory that has them with `--data PATH`"
                )));
            }
            let count = int8::write(&mut source, model, images)?;
            format!("int8, calibrated on {count} images")
        }
    };
    let (flash, ram) = (source.flash, source.ram());
    let head = format!(
        "{}: {how}. Written by inkgrad {}.\n * Flash: {flash} bytes of constants, and a few KiB of code. \
         RAM: {ram} bytes of static buffers, and little stack.",
        comment(&model.name),
        env!("CARGO_PKG_VERSION")
    );
    Ok(Sources { header: header(model, &head), source: text(model, &source, &head), flash, ram })
}

fn header(model: &Model, head: &str) -> String {
    let task = model.network.task;
    include_str!("model.h")
        .replace("HEAD", head)
        .replace("@HEIGHT@", &task.height.to_string())
        .replace("@WIDTH@", &task.width.to_string())
        .replace("@CHANNELS@", &task.channels.to_string())
        .replace("@CLASSES@", &task.classes.to_string())
}

fn text(model: &Model, source: &Source, head: &str) -> String {
    let views = model.recipe.views.list();
    let names = model.names().iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ");
    let views_list = views
        .iter()
        .map(|View { down, right, mirrored }| format!("{{{down}, {right}, {}}}", u8::from(*mirrored)))
        .collect::<Vec<_>>();
    let networks = (0..model.members.len()).map(|member| format!("network{member}")).collect::<Vec<_>>();
    let shares = views.len() * model.members.len();
    let kind = source.kind;
    let sizes = source.buffers.iter().enumerate().filter(|(_, values)| **values > 0);
    let buffers: Vec<String> = sizes.map(|(which, values)| format!("buffer{which}[{values}]")).collect();
    let buffers = format!("static {kind} {};\n", buffers.join(", "));
    let sums = match source.sums {
        0 => String::new(),
        row => format!("static int32_t sums[{row}];\n"),
    };
    let logits = if source.needs_logits { "static float last[MODEL_CLASSES];\n" } else { "" };
    [
        &format!("/* {head} */\n#include \"model.h\"\n\n#define SHARES {shares}\n\n"),
        &format!("const char *const model_class_names[MODEL_CLASSES] = {{{names}}};\n\n"),
        &buffers,
        &sums,
        logits,
        "\n",
        include_str!("common.c"),
        &source.helpers(),
        &source.tables,
        &source.functions,
        &include_str!("classify.c")
            .replace("@VIEWS@", &views_list.join(", "))
            .replace("@NETWORKS@", &networks.join(", ")),
    ]
    .concat()
}

/// A C string: what is not plain ASCII as bytes in octal.
fn literal(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'"' | b'\\' | b'?' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    format!("\"{}\"", text.bytes().map(byte).collect::<String>())
}

/// The function that makes floats of the pixels.
fn scales(model: &Model, source: &mut Source) {
    let scales = pixel_scales(&model.network);
    let of = |which: usize, unit: f32| list(scales.iter().map(|scale| format!("{:?}f", scale[which] * unit)));
    source.flash += 8 * scales.len();
    let (gains, offsets) = (of(0, 1.0 / 255.0), of(1, 1.0));
    source.tables += &format!(
        "static const float gains[] = {{{gains}}}, offsets[] = {{{offsets}}};\n\n{}",
        include_str!("load_float.c")
    );
}
