//! `--seeds` and `--ensemble` on a GPU, which trains several networks in one run.

use super::{Bands, inkgrad, text};

const LAYERS: &str = r#"
batch = 20
steps = 30
learning_rate = 0.05
optimiser = { kind = "momentum", momentum = 0.9 }
layers = [{ kind = "dense", units = 16 }, { kind = "relu" }, { kind = "dense" }]
"#;

#[test]
fn each_seed_is_the_run_that_it_is_alone_and_an_ensemble_is_their_mean() {
    let bands = Bands::new();
    let (recipe, model) = (bands.file("mine.toml"), bands.file("three.safetensors"));
    std::fs::write(&recipe, LAYERS).unwrap();
    // Other tests time shaders meanwhile, and another choice would be other bits.
    let run = ["train", "--recipe", text(&recipe), "--data", bands.dir(), "--device", "gpu", "--no-tune"];
    let with = |options: &[&str]| inkgrad(&[&run[..], options].concat()).well();

    let told = with(&["--seeds", "3", "--seed", "4"]);
    assert!(told.err.contains("seeds 4 to 6 in one run"), "{}", told.err);

    let together = with(&["--ensemble", "3", "--seed", "4", "--save", text(&model), "--json"]);
    let events = together.events();
    let seeds: Vec<_> = events.iter().filter(|event| event["event"] == "seed").collect();
    assert_eq!(seeds.len(), 3, "{}", together.out);
    let losses = |events: &[serde_json::Value], seed: &str| -> Vec<(serde_json::Value, serde_json::Value)> {
        let is_its = |event: &&serde_json::Value| {
            event["event"] == "step" && event["seed"] == seed.parse::<u64>().unwrap()
        };
        events.iter().filter(is_its).map(|event| (event["step"].clone(), event["loss"].clone())).collect()
    };
    for (seed, together) in ["4", "5", "6"].into_iter().zip(seeds) {
        let alone = with(&["--seed", seed, "--json"]);
        assert_eq!(together["seed"].to_string(), seed);
        assert_eq!(losses(&events, seed), losses(&alone.events(), seed), "steps of seed {seed}");
        assert_eq!(losses(&events, seed).len(), 30);
        let alone = alone.result();
        for what in ["test_accuracy", "test_loss"] {
            assert_eq!(together[what], alone[what], "{what} of seed {seed}");
        }
    }

    let told = events.last().unwrap();
    assert_eq!((&told["event"], &told["members"]), (&"ensemble".into(), &3.into()));
    let evaluated =
        inkgrad(&["eval", text(&model), "--data", bands.dir(), "--device", "gpu", "--no-tune", "--json"])
            .well();
    assert_eq!(evaluated.events()[0]["test_loss"], told["test_loss"]);
}
