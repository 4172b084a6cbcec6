use super::{Bands, inkgrad, text};

#[test]
fn usage_that_clap_refuses() {
    inkgrad(&["trian"]).failed(2, &["unrecognized subcommand 'trian'"]);
    inkgrad(&["train", "--steps", "many"]).failed(2, &["invalid value 'many' for '--steps <N>'"]);
    inkgrad(&["train", "--steps", "1", "--epochs", "1"]).failed(2, &["--steps", "--epochs"]);
    inkgrad(&["train", "--threads", "0"]).failed(2, &["--threads"]);
    inkgrad(&["train", "--device", "tpu"]).failed(2, &["auto, gpu, cpu"]);
}

#[test]
fn settings_out_of_range() {
    let bands = Bands::new();
    let refused = |options: &[&str], word| {
        inkgrad(&[&["train", "--data", bands.dir(), "--device", "cpu"], options].concat()).failed(2, &[word]);
    };
    refused(&["--steps", "0"], "steps = 0");
    refused(&["--batch", "0"], "batch = 0");
    refused(&["--learning-rate", "-1"], "learning_rate = -1");
    refused(&["--learning-rate", "nan"], "learning_rate = NaN");
    refused(&["--epochs", "inf"], "epochs = inf");
    refused(&["--adapter", "any"], "--adapter");
    refused(&["--feed", "resident"], "--feed is for GPUs");
    refused(&["--no-tune"], "--no-tune is for GPUs");
    inkgrad(&["bench", "softmax", "--device", "cpu", "--feed", "stream"]).failed(2, &["--feed is for GPUs"]);
    inkgrad(&["verify", "--device", "gpu", "--threads", "2"]).failed(2, &["--threads is for the CPU"]);
}

#[test]
fn nothing_is_written_over_what_is_read_or_written() {
    let bands = Bands::new();
    let [recipe, model, images] =
        ["mine.toml", "m.safetensors", "train-images-idx3-ubyte"].map(|name| bands.file(name));
    std::fs::write(&recipe, inkgrad(&["recipe", "softmax"]).well().out).unwrap();
    let before = std::fs::read(&images).unwrap();
    let own = ["train", "--data", bands.dir(), "--device", "cpu", "--recipe", text(&recipe)];
    let refused = |options: &[&str], words: &[&str]| {
        inkgrad(&[&own[..], options].concat()).failed(2, words);
    };
    refused(&["--save", text(&recipe)], &["--save", "overwrite the recipe"]);
    refused(&["--trace", text(&images)], &["--trace", "overwrite the images"]);
    refused(&["--save", text(&model), "--log", text(&model)], &["--log", "overwrite --save"]);
    // The same file by another name.
    let other = bands.file(".").join("m.safetensors");
    refused(&["--save", text(&model), "--trace", text(&other)], &["--trace", "overwrite --save"]);
    assert!(!model.exists() && std::fs::read(&images).unwrap() == before);
}

#[test]
fn an_unknown_preset() {
    inkgrad(&["train", "sofmax"]).failed(2, &["no preset `sofmax`: there are softmax"]);
    inkgrad(&["train", "own.toml"]).failed(2, &["no preset `own.toml`", "named with --recipe own.toml"]);
}

#[test]
fn data_that_is_not_there() {
    let bands = Bands::new();
    let missing = bands.file("nowhere");
    inkgrad(&["train", "--device", "cpu", "--data", text(&missing)]).failed(2, &["nowhere does not exist"]);
    std::fs::remove_file(bands.file("t10k-labels-idx1-ubyte")).unwrap();
    bands.train(&[]).failed(2, &["no test labels in", "tried t10k-labels-idx1-ubyte"]);
}

#[test]
fn data_that_is_broken() {
    let bands = Bands::new();
    std::fs::write(bands.file("train-images-idx3-ubyte"), b"<html>").unwrap();
    bands.train(&[]).failed(1, &["train-images-idx3-ubyte: ", "a web page"]);
}

#[test]
fn a_recipe_that_is_broken_or_missing() {
    let bands = Bands::new();
    let file = bands.file("mine.toml");
    let train = || inkgrad(&["train", "--recipe", text(&file), "--device", "cpu"]);
    train().failed(2, &["mine.toml"]);
    std::fs::write(&file, "batch = ").unwrap();
    train().failed(1, &["mine.toml"]);
    std::fs::write(&file, [0xc3, 0x28]).unwrap();
    train().failed(1, &["mine.toml: this is not text"]);
}

#[test]
fn a_place_that_cannot_be_saved_to_is_found_before_training() {
    let bands = Bands::new();
    let nowhere = bands.file("nowhere").join("model.safetensors");
    let ran = bands.train(&["--save", text(&nowhere)]).failed(2, &["there is no directory"]);
    assert!(!ran.err.contains("step "));
    bands.train(&["--save", bands.dir()]).failed(2, &["it is a directory"]);
    let ran = bands.train(&["--log", text(&nowhere)]).failed(2, &["there is no directory"]);
    assert!(!ran.err.contains("step "));
    let file = bands.file("file");
    std::fs::write(&file, "mine").unwrap();
    bands.train(&["--checkpoint", text(&file)]).failed(2, &[text(&file)]);
    #[cfg(unix)]
    bands.train(&["--save", "/dev/null"]).failed(2, &["it is a device or a pipe"]);
}

/// The model goes where a link points to, and the link stays.
#[cfg(unix)]
#[test]
fn a_link_is_followed() {
    let bands = Bands::new();
    let (link, target) = (bands.file("link"), bands.file("target"));
    std::fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    bands.train(&["--save", text(&link)]).well();
    assert!(link.is_symlink() && std::fs::metadata(&target).unwrap().len() > 100);
}

#[test]
fn seeds_that_are_no_numbers_any_more_are_refused() {
    let bands = Bands::new();
    bands.train(&["--seed", "18446744073709551615", "--seeds", "3"]).failed(2, &["Start with a smaller one"]);
}
