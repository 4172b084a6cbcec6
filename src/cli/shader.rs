//! `inkgrad shader`.

use std::collections::BTreeMap;

use clap::Args;
use inkgrad::plan::{Op, Shader};
use inkgrad::verify::Aim;
use serde::Serialize;

use super::failure::Failure;
use super::{json, output};

#[derive(Args)]
pub struct Options {
    /// Op's name; without it, all ops and their variants are listed
    op: Option<String>,
    /// Which of the op's shaders
    #[arg(long, value_name = "NAME", default_value = "plain", requires = "op")]
    variant: String,
    /// All shaders as JSON Lines, each with every set of constants that `inkgrad verify` compiles it with: for checking
    /// them with another compiler
    #[arg(long, conflicts_with_all = ["op", "variant"])]
    json: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    if options.json {
        return all();
    }
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

#[derive(Serialize)]
struct Described {
    op: &'static str,
    variant: &'static str,
    needs_subgroups: bool,
    source: &'static str,
    /// Values of the `override` constants, as a device sets them for a single network.
    constants: Vec<BTreeMap<&'static str, f64>>,
}

fn all() -> Result<(), Failure> {
    let mut described: BTreeMap<(&str, &str), Described> = BTreeMap::new();
    for case in inkgrad::verify::cases().iter().filter(|case| case.aim == Aim::Every) {
        for planned in &case.plan.ops {
            for launch in planned.op.launches(&case.plan) {
                let op = planned.op.name();
                let Shader { variant, needs_subgroups, source, .. } = launch.shader;
                let new = || Described { op, variant, needs_subgroups, source, constants: Vec::new() };
                let shader = described.entry((op, variant)).or_insert_with(new);
                let constants = launch.constants.iter().copied().collect();
                if !shader.constants.contains(&constants) {
                    shader.constants.push(constants);
                }
            }
        }
    }
    described.values().try_for_each(json::line)
}
