//! `--precision`.

use super::{Bands, inkgrad, text};

const LAYERS: &str = r#"
batch = 20
steps = 40
learning_rate = 0.1
optimiser = { kind = "sgd" }
layers = [{ kind = "dense", units = 64 }, { kind = "relu" }, { kind = "dense" }]
"#;

#[test]
fn half_precision_is_told_of_and_its_models_are_like_others() {
    let bands = Bands::new();
    let (recipe, model) = (bands.file("mine.toml"), bands.file("half.safetensors"));
    std::fs::write(&recipe, LAYERS).unwrap();
    // Other tests time shaders meanwhile, and another choice would be other bits.
    let run = ["train", "--recipe", text(&recipe), "--data", bands.dir(), "--device", "gpu", "--no-tune"];
    let half = [&run[..], &["--precision", "f16", "--save", text(&model)]].concat();
    let told = inkgrad(&half).well();
    assert!(told.err.contains("precision: f16 with float32 sums in "), "{}", told.err);
    assert!(told.out.contains(" images/s, in f16"), "{}", told.out);

    let half = inkgrad(&[&half[..], &["--json"]].concat()).well();
    let (first, last) = (&half.events()[0], half.result());
    assert_eq!((&first["precision"], &last["precision"]), (&"f16".into(), &"f16".into()));
    assert_eq!(last["test_accuracy"], 1.0);
    let full = inkgrad(&[&run[..], &["--json"]].concat()).well().result();
    assert_eq!(full["precision"], "f32");
    assert_ne!(full["test_loss"], last["test_loss"]);

    // Tested in float32, as at the run's end.
    let test = ["eval", text(&model), "--data", bands.dir(), "--device", "gpu", "--no-tune", "--json"];
    assert_eq!(inkgrad(&test).well().events()[0]["test_loss"], last["test_loss"]);
}

#[test]
fn where_there_is_no_half_precision_the_run_ends_before_it_begins() {
    let bands = Bands::new();
    let words = ["half precision", "--precision f32", "inkgrad devices"];
    bands.train(&["--precision", "f16"]).failed(2, &words);
    inkgrad(&["bench", "softmax", "--device", "cpu", "--precision", "f16"]).failed(2, &words);
    inkgrad(&["train", "--precision", "f64"]).failed_to_parse("f64");
}
