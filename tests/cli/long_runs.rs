//! Runs that are stopped and go on, that are watched on validation images, and that are many.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::{Bands, inkgrad, program, ran, text};

/// A recipe with everything that a checkpoint must keep: momentum's state, averaged weights, running statistics, random
/// masks and images, a schedule.
const RECIPE: &str = r#"
batch = 20
steps = 1500
learning_rate = 0.003
schedule = { kind = "cosine" }
optimiser = { kind = "adamw" }
average = { decay = 0.99 }
augmentation = { shift = 0.1, elastic = 0.5 }
layers = [
    { kind = "conv2d", channels = 8, kernel = 3, bias = false },
    { kind = "batch_norm" },
    { kind = "relu" },
    { kind = "dropout", rate = 0.2 },
    { kind = "flatten" },
    { kind = "dense" },
]
"#;

struct Scene {
    bands: Bands,
}

impl Scene {
    fn new() -> Self {
        let bands = Bands::new();
        std::fs::write(bands.file("mine.toml"), RECIPE).unwrap();
        Scene { bands }
    }

    fn path(&self, name: &str) -> String {
        text(&self.bands.file(name)).to_owned()
    }

    /// Arguments of a run that begins, or of one that goes on.
    fn arguments(&self, goes_on: bool, checkpoints: &str, model: &str) -> Vec<String> {
        let (dir, model) = (self.path(checkpoints), self.path(model));
        let begin =
            ["--recipe", &self.path("mine.toml"), "--checkpoint", &dir, "--every", "100"].map(String::from);
        let go_on = ["--resume", &dir].map(String::from);
        let rest = ["--data", self.bands.dir(), "--device", "cpu", "--save", &model].map(String::from);
        let first = if goes_on { go_on.to_vec() } else { begin.to_vec() };
        [vec!["train".to_owned()], first, rest.to_vec()].concat()
    }

    fn run(&self, goes_on: bool, checkpoints: &str, model: &str) -> super::Ran {
        ran(program().args(self.arguments(goes_on, checkpoints, model)))
    }
}

fn checkpoints(dir: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name != ".lock").collect();
    names.sort();
    names
}

#[test]
fn a_run_killed_twenty_times_ends_as_the_run_left_alone() {
    let scene = Scene::new();
    scene.run(false, "alone", "alone.safetensors").well();
    let kept = checkpoints(&scene.path("alone"));
    assert_eq!(kept, ["step-0000001400.safetensors", "step-0000001500.safetensors"], "the last two are kept");

    let (mut kills, dir) = (0, scene.path("killed"));
    let is_whole = |name: &String| name.starts_with("step-");
    while kills < 20 {
        let goes_on = checkpoints(&dir).iter().any(is_whole);
        let arguments = scene.arguments(goes_on, "killed", "killed.safetensors");
        let mut child = program().args(arguments).arg("--quiet").spawn().unwrap();
        // Moments spread over the start, the steps and the saving.
        std::thread::sleep(Duration::from_millis(20 + 37 * kills % 220));
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        if Path::new(&scene.path("killed.safetensors")).exists() {
            // Done before it was killed: once more from the start, with the kills that are left.
            std::fs::remove_dir_all(&dir).unwrap();
            std::fs::remove_file(scene.path("killed.safetensors")).unwrap();
        }
    }
    let goes_on = checkpoints(&dir).iter().any(is_whole);
    scene.run(goes_on, "killed", "killed.safetensors").well();
    let read = |name: &str| std::fs::read(scene.path(name)).unwrap();
    assert!(read("alone.safetensors") == read("killed.safetensors"), "the models differ");
}

/// Running statistics and averages forget what is some hundred steps old, and with it whether it was brought back: here
/// ten steps are left.
#[test]
fn the_last_ten_steps_need_all_that_was_saved() {
    let scene = Scene::new();
    let log = scene.path("log.jsonl");
    let run = |goes_on: bool, model: &str| {
        let mut arguments = scene.arguments(goes_on, "some", model);
        arguments.extend(["--log", &log].map(String::from));
        if !goes_on {
            let every = arguments.iter().position(|argument| argument == "--every").unwrap();
            arguments[every + 1] = "290".to_owned();
            arguments.extend(["--steps", "300"].map(String::from));
        }
        ran(program().args(arguments)).well();
        std::fs::read(scene.path(model)).unwrap()
    };
    let alone = run(false, "alone.safetensors");
    std::fs::remove_file(scene.bands.file("some").join("step-0000000300.safetensors")).unwrap();
    assert_eq!(checkpoints(&scene.path("some")), ["step-0000000290.safetensors"]);
    // As a run leaves it that is killed after its checkpoint, while it writes a line.
    let mut lines = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
    lines.write_all(b"{\"event\":\"step\",\"st").unwrap();
    let steps = |lines: &str| -> Vec<u64> {
        let step = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["step"].as_u64();
        lines.lines().filter_map(step).collect()
    };
    let before = steps(&std::fs::read_to_string(&log).unwrap());
    assert!(alone == run(true, "resumed.safetensors"), "the models differ");
    let after = std::fs::read_to_string(&log).unwrap();
    assert_eq!(steps(&after).last(), before.last());
    assert!(steps(&after).is_sorted_by(|a, b| a < b), "each step is logged once: {after}");
    assert!(after.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{after}");
}

/// Weight gradients add up over granules of images, whoever works on them.
#[test]
fn threads_do_not_change_a_convolutional_network() {
    let scene = Scene::new();
    let model = |threads: &str| {
        let (recipe, model) = (scene.path("mine.toml"), scene.path(&format!("{threads}.safetensors")));
        let run =
            ["train", "--recipe", &recipe, "--data", scene.bands.dir(), "--device", "cpu", "--steps", "50"];
        inkgrad(&[&run[..], &["--threads", threads, "--save", &model]].concat()).well();
        std::fs::read(model).unwrap()
    };
    assert!(model("1") == model("3"), "the models differ");
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_says_how_to_go_on() {
    let scene = Scene::new();
    let long = RECIPE.replace("steps = 1500", "steps = 8000");
    std::fs::write(scene.bands.file("mine.toml"), long).unwrap();
    scene.run(false, "alone", "alone.safetensors").well();
    let board = scene.path("board");
    let child = program()
        .args(scene.arguments(false, "cut", "cut.safetensors"))
        .args(["--threads", "2", "--tensorboard", &board])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Not before it listens, which it does from its first step on.
    while checkpoints(&scene.path("cut")).is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(!Path::new(&scene.path("cut.safetensors")).exists());
    let saved = checkpoints(&scene.path("cut")).pop().unwrap();
    let step: u64 = saved["step-".len()..][..10].parse().unwrap();
    assert!(step < 8000, "it was cut off");
    // The command stands on a line of its own, to be copied.
    let [why, line] = told.lines().collect::<Vec<_>>().last_chunk().copied().unwrap();
    assert_eq!(why.replace(',', ""), format!("interrupted after step {step} saved. To continue:"));
    assert!(line.starts_with("inkgrad train --resume "), "{line}");
    let rest = [format!("--tensorboard {board}"), "--device cpu --threads 2".to_owned()];
    assert!(rest.iter().all(|option| line.contains(option)), "{line}");
    scene.run(true, "cut", "cut.safetensors").well();
    let read = |name: &str| std::fs::read(scene.path(name)).unwrap();
    assert!(read("alone.safetensors") == read("cut.safetensors"), "the models differ");
}

#[test]
fn going_on_needs_a_checkpoint_and_the_same_images() {
    let scene = Scene::new();
    scene.run(true, "nowhere", "m.safetensors").failed(2, &["nowhere"]);
    std::fs::create_dir(scene.path("empty")).unwrap();
    scene.run(true, "empty", "m.safetensors").failed(2, &["no checkpoint here"]);
    scene.run(false, "some", "m.safetensors").well();
    // A new run among an old one's checkpoints would lose its own, or that one's.
    let kept = checkpoints(&scene.path("some"));
    scene.run(false, "some", "m.safetensors").failed(2, &["checkpoints of another run", "--resume"]);
    assert_eq!(checkpoints(&scene.path("some")), kept);
    let other = ["train", "--resume", &scene.path("some"), "--device", "cpu"];
    inkgrad(&other).failed(2, &["--data"]);
    let images = scene.bands.file("train-images-idx3-ubyte");
    let mut bytes = std::fs::read(&images).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    bytes[16] ^= 1;
    std::fs::write(&images, bytes).unwrap();
    // Both halves of the file: validation takes one end of it.
    scene.run(true, "some", "m.safetensors").failed(2, &["other images"]);
}

/// On a disk of 60 kB, in a mount namespace of the test's own: root may make one, and so may users where the system lets
/// them. In a container that forbids both, a limit on the size of files stands in for the end of the disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_checkpoint_before() {
    const MOUNT: &str = r#"mount -t tmpfs -o size=120k tmpfs "$1" || exit 99; exec sh -c "$0" "$@""#;
    let run = |outside: &[&str], fill: &str| {
        let scene = Scene::new();
        let disk = scene.path("disk");
        std::fs::create_dir(&disk).unwrap();
        let recipe = scene.path("mine.toml");
        let script =
            ["sh", "-c", FULL_DISK, &disk, env!("CARGO_BIN_EXE_inkgrad"), scene.bands.dir(), &recipe, fill];
        let script = if outside.is_empty() {
            script.to_vec()
        } else {
            [outside, &["sh", "-c", MOUNT, FULL_DISK], &script[3..]].concat()
        };
        let done = std::process::Command::new(script[0]).args(&script[1..]).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    };
    let is_refused = |code: Option<i32>| code == Some(1) || code == Some(99);
    let ballast = r#"dd if=/dev/zero of="$1/ballast" bs=1k count=120"#;
    let (mut ran, mut why) = (run(&["unshare", "--mount"], ballast), "No space left on device");
    if is_refused(ran.0) {
        ran = run(&["unshare", "--map-root-user", "--mount"], ballast);
    }
    if is_refused(ran.0) {
        (ran, why) = (run(&[], "prlimit --pid $! --fsize=1000"), "File too large");
    }
    let (code, out, told) = ran;
    assert_eq!(code, Some(0), "{out}{told}");
    assert!(told.contains(why), "{out}{told}");
    // What was left is whole: the run went on from it once there was room again.
    assert!(out.contains("saved: "), "{out}{told}");
}

/// Fills the disk `$1` once the first checkpoint is there: the next one does not fit, the run fails with a clear error and
/// leaves nothing half written, and goes on from the first when there is room.
#[cfg(target_os = "linux")]
const FULL_DISK: &str = r#"
    set -- "$0" "$@"
    mkdir "$1/c" || exit 10
    trap '' XFSZ
    "$2" train --recipe "$4" --data "$3" --device cpu --quiet --checkpoint "$1/c" --every 500 --steps 6000 &
    while [ -z "$(ls "$1/c" | grep '^step-')" ]; do sleep 0.01; done
    eval "$5" 2>/dev/null
    wait $! && exit 11
    [ "$(ls -A "$1/c" | grep -vc '^step-')" = 1 ] || exit 12 # the lock
    rm -f "$1/ballast"
    "$2" train --resume "$1/c" --data "$3" --device cpu --save "$3/after.safetensors" || exit 13
"#;

#[test]
fn validation_is_told_logged_and_ends_the_run() {
    let scene = Scene::new();
    let (log, board) = (scene.path("log.jsonl"), scene.path("board"));
    let run = ["train", "--recipe", &scene.path("mine.toml"), "--data", scene.bands.dir(), "--device", "cpu"];
    let watch =
        ["--validate-every", "50", "--early-stop", "2", "--json", "--log", &log, "--tensorboard", &board];
    let model = scene.path("best.safetensors");
    let ran = inkgrad(&[&run[..], &watch, &["--save", &model]].concat()).well();
    let events = ran.events();
    let validations: Vec<_> = events.iter().filter(|event| event["event"] == "validation").collect();
    assert!(validations.len() >= 3, "{}", ran.out);
    assert!(validations.iter().enumerate().all(|(at, event)| event["step"] == 50 * (at + 1)));
    let losses: Vec<f64> = validations.iter().map(|event| event["loss"].as_f64().unwrap()).collect();
    let best = losses.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
    assert_eq!(losses.len(), best + 3, "two validations without a smaller loss: {losses:?}");
    assert_eq!(ran.result()["steps"], 50 * losses.len());
    // The model that was kept is the best one's.
    let summary = std::fs::read(&model).unwrap();
    let header = String::from_utf8_lossy(&summary[..2000.min(summary.len())]).into_owned();
    assert!(header.contains(&format!("\\\"steps\\\":{}", 50 * (best + 1))), "{header}");

    let logged = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<serde_json::Value> =
        logged.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|line| line["event"] == "validation").count(), losses.len());
    assert!(lines.iter().any(|line| line["event"] == "step"));

    let file = std::fs::read_dir(&board).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(file).unwrap();
    let mut at = 0;
    let mut records = 0;
    while at < bytes.len() {
        let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
        at += 8 + 4 + length + 4;
        records += 1;
    }
    assert_eq!(at, bytes.len(), "whole records");
    assert!(records > 2 * losses.len());
    let tag = b"validation/accuracy";
    assert!(bytes.windows(tag.len()).any(|window| window == tag));
}

#[test]
fn many_seeds_have_a_mean_and_an_ensemble_is_one_model() {
    let scene = Scene::new();
    let recipe = scene.path("mine.toml");
    let run = ["train", "--recipe", &recipe, "--data", scene.bands.dir(), "--device", "cpu", "--steps", "2"];
    let log = scene.path("seeds.jsonl");
    let seeds = inkgrad(&[&run[..], &["--seeds", "3", "--json", "--log", &log]].concat()).well();
    let events = seeds.events();
    let accuracies: Vec<f64> = events
        .iter()
        .filter(|event| event["event"] == "seed")
        .map(|event| event["test_accuracy"].as_f64().unwrap())
        .collect();
    assert_eq!(accuracies.len(), 3);
    let last = events.last().unwrap();
    let mean = accuracies.iter().sum::<f64>() / 3.0;
    assert!((last["mean"].as_f64().unwrap() - mean).abs() < 1e-12, "{last}");
    let squares: f64 = accuracies.iter().map(|accuracy| (accuracy - mean).powi(2)).sum();
    assert!(squares > 0.0, "the seeds differ: {accuracies:?}");
    let deviation = (squares / 2.0).sqrt();
    assert!((last["deviation"].as_f64().unwrap() - deviation).abs() < 1e-12, "of a sample: {last}");
    assert_eq!(last["worst"].as_f64().unwrap(), accuracies.iter().copied().fold(1.0, f64::min));
    assert_eq!(last["best"].as_f64().unwrap(), accuracies.iter().copied().fold(0.0, f64::max));

    let logged = std::fs::read_to_string(&log).unwrap();
    let logged = logged.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for events in [events, logged] {
        let steps = events.iter().filter(|event| event["event"] == "step");
        let seeds: std::collections::BTreeSet<_> = steps.map(|step| step["seed"].as_u64().unwrap()).collect();
        assert_eq!(seeds.len(), 3, "steps tell whose they are");
    }

    let model = scene.path("three.safetensors");
    let ensemble = inkgrad(&[&run[..], &["--ensemble", "3", "--save", &model, "--json"]].concat()).well();
    let told = ensemble.events().pop().unwrap();
    assert_eq!((&told["event"], &told["members"]), (&"ensemble".into(), &3.into()));
    let evaluated =
        inkgrad(&["eval", &model, "--data", scene.bands.dir(), "--device", "cpu", "--json"]).well();
    let evaluated = evaluated.events().pop().unwrap();
    assert_eq!(evaluated["test_accuracy"], told["test_accuracy"]);
    assert_eq!(evaluated["test_loss"], told["test_loss"]);
    assert_eq!(evaluated["members"], 3);
    let shown = inkgrad(&["summary", &model]).well().out;
    assert!(shown.contains("3 such networks"), "{shown}");
}

#[test]
fn recipes_that_are_wrong_name_field_and_line() {
    let bands = Bands::new();
    let file = bands.file("mine.toml");
    let refused = |from: &str, to: &str, words: &[&str]| {
        assert!(RECIPE.contains(from));
        std::fs::write(&file, RECIPE.replacen(from, to, 1)).unwrap();
        inkgrad(&["train", "--recipe", text(&file), "--data", bands.dir(), "--device", "cpu"])
            .failed_with(words);
    };
    refused("learning_rate = 0.003", "learning_rat = 0.003", &["mine.toml", "line 4", "learning_rat"]);
    refused("steps = 1500", "steps = \"many\"", &["line 3", "steps"]);
    refused("decay = 0.99", "decay = 1.5", &["average: decay = 1.5"]);
    refused("kind = \"cosine\"", "kind = \"sine\"", &["line 5", "sine", "cosine"]);
    refused("shift = 0.1", "shift = 3", &["augmentation: shift = 3"]);
    refused("shift = 0.1", "shove = 0.1", &["line 8", "shove"]);
    refused("rate = 0.2", "rate = 1.0", &["dropout1: rate = 1"]);
    refused("kernel = 3", "kernel = 9", &["conv1", "[9, 9] does not fit into images of [8, 8]"]);
    refused("kernel = 3", "kernel = \"wide\"", &["expected a whole number, or two"]);
    refused("kind = \"adamw\"", "kind = \"adamw\", beta3 = 1", &["beta3"]);
    refused("    { kind = \"dense\" },\n", "", &["end with a dense layer"]);
    refused("channels = 8", "channels = 0", &["conv1: `channels` must be at least 1"]);
}

#[test]
fn every_preset_has_a_summary() {
    for (preset, parameters) in [
        ("softmax", "7,850"),
        ("lenet5", "61,706"),
        ("cnn", "3,274,634"),
        ("mlp", "407,050"),
        ("fast", "215,194"),
        ("record", "639,946"),
    ] {
        let summary = inkgrad(&["summary", preset]).well().out;
        assert!(summary.contains(&format!("{parameters} parameters")), "{summary}");
        assert!(summary.starts_with(&format!("{preset}: 28 x 28")));
        inkgrad(&["recipe", preset]).well();
    }
}
