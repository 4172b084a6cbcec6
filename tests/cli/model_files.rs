//! Model files that somebody tampered with, or that are none: one clear error each, and nothing taken on trust.

use serde_json::{Value, json};

use super::{Bands, inkgrad, text};

/// Trains, lets `change` edit the file's header and bytes of values, and evaluates what comes of it.
fn tampered(change: impl FnOnce(&mut Value, &mut Vec<u8>), words: &[&str]) {
    let bands = Bands::new();
    let file = bands.file("model.safetensors");
    bands.train(&["--save", text(&file)]).well();
    let whole = std::fs::read(&file).unwrap();
    let length = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&whole[8..8 + length]).unwrap();
    let mut values = whole[8 + length..].to_vec();
    change(&mut header, &mut values);
    let mut header = header.to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let parts = [&(header.len() as u64).to_le_bytes(), &header[..], &values[..]];
    std::fs::write(&file, parts.concat()).unwrap();
    let ran = inkgrad(&["eval", text(&file), "--data", bands.dir(), "--device", "cpu"]);
    ran.failed(1, &[&["model.safetensors"], words].concat());
}

/// Edits the description that says what the file holds.
fn misdescribed(change: impl FnOnce(&mut Value), words: &[&str]) {
    let change = |header: &mut Value, _: &mut Vec<u8>| {
        let entry = &mut header["__metadata__"]["inkgrad"];
        let mut description: Value = serde_json::from_str(entry.as_str().unwrap()).unwrap();
        change(&mut description);
        *entry = description.to_string().into();
    };
    tampered(change, words);
}

#[test]
fn sizes_that_the_header_makes_up() {
    let bands = Bands::new();
    let file = bands.file("model.safetensors");
    for length in [u64::MAX, 1 << 62, 1 << 40, 100_000_001, 100] {
        std::fs::write(&file, [&length.to_le_bytes()[..], b"{}"].concat()).unwrap();
        let ran = inkgrad(&["eval", text(&file), "--data", bands.dir(), "--device", "cpu"]);
        ran.failed(1, &["model.safetensors: not a complete safetensors file"]);
    }
}

#[test]
fn a_tensor_that_is_missing_or_too_many() {
    let drop = |header: &mut Value, values: &mut Vec<u8>| {
        header.as_object_mut().unwrap().remove("dense1.weight");
        values.truncate(12);
        header["dense1.bias"]["data_offsets"] = json!([0, 12]);
    };
    tampered(drop, &["`dense1.weight` is missing"]);
    let add = |header: &mut Value, values: &mut Vec<u8>| {
        let end = values.len();
        header["dense2.bias"] = json!({"dtype": "F32", "shape": [1], "data_offsets": [end, end + 4]});
        values.extend([0; 4]);
    };
    tampered(add, &["`dense2.bias`, which its network does not have"]);
}

#[test]
fn a_tensor_of_another_shape_or_type() {
    let turn = |header: &mut Value, _: &mut Vec<u8>| header["dense1.weight"]["shape"] = json!([64, 3]);
    tampered(turn, &["`dense1.weight` is F32 [64, 3], F32 [3, 64] is needed"]);
    let retype = |header: &mut Value, _: &mut Vec<u8>| header["dense1.weight"]["dtype"] = json!("I32");
    tampered(retype, &["`dense1.weight` is I32"]);
}

#[test]
fn values_that_are_no_numbers() {
    let spoil = |_: &mut Value, values: &mut Vec<u8>| values[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    tampered(spoil, &["not finite numbers"]);
}

#[test]
fn descriptions_that_cannot_be() {
    misdescribed(|it| it["format"] = json!(99), &["format 99, this version reads 1"]);
    misdescribed(|it| it["task"]["classes"] = json!(u64::MAX), &["no network for 8 x 8 images"]);
    misdescribed(|it| it["task"]["height"] = json!(1u64 << 60), &["no network for"]);
    misdescribed(|it| it["recipe"]["batch"] = json!(0), &["batch = 0"]);
    misdescribed(|it| it["recipe"]["layers"] = json!([]), &["the last layer"]);
    misdescribed(
        |it| it["recipe"]["layers"] = json!([{"kind": "dense", "units": 1u64 << 61}, {"kind": "dense"}]),
        &["parameters"],
    );
    misdescribed(|it| it["recipe"]["layers"][0]["kind"] = json!("oracle"), &["cannot be read"]);
    misdescribed(|it| it["class_names"] = json!(["a", "b"]), &["names 2 classes, but its network has 3"]);
    let garble = |header: &mut Value, _: &mut Vec<u8>| header["__metadata__"]["inkgrad"] = json!("{");
    tampered(garble, &["metadata cannot be read"]);
    let strip = |header: &mut Value, _: &mut Vec<u8>| {
        header.as_object_mut().unwrap().remove("__metadata__");
    };
    tampered(strip, &["not a model of inkgrad"]);
}

#[test]
fn a_directory_in_place_of_a_file() {
    let bands = Bands::new();
    inkgrad(&["eval", bands.dir(), "--device", "cpu"]).failed(2, &[bands.dir()]);
}

/// A limit on the size of files stands in for a full disk: the model is larger than it.
#[cfg(target_os = "linux")]
#[test]
fn a_write_that_fails_leaves_the_older_file() {
    let bands = Bands::new();
    let file = bands.file("model.safetensors");
    std::fs::write(&file, "the older model").unwrap();
    let script = r#"trap '' XFSZ; ulimit -f 1; exec "$@""#;
    let run =
        ["train", "mlp", "--data", bands.dir(), "--device", "cpu", "--steps", "2", "--save", text(&file)];
    let mut command = std::process::Command::new("bash");
    command.args(["-c", script, "bash", env!("CARGO_BIN_EXE_inkgrad")]).args(run);
    super::ran(&mut command).failed(1, &["model.safetensors", "File too large"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "the older model");
    // Five files: the data set's four and the older model.
    assert_eq!(std::fs::read_dir(bands.dir()).unwrap().count(), 5, "no temporary file stays");
}
