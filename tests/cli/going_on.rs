//! Runs that go on further than they were meant to, from weights of before, and from what others have left in a directory.

use std::time::Duration;

use super::{Bands, Ran, inkgrad, program, text};

fn path(bands: &Bands, name: &str) -> String {
    text(&bands.file(name)).to_owned()
}

fn resume(bands: &Bands, dir: &str, options: &[&str]) -> Ran {
    let run = ["train", "--resume", dir, "--data", bands.dir(), "--device", "cpu"];
    inkgrad(&[&run[..], options].concat())
}

/// The path of a checkpoint in a directory.
fn step(dir: &str, step: u64) -> String {
    format!("{dir}/step-{step:010}.safetensors")
}

/// The learning rate of a constant schedule does not depend on the length of the run: making it longer gives the longer run.
#[test]
fn a_finished_run_is_made_longer() {
    let bands = Bands::new();
    let (dir, alone, longer) =
        (path(&bands, "c"), path(&bands, "alone.safetensors"), path(&bands, "m.safetensors"));
    bands.train(&["--checkpoint", &dir]).well();
    assert!(std::fs::exists(step(&dir, 40)).unwrap(), "a run ends with a checkpoint");
    let ran = resume(&bands, &dir, &["--steps", "70", "--save", &longer]).well();
    assert!(ran.err.contains("resuming after step 40 of 70"), "{}", ran.err);
    assert!(ran.err.contains("the schedule is another one from here on: from step 41"), "{}", ran.err);
    let whole = ["train", "--data", bands.dir(), "--steps", "70", "--batch", "20", "--device", "cpu"];
    inkgrad(&[&whole[..], &["--save", &alone]].concat()).well();
    assert!(std::fs::read(&alone).unwrap() == std::fs::read(&longer).unwrap(), "the models differ");
    // It stays the longer run, also for whoever continues it without saying so.
    let ran = resume(&bands, &dir, &[]).well();
    assert!(ran.err.contains("after step 70 of 70") && !ran.err.contains("schedule"), "{}", ran.err);
    let ran = resume(&bands, &dir, &["--epochs", "10", "--learning-rate", "0.01"]).well();
    assert!(ran.err.contains("of 110") && ran.err.contains("learning rate 0.01"), "{}", ran.err);
    resume(&bands, &dir, &["--steps", "30"]).failed(2, &["30 steps", "has done 110 already"]);
    resume(&bands, &dir, &["--learning-rate", "-1"]).failed(2, &["learning_rate"]);
}

#[test]
fn a_run_that_validation_has_ended_goes_on_if_it_is_made_longer() {
    let bands = Bands::new();
    let dir = path(&bands, "c");
    // Updates of nothing: the second validation is no better than the first.
    let watch = ["--validate-every", "10", "--early-stop", "1", "--learning-rate", "1e-30"];
    let ran = bands.train(&[&watch[..], &["--checkpoint", &dir, "--every", "10"]].concat()).well();
    assert!(ran.err.contains("stopped at step 20"), "{}", ran.err);
    let ran = resume(&bands, &dir, &[]).well();
    assert!(ran.out.contains("training: 0 steps"), "it has ended: {}", ran.out);
    let ran = resume(&bands, &dir, &["--learning-rate", "0.1"]).well();
    assert!(ran.out.contains("training: 20 steps"), "{}", ran.out);
}

#[test]
fn a_run_starts_from_a_models_weights() {
    let bands = Bands::new();
    let (model, again) = (path(&bands, "model.safetensors"), path(&bands, "again.safetensors"));
    let trained = bands.train(&["--save", &model]).well();
    // No step changes anything: the weights are the model's.
    let from = ["train", "--from", &model, "--data", bands.dir(), "--device", "cpu", "--batch", "20"];
    let still =
        inkgrad(&[&from[..], &["--steps", "1", "--learning-rate", "1e-30", "--save", &again]].concat())
            .well();
    assert!(still.err.contains("starting from the weights of"), "{}", still.err);
    let values = |path: &str| {
        let bytes = std::fs::read(path).unwrap();
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        bytes[8 + header..].to_vec()
    };
    assert!(values(&model) == values(&again), "the weights differ");
    assert_eq!(still.number("accuracy "), trained.number("accuracy "));
    let losses = |ran: &Ran| {
        let steps = ran.events().into_iter().filter(|event| event["event"] == "step");
        steps.map(|step| step["loss"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    let new = bands.train(&["--json"]).well();
    let longer = inkgrad(&[&from[..], &["--steps", "40", "--json"]].concat()).well();
    assert!(losses(&longer)[0] < 0.9 * losses(&new)[0], "{} {}", longer.out, new.out);
}

#[test]
fn a_model_that_a_run_cannot_start_from_is_told() {
    let bands = Bands::new();
    let (model, three) = (path(&bands, "model.safetensors"), path(&bands, "three.safetensors"));
    bands.train(&["mlp", "--save", &model]).well();
    // Fewer classes: all but the last layer starts from the model.
    for (file, first) in [("train-labels-idx1-ubyte", 8), ("t10k-labels-idx1-ubyte", 8)] {
        let mut bytes = std::fs::read(bands.file(file)).unwrap();
        bytes[first..].iter_mut().for_each(|label| *label = (*label).min(1));
        std::fs::write(bands.file(file), bytes).unwrap();
    }
    let ran = bands.train(&["--from", &model]).well();
    assert!(ran.err.contains("except for the last layer"), "{}", ran.err);
    bands.train(&["softmax", "--from", &model]).failed(2, &["`dense1.weight`", "its recipe"]);
    bands.train(&["--ensemble", "3", "--save", &three]).well();
    bands.train(&["--from", &three]).failed(2, &["ensemble of 3"]);
    // Images of another size.
    let cpu = ["--device", "cpu", "--steps", "1"];
    inkgrad(&[&["train", "--from", &model], &cpu[..]].concat()).failed(2, &["images of its size"]);
    bands.train(&["--from", &model, "--resume", "c"]).failed_to_parse("cannot be used with");
}

#[test]
fn two_runs_do_not_share_a_directory() {
    let bands = Bands::new();
    let (dir, log) = (path(&bands, "c"), path(&bands, "log"));
    let long = ["train", "mlp", "--data", bands.dir(), "--device", "cpu", "--steps", "2000000", "--quiet"];
    let mut first =
        program().args(long).args(["--checkpoint", &dir, "--every", "10", "--log", &log]).spawn().unwrap();
    while !std::fs::exists(step(&dir, 10)).unwrap() && !std::fs::exists(&log).unwrap() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let process = format!("process {} is writing checkpoints here", first.id());
    bands.train(&["--checkpoint", &dir]).failed(2, &[&process]);
    let is_step = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.unwrap().file_name().to_string_lossy().starts_with("step-")
    };
    while !std::fs::read_dir(&dir).unwrap().any(is_step) {
        std::thread::sleep(Duration::from_millis(5));
    }
    resume(&bands, &dir, &[]).failed(2, &[&process]);
    first.kill().unwrap();
    first.wait().unwrap();
    // The lock has ended with its process.
    bands.train(&["--checkpoint", &dir]).failed(2, &["checkpoints of another run"]);
}

#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let bands = Bands::new();
    let (dir, alone, model) =
        (path(&bands, "c"), path(&bands, "alone.safetensors"), path(&bands, "m.safetensors"));
    bands.train(&["--checkpoint", &dir, "--every", "20", "--save", &alone]).well();
    let whole = std::fs::read(step(&dir, 40)).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let mut zeros = whole.clone();
    zeros[whole.len() / 2..].fill(0);
    for damaged in [&whole[..700], b"", &whole[..whole.len() - 1], &changed, &zeros] {
        std::fs::write(step(&dir, 40), damaged).unwrap();
        let ran = resume(&bands, &dir, &["--save", &model]).well();
        assert!(ran.err.contains("step-0000000040.safetensors: "), "{}", ran.err);
        assert!(ran.err.contains("The checkpoint before it is used"), "{}", ran.err);
        assert!(ran.err.contains("resuming after step 20"), "{}", ran.err);
        assert!(std::fs::read(&alone).unwrap() == std::fs::read(&model).unwrap(), "the models differ");
        assert!(std::fs::read(step(&dir, 40)).unwrap() == whole, "it is written again");
    }
    for number in [20, 40] {
        std::fs::write(step(&dir, number), b"").unwrap();
    }
    resume(&bands, &dir, &[]).failed(1, &["step-0000000040.safetensors: not a complete checkpoint"]);
}
