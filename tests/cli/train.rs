use super::{Bands, inkgrad, text};

#[test]
fn mnist_on_the_cpu_reaches_the_tutorials_accuracy() {
    let ran = inkgrad(&["train", "--device", "cpu"]).well();
    let accuracy = ran.number("accuracy ");
    assert!((0.915..=0.925).contains(&accuracy), "{}", ran.out);
    assert!(ran.number("loss ") < 0.3);
    assert!(ran.out.contains("training: 1,000 steps of 100 images in "), "{}", ran.out);
    assert!(ran.out.contains(" images/s"));
    assert!(ran.err.contains("device: CPU"), "{}", ran.err);
    assert_eq!(ran.err.lines().filter(|line| line.starts_with("step ")).count(), 10, "{}", ran.err);
}

#[test]
fn mnist_on_the_gpu_reaches_the_tutorials_accuracy() {
    let ran = inkgrad(&["train", "--device", "gpu", "--json"]).well();
    let result = ran.result();
    let accuracy = result["test_accuracy"].as_f64().unwrap();
    assert!((0.915..=0.925).contains(&accuracy), "{result}");
    assert_eq!(result["device"], "gpu");
    assert!(!result["adapter"].as_str().unwrap().is_empty());
}

#[test]
fn both_feeds_of_the_gpu_give_the_same_loss() {
    let bands = Bands::new();
    let loss = |feed| {
        let run = ["train", "--data", bands.dir(), "--steps", "40", "--batch", "20", "--device", "gpu"];
        inkgrad(&[&run[..], &["--json", "--feed", feed]].concat()).well().result()["test_loss"].clone()
    };
    assert_eq!(loss("stream"), loss("resident"));
}

#[test]
fn json_tells_start_steps_and_result() {
    let bands = Bands::new();
    let ran = bands.train(&["--json", "--seed", "7"]).well();
    let events = ran.events();
    assert_eq!(events[0]["event"], "start");
    assert_eq!(events[0]["steps"], 40);
    let steps: Vec<_> = events.iter().filter(|event| event["event"] == "step").collect();
    assert_eq!(steps.len(), 40);
    assert!(steps.iter().enumerate().all(|(at, event)| event["step"] == at + 1));
    let loss = |at: usize| steps[at]["loss"].as_f64().unwrap();
    assert!((loss(0) - 3f64.ln()).abs() < 1e-5, "zero weights guess: {}", loss(0));
    assert!(loss(39) < loss(0));
    assert!(steps[39]["images_per_second"].as_f64().unwrap() > 0.0);

    let result = ran.result();
    assert_eq!(result["task"], "softmax");
    assert_eq!(result["device"], "cpu");
    assert_eq!((&result["steps"], &result["batch"], &result["seed"]), (&40.into(), &20.into(), &7.into()));
    assert!(result["train_seconds"].as_f64().unwrap() > 0.0);
    assert!(result["images_per_second"].as_f64().unwrap() > 0.0);
    assert_eq!(result["test_accuracy"], 1.0);
    assert!(result["test_loss"].as_f64().unwrap() < 0.5);
}

#[test]
fn the_seed_decides_the_result() {
    let bands = Bands::new();
    let loss = |seed| bands.train(&["--json", "--seed", seed]).well().result()["test_loss"].clone();
    assert_eq!(loss("1"), loss("1"));
    assert_ne!(loss("1"), loss("2"));
}

#[test]
fn threads_do_not_change_the_result() {
    let bands = Bands::new();
    let loss = |threads| bands.train(&["--json", "--threads", threads]).well().result()["test_loss"].clone();
    assert_eq!(loss("1"), loss("3"));
}

#[test]
fn quiet_prints_nothing_but_errors() {
    let bands = Bands::new();
    let ran = bands.train(&["--quiet"]).well();
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    let ran = bands.train(&["--quiet", "--json"]).well();
    assert_eq!((ran.result()["steps"].clone(), ran.err.as_str()), (40.into(), ""));
    bands.train(&["--quiet", "--learning-rate", "3e38"]).failed(1, &["stopped being finite"]);
}

#[test]
fn piped_output_has_no_control_characters() {
    let bands = Bands::new();
    let ran = bands.train(&[]).well();
    let controls = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
    assert!(!controls(&ran.out) && !controls(&ran.err), "{}{}", ran.out, ran.err);
    assert_eq!(ran.err.lines().filter(|line| line.starts_with("step ")).count(), 10, "{}", ran.err);
}

#[test]
fn epochs_count_walks_through_the_training_images() {
    let bands = Bands::new();
    let run =
        ["train", "--data", bands.dir(), "--device", "cpu", "--json", "--batch", "20", "--epochs", "1.5"];
    // 240 images, 20 of them held back for validation.
    assert_eq!(inkgrad(&run).well().result()["steps"], 17);
}

#[test]
fn a_summed_loss_keeps_the_step_unless_a_rate_is_given() {
    let bands = Bands::new();
    let start = |options: &[&str]| bands.train(&[&["--json"], options].concat()).well().events()[0].clone();
    let rate = |start: serde_json::Value| start["learning_rate"].as_f64().unwrap();
    let sum = start(&["--loss-reduction", "sum"]);
    assert_eq!(sum["loss_reduction"], "sum");
    assert!((rate(sum) - 0.5 / 20.0).abs() < 1e-8);
    assert!((rate(start(&["--loss-reduction", "sum", "--learning-rate", "0.01"])) - 0.01).abs() < 1e-8);
    assert_eq!(rate(start(&["--loss-reduction", "mean"])), 0.5);
}

#[test]
fn a_recipe_of_ones_own() {
    let bands = Bands::new();
    let preset = inkgrad(&["recipe", "softmax"]).well().out;
    let file = bands.file("mine.toml");
    std::fs::write(&file, preset.replace("batch = 100", "batch = 10").replace("steps = 1000", "steps = 12"))
        .unwrap();
    let ran =
        inkgrad(&["train", "--recipe", text(&file), "--data", bands.dir(), "--device", "cpu", "--json"]);
    let result = ran.well().result();
    assert_eq!(
        (&result["task"], &result["batch"], &result["steps"]),
        (&"mine".into(), &10.into(), &12.into())
    );
}

#[test]
fn a_run_that_diverges_leaves_the_older_model() {
    let bands = Bands::new();
    let file = bands.file("model.safetensors");
    bands.train(&["--save", text(&file)]).well();
    let good = std::fs::read(&file).unwrap();
    let ran = bands.train(&["--save", text(&file), "--learning-rate", "3e38"]);
    let ran = ran.failed(1, &["stopped being finite at step", "--learning-rate"]);
    assert!(!ran.out.contains("saved"));
    assert_eq!(std::fs::read(&file).unwrap(), good);
    let rest = std::fs::read_dir(bands.dir()).unwrap().count();
    assert_eq!(rest, 5, "no temporary file stays");
}

#[test]
fn the_same_run_saves_the_same_bytes() {
    let bands = Bands::new();
    let [one, two] = ["one", "two"].map(|name| bands.file(name));
    for file in [&one, &two] {
        assert!(bands.train(&["--save", text(file)]).well().out.contains("saved: "));
    }
    assert_eq!(std::fs::read(one).unwrap(), std::fs::read(two).unwrap());
}
