//! `inkgrad import`: another program's network as a model file.

use std::path::PathBuf;

use clap::Args;
use inkgrad::exchange::{self, Said};
use inkgrad::output_file::check_writable;

use super::failure::Failure;
use super::{output, overwriting, source};

#[derive(Args)]
pub struct Options {
    /// ONNX (.onnx) of inkgrad, or of PyTorch or Keras for a network of inkgrad's layers; weights of PyTorch (.safetensors)
    /// or Keras (.weights.h5)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Model file to write (safetensors)
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Recipe that says how the network is trained further and, where the file does not, how pixels are normalised; needed
    /// for weights that inkgrad did not write. Its layers must be the file's
    #[arg(long, value_name = "RECIPE")]
    recipe: Option<PathBuf>,
    /// Size of the images where the file leaves it open, such as 28x28 (height x width)
    #[arg(long, value_name = "SIZE", value_parser = size)]
    size: Option<[usize; 2]>,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    overwriting::refuse("the model", &options.model, [options.file.as_path()])?;
    check_writable(&options.model)?;
    let recipe = match &options.recipe {
        Some(path) => Some(source::recipe("", Some(path.as_path()))?.1),
        None => None,
    };
    let model = exchange::open(&options.file, Said { recipe: recipe.as_ref(), size: options.size })?;
    model.save(&options.model)?;
    let (parameters, members) = (model.network.parameter_count(), model.members.len());
    let members = if members > 1 { format!("{members} networks of ") } else { String::new() };
    output::note(format_args!("{}: {members}{parameters} parameters", options.model.display()));
    Ok(())
}

/// Two whole numbers above 0 with an `x` between them.
fn size(text: &str) -> Result<[usize; 2], String> {
    let sides = text.split_once('x').map(|(height, width)| [height.trim().parse(), width.trim().parse()]);
    match sides {
        Some([Ok(height), Ok(width)]) if height > 0 && width > 0 => Ok([height, width]),
        _ => Err("height and width are needed, as in 28x28".into()),
    }
}
