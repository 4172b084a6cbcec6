//! `train --find-rate` and `sweep`.

use super::{Bands, Ran, inkgrad, text};

#[test]
fn a_rate_is_found() {
    let bands = Bands::new();
    let svg = bands.file("rate.svg");
    let run = ["train", "--data", bands.dir(), "--device", "cpu", "--batch", "20", "--find-rate"];
    let events = inkgrad(&[&run[..], &["--json", "--plot", text(&svg)]].concat()).well().events();
    let suggestion = events.last().unwrap();
    assert_eq!(suggestion["event"], "suggestion");
    let rate = suggestion["learning_rate"].as_f64().unwrap();
    let points: Vec<_> = events.iter().filter(|event| event["event"] == "rate").collect();
    let lowest = points
        .iter()
        .min_by(|a, b| a["smoothed_loss"].as_f64().unwrap().total_cmp(&b["smoothed_loss"].as_f64().unwrap()));
    assert!((lowest.unwrap()["rate"].as_f64().unwrap() / 10.0 / rate - 1.0).abs() < 1e-9);
    assert!(std::fs::read_to_string(svg).unwrap().contains("learning rate"));
    // The rate is of use.
    let trained = bands.train(&["--learning-rate", &rate.to_string(), "--json"]).well().result();
    assert!(trained["test_accuracy"].as_f64().unwrap() > 0.9, "{rate}: {trained}");
    let told = inkgrad(&run).well().out;
    assert!(
        told.contains("suggested: --learning-rate") && told.contains('┤') && !told.contains('\x1b'),
        "{told}"
    );
    inkgrad(&[&run[..], &["--save", "x.safetensors"]].concat()).failed_to_parse("--find-rate");
}

fn sweep(bands: &Bands, options: &[&str]) -> Ran {
    let (dir, recipe) = (bands.file("sweep"), bands.file("mine.toml"));
    let run = ["sweep", text(&recipe), "--data", bands.dir(), "--device", "cpu", "--dir", text(&dir)];
    inkgrad(&[&run[..], options].concat())
}

const RECIPE: &str = r#"
batch = 20
steps = 12
learning_rate = 0.05
optimiser = { kind = "momentum", momentum = 0.9 }
layers = [{ kind = "dense", units = 16 }, { kind = "relu" }, { kind = "dense" }]
"#;

fn scene() -> Bands {
    let bands = Bands::new();
    std::fs::write(bands.file("mine.toml"), RECIPE).unwrap();
    bands
}

/// A grid is ranked, leaves its results, and its best recipe trains to what the sweep has found.
#[test]
fn a_grid_is_ranked() {
    let bands = scene();
    let grid = ["--vary", "learning_rate=0.00001,0.1", "--vary", "layers.0.units=4,8", "--json"];
    let ran = sweep(&bands, &grid).well();
    let ranked = ran.events();
    assert_eq!(ranked.len(), 4);
    let accuracies: Vec<f64> =
        ranked.iter().map(|trial| trial["validation_accuracy"].as_f64().unwrap()).collect();
    assert!(accuracies.windows(2).all(|pair| pair[0] >= pair[1]), "{accuracies:?}");
    assert_eq!(ranked[0]["values"]["learning_rate"], "0.1");
    let dir = bands.file("sweep");
    let best = std::fs::read_to_string(dir.join("best.toml")).unwrap();
    assert!(best.contains("learning_rate = 0.1"), "{best}");
    let plot = std::fs::read_to_string(dir.join("sweep.svg")).unwrap();
    assert!(
        plot.contains("Validation accuracy by learning_rate") && plot.contains("layers.0.units"),
        "{plot}"
    );

    let recipe = dir.join("best.toml");
    let run = ["train", "--recipe", text(&recipe), "--data", bands.dir(), "--device", "cpu", "--json"];
    let events = inkgrad(&[&run[..], &["--validate-every", "12"]].concat()).well().events();
    let validation = events.iter().rfind(|event| event["event"] == "validation").unwrap();
    assert_eq!(validation["accuracy"], ranked[0]["validation_accuracy"]);
    assert_eq!(validation["loss"], ranked[0]["validation_loss"]);

    let told = sweep(&bands, &grid[..4]).well();
    assert!(
        told.out.contains("rank  trial  validation accuracy") && told.out.contains("best recipe:"),
        "{}",
        told.out
    );
}

/// What has been made is not made again, whether the sweep was interrupted or is made longer; half a line is not a trial.
#[test]
fn a_sweep_goes_on() {
    let bands = scene();
    let random = |runs: &'static str| ["--vary", "learning_rate=0.001..0.1", "--seed", "5", "--runs", runs];
    let made = |ran: &Ran| ran.err.matches("\ntrial ").count();
    let first = sweep(&bands, &random("2")).well();
    assert_eq!(made(&first), 2, "{}", first.err);
    let journal = bands.file("sweep").join("trials.jsonl");
    let before = std::fs::read_to_string(&journal).unwrap();
    let longer = sweep(&bands, &random("5")).well();
    assert_eq!(made(&longer), 3, "{}", longer.err);
    let after = std::fs::read_to_string(&journal).unwrap();
    assert!(after.starts_with(&before) && after.lines().count() == 6, "{after}");
    assert_eq!(made(&sweep(&bands, &random("5")).well()), 0);
    std::fs::write(&journal, &after[..after.len() - 10]).unwrap();
    let again = sweep(&bands, &random("5")).well();
    assert_eq!(made(&again), 1, "{}", again.err);
    let without_time = |text: &str| {
        text.lines().map(|line| line.split("\"seconds\"").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(without_time(&std::fs::read_to_string(&journal).unwrap()), without_time(&after));
    assert_eq!(longer.out, again.out);

    sweep(&bands, &["--vary", "batch=10,20"]).failed(2, &["this is another sweep", "what it varies"]);
    std::fs::write(&journal, "no journal\n").unwrap();
    sweep(&bands, &random("5")).failed(1, &["trials.jsonl: not what a sweep has written"]);
}

/// On a GPU trials that differ in their learning rates train in one run, to what each comes to alone.
#[test]
fn a_gpu_trains_trials_side_by_side() {
    let bands = scene();
    let (dir, recipe) = (bands.file("sweep"), bands.file("mine.toml"));
    let (recipe, dir) = (text(&recipe), text(&dir));
    let on_gpu = ["--data", bands.dir(), "--device", "gpu", "--json"];
    let vary = ["--vary", "learning_rate=0.01,3e38,0.1", "--vary", "layers.0.units=4,8", "--dir", dir];
    let ran = inkgrad(&[&["sweep", recipe], &on_gpu[..], &vary].concat()).well();
    let ranked = ran.events();
    // Those of 4 units come first: the seconds of trials that trained together are the same.
    let numbers: Vec<&str> =
        ran.err.lines().filter_map(|line| line.strip_prefix("trial ")?.split(' ').next()).collect();
    assert_eq!(numbers, ["1", "3", "5", "2", "4", "6"], "{}", ran.err);
    let diverged = |trial: &serde_json::Value| trial["validation_accuracy"].is_null();
    assert_eq!(ranked.iter().map(diverged).collect::<Vec<_>>(), [false, false, false, false, true, true]);
    for trial in &ranked[..4] {
        let (rate, units) = (&trial["values"]["learning_rate"], &trial["values"]["layers.0.units"]);
        let own = RECIPE.replace("= 0.05", &format!("= {}", rate.as_str().unwrap()));
        let own = own.replace("units = 16", &format!("units = {}", units.as_str().unwrap()));
        std::fs::write(bands.file("own.toml"), own).unwrap();
        let own = bands.file("own.toml");
        let run = ["train", "--recipe", text(&own), "--validate-every", "12"];
        let events = inkgrad(&[&run[..], &on_gpu].concat()).well().events();
        let validation = events.iter().rfind(|event| event["event"] == "validation").unwrap();
        assert_eq!(validation["loss"], trial["validation_loss"], "{trial}");
    }
}

#[test]
fn seeds_are_averaged_and_divergence_is_last() {
    let bands = scene();
    let vary = ["--vary", "learning_rate=1e30,0.1", "--seeds", "2", "--json"];
    let ranked = sweep(&bands, &vary).well().events();
    let accuracies: Vec<f64> =
        ranked[0]["accuracies"].as_array().unwrap().iter().map(|a| a.as_f64().unwrap()).collect();
    assert_eq!(accuracies.len(), 2);
    let mean = ranked[0]["validation_accuracy"].as_f64().unwrap();
    assert!((mean - (accuracies[0] + accuracies[1]) / 2.0).abs() < 1e-12);
    assert_eq!(
        (&ranked[1]["validation_accuracy"], &ranked[1]["values"]["learning_rate"]),
        (&serde_json::Value::Null, &"1e30".into())
    );
    assert!(sweep(&bands, &vary[..4]).well().out.contains("diverged"));
}

#[test]
fn sweeps_that_cannot_be_made_are_refused_at_once() {
    let bands = scene();
    for (vary, code, words) in [
        ("learning_rate=0.1..1", 2, "--runs N"),
        ("nothing.here=1", 2, "the recipe has no `nothing`"),
        ("layers.7.units=1", 2, "numbered from 0 to 2"),
        ("learning_rat=1", 2, "unknown field"),
        ("learning_rate=-1,0.1", 2, "learning_rate=-1"),
        ("layers.2.units=7", 2, "layers.2.units=7"),
    ] {
        sweep(&bands, &["--vary", vary]).failed(code, &[words]);
    }
    sweep(&bands, &["--vary", "x=2..1"]).failed_to_parse("must be the larger one");
    sweep(&bands, &[]).failed_to_parse("--vary");
    assert!(!bands.file("sweep").exists(), "nothing was begun");
    let help = inkgrad(&["sweep", "--help"]).well().out;
    assert!(help.contains("layers.0.units=64,128") && help.contains("--runs"), "{help}");
}
