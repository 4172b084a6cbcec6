//! What all fuzz targets share: the limit on memory, files for readers that open one, and packing.

mod held;
mod memory;
mod pack;
mod scratch;

use std::path::Path;
use std::sync::LazyLock;

pub use held::{archived, decoded, unpacked};
use inkgrad::recipe::Recipe;
pub use memory::bounded;
pub use pack::{gzip, zipped};
pub use scratch::Scratch;

/// A network for files that do not describe theirs.
pub static RECIPE: LazyLock<Recipe> = LazyLock::new(|| {
    let text = "batch = 20\nsteps = 40\nlearning_rate = 0.1\noptimiser = { kind = \"sgd\" }\n\
                layers = [{ kind = \"dense\", units = 4 }, { kind = \"relu\" }, { kind = \"dense\" }]";
    Recipe::parse(Path::new("recipe"), text).expect("a recipe as it should be")
});
