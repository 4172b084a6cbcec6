//! `inkgrad shader`.

use clap::Args;
use inkgrad::plan::{Op, Shader};

use super::failure::Failure;
use super::output;

#[derive(Args)]
pub struct Options {
    /// Op's name; without it, all ops and their variants are listed
    op: Option<String>,
    /// Which of the op's shaders
    #[arg(long, value_name = "NAME", default_value = "plain", requires = "op")]
    variant: String,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let ops = Op::all_shaders();
    let Some(wanted) = &options.op else {
        let lines = ops.iter().map(|(op, shaders)| format!("{op}: {}\n", variants(shaders)));
        return output::print(lines.collect::<String>());
    };
    let Some((op, shaders)) = ops.iter().find(|(op, _)| op == wanted) else {
        let names: Vec<&str> = ops.iter().map(|(op, _)| *op).collect();
        return Err(Failure::usage(format!("there is no op `{wanted}`; there are {}", names.join(", "))));
    };
    match shaders.iter().find(|shader| shader.variant == options.variant) {
        Some(shader) => output::print(shader.source),
        None => Err(Failure::usage(format!(
            "{op} has no variant `{}`; it has {}",
            options.variant,
            variants(shaders)
        ))),
    }
}

fn variants(shaders: &[Shader]) -> String {
    shaders.iter().map(|shader| shader.variant).collect::<Vec<_>>().join(", ")
}
