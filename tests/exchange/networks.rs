//! Small models with every layer, and with values that are nobody's initial values.

use inkgrad::model_file::{Model, Weights};
use inkgrad::network::{Network, Task};
use inkgrad::recipe::Recipe;

/// What all recipes here begin with.
const SETTINGS: &str = "batch = 20\nsteps = 40\nlearning_rate = 0.1\noptimiser = { kind = \"sgd\" }\n";

/// Convolutions with and without bias, padded in all ways, both poolings, batch normalisation before and after flattening.
const EVERY_LAYER: &str = r#"
normalisation = { mean = 0.25, std = 0.5 }
layers = [
    { kind = "conv2d", channels = 4, kernel = [3, 2], padding = "same", bias = false },
    { kind = "batch_norm", epsilon = 0.001 },
    { kind = "relu" },
    { kind = "max_pool", size = 3, stride = 2, padding = 1 },
    { kind = "conv2d", channels = 6, kernel = 3, stride = 2, padding = 1 },
    { kind = "tanh" },
    { kind = "average_pool", size = 2, stride = 1, padding = "same" },
    { kind = "flatten" },
    { kind = "batch_norm" },
    { kind = "dense", units = 9 },
    { kind = "relu" },
    { kind = "dropout", rate = 0.25 },
    { kind = "dense" },
]
"#;

const GLOBAL_POOLING: &str = r#"
layers = [
    { kind = "conv2d", channels = 5, kernel = 3 },
    { kind = "relu" },
    { kind = "average_pool" },
    { kind = "dense" },
]
"#;

pub const ONE_LAYER: &str = r#"layers = [{ kind = "dense" }]"#;

pub fn recipe(layers: &str) -> Recipe {
    Recipe::parse("test".as_ref(), &format!("{SETTINGS}{layers}")).unwrap()
}

/// Weights that look like a trained network's: small, of both signs, variances above zero.
fn weights(network: &Network, seed: u64) -> Weights {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut value = |scale: f32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * scale
    };
    let parameters = (0..network.parameter_count()).map(|_| value(0.8)).collect();
    let mut statistics: Vec<f32> = (0..network.statistics_count()).map(|_| value(0.4)).collect();
    for slice in network.statistics.iter().filter(|slice| slice.name.ends_with("var")) {
        statistics[slice.range()].iter_mut().for_each(|value| *value += 1.0);
    }
    Weights { parameters, statistics }
}

pub fn model(task: Task, recipe: Recipe, members: u64) -> Model {
    let network = Network::new(task, recipe.normalisation, &recipe.layers).unwrap();
    let members = (0..members).map(|seed| weights(&network, seed + 3)).collect();
    let class_names = (0..task.classes).map(|class| format!("class \"{class}\"")).collect();
    Model {
        name: "small".into(),
        network,
        members,
        recipe,
        seed: 5,
        steps: 40,
        class_names,
        preparation: None,
        split: None,
    }
}

/// Grey and coloured, one network and several, with views and without.
pub fn models() -> Vec<Model> {
    let grey = Task { height: 9, width: 8, classes: 3, channels: 1 };
    let colour = Task { channels: 3, ..grey };
    let mut moved = recipe(EVERY_LAYER);
    moved.views = inkgrad::recipe::Views::Moved;
    let mut mirrored = recipe(ONE_LAYER);
    mirrored.views = inkgrad::recipe::Views::Mirrored;
    let mut six = recipe(GLOBAL_POOLING);
    six.views = inkgrad::recipe::Views::MirroredAndMoved;
    let mut each = recipe(EVERY_LAYER);
    each.normalisation = toml_normalisation("mean = [0.4, 0.5, 0.6]\nstd = [0.2, 0.25, 0.3]");
    vec![
        model(grey, recipe(ONE_LAYER), 1),
        model(grey, recipe(EVERY_LAYER), 1),
        model(grey, moved, 2),
        model(colour, each, 1),
        model(colour, recipe(GLOBAL_POOLING), 3),
        model(grey, mirrored, 1),
        model(colour, six, 1),
    ]
}

fn toml_normalisation(text: &str) -> inkgrad::network::Normalisation {
    recipe(&format!("[normalisation]\n{text}\n[[layers]]\nkind = \"dense\"\n")).normalisation
}
