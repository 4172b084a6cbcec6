//! `inkgrad recipe`.

use clap::Args;
use inkgrad::recipe::Recipe;

use super::failure::Failure;
use super::output;

#[derive(Args)]
pub struct Options {
    /// Preset's name
    preset: String,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    output::print(Recipe::preset_text(&options.preset)?)
}
