//! `inkgrad export`: a model in other programs' formats.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use inkgrad::exchange::{c, keras, onnx, pytorch};
use inkgrad::model_file::Model;
use inkgrad::output_file::{check_writable, write_aside};
use inkgrad::{Error, Result};

use super::data_options::DataOptions;
use super::failure::Failure;
use super::{output, overwriting, source};

#[derive(Args)]
pub struct Options {
    /// Model file, as `train --save` writes it
    model: PathBuf,
    /// File to write; its ending says the format: .onnx, .pt.safetensors (tensors under PyTorch's names) or
    /// .weights.h5 (Keras')
    #[arg(value_name = "FILE", required_unless_present_any = ["pytorch", "keras", "c"])]
    file: Option<PathBuf>,
    /// Write model.safetensors into this directory, and a model.py that builds the network in PyTorch and classifies
    #[arg(long, value_name = "DIR")]
    pytorch: Option<PathBuf>,
    /// Write model.weights.h5 into this directory, and a model.py that builds the network in Keras 3 and classifies
    #[arg(long, value_name = "DIR", conflicts_with = "pytorch")]
    keras: Option<PathBuf>,
    /// Write model.c and model.h into this directory: plain C99 for microcontrollers
    #[arg(long, value_name = "DIR")]
    c: Option<PathBuf>,
    /// C: compute in int8, calibrated on the validation images of the built-in MNIST or of --data
    #[arg(long, requires = "c")]
    int8: bool,
    /// ONNX: what the graph takes, [batch, channels, height, width]: uint8 from 0 to 255, or float32 from 0 to 1;
    /// normalising is part of the graph
    #[arg(long, default_value = "bytes")]
    input: Input,
    /// ONNX: what the graph returns for each class
    #[arg(long, default_value = "probabilities")]
    output: Output,
    #[command(flatten)]
    data: DataOptions,
}

#[derive(Clone, Copy, ValueEnum)]
enum Input {
    Bytes,
    Floats,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Logits,
    Probabilities,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let model = Model::open(&options.model)?;
    if let Some(file) = &options.file {
        overwriting::refuse("the file", file, [options.model.as_path()])?;
        check_writable(file)?;
        let bytes = match format(file)? {
            Format::Onnx => onnx::write(&model, options.onnx())?,
            Format::PyTorch => pytorch::weights(&model)?,
            Format::Keras => keras::weights(&model)?,
        };
        write(file, &bytes)?;
    }
    if let Some(dir) = &options.pytorch {
        prepare(dir)?;
        write(&dir.join("model.safetensors"), &pytorch::weights(&model)?)?;
        write(&dir.join("model.py"), pytorch::script(&model)?.as_bytes())?;
    }
    if let Some(dir) = &options.keras {
        prepare(dir)?;
        write(&dir.join("model.weights.h5"), &keras::weights(&model)?)?;
        write(&dir.join("model.py"), keras::script(&model)?.as_bytes())?;
    }
    if let Some(dir) = &options.c {
        prepare(dir)?;
        let sources = match options.int8 {
            false => c::write(&model, c::Arithmetic::Float32)?,
            true => {
                let validation = source::validation_images(&options.data, &model)?;
                c::write(&model, c::Arithmetic::Int8(&validation))?
            }
        };
        write(&dir.join("model.h"), sources.header.as_bytes())?;
        write(&dir.join("model.c"), sources.source.as_bytes())?;
        let (flash, ram) = (sources.flash, sources.ram);
        output::note(format_args!("flash: {flash} bytes and the code; RAM: {ram} bytes and the stack"));
    }
    Ok(())
}

enum Format {
    Onnx,
    PyTorch,
    Keras,
}

/// The format that a file's ending says.
fn format(file: &Path) -> Result<Format> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    match name {
        name if name.ends_with(".onnx") => Ok(Format::Onnx),
        name if name.ends_with(".pt.safetensors") => Ok(Format::PyTorch),
        name if name.ends_with(".weights.h5") => Ok(Format::Keras),
        _ => {
            let what = format!("{} names no format", file.display());
            Err(Error::Usage(format!("{what}: end it in .onnx, .pt.safetensors or .weights.h5")))
        }
    }
}

/// Makes a directory for what is exported, if there is none.
fn prepare(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(|source| Error::Io { path: dir.to_owned(), source })
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    write_aside(file, bytes)?;
    output::note(format_args!("{}: {} bytes", file.display(), bytes.len()));
    Ok(())
}

impl Options {
    fn onnx(&self) -> onnx::Options {
        onnx::Options {
            input: match self.input {
                Input::Bytes => onnx::Input::Bytes,
                Input::Floats => onnx::Input::Floats,
            },
            output: match self.output {
                Output::Logits => onnx::Output::Logits,
                Output::Probabilities => onnx::Output::Probabilities,
            },
        }
    }
}
