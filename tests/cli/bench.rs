//! What the program tells of its speed: `bench`, `--profile`, `--trace`, and what it remembers of GPUs.

use super::{Bands, inkgrad, program, ran, text};

#[test]
fn a_bench_run_has_the_keys_that_other_programs_print() {
    let ran =
        inkgrad(&["bench", "softmax", "mlp", "--device", "cpu", "--steps", "30", "--repeat", "2", "--json"]);
    let ran = ran.well();
    let lines = ran.events();
    let tasks: Vec<_> = lines.iter().map(|line| line["task"].as_str().unwrap()).collect();
    assert_eq!(tasks, ["softmax", "softmax", "mlp", "mlp"]);
    for line in &lines {
        assert_eq!(
            (&line["framework"], &line["steps"], &line["batch"]),
            (&"inkgrad".into(), &30.into(), &100.into())
        );
        let number = |key: &str| line[key].as_f64().unwrap_or_else(|| panic!("{key} of {line}"));
        let (train, total) = (number("train_seconds"), number("total_process_seconds"));
        assert!(0.0 < train && train + number("first_call_seconds") < total);
        assert!((number("images_per_second") * train - 3000.0).abs() < 1e-6);
        assert!(number("test_accuracy") > 0.5, "30 steps learn something: {line}");
        assert!(line["version"].is_string() && line["seed"] == 0);
    }
    assert_eq!(lines[0]["test_accuracy"], lines[1]["test_accuracy"], "the same seed, the same result");
    let seconds = |at: usize, key: &str| lines[at][key].as_f64().unwrap();
    let all =
        seconds(0, "total_process_seconds") + seconds(1, "first_call_seconds") + seconds(1, "train_seconds");
    assert!(seconds(1, "total_process_seconds") < all, "a run's total is its own: {}", ran.out);
}

#[test]
fn a_bench_of_your_own_images_as_a_table() {
    let bands = Bands::new();
    let run =
        ["bench", "softmax", "--device", "cpu", "--data", bands.dir(), "--batch", "20", "--steps", "40"];
    let ran = inkgrad(&[&run[..], &["--repeat", "3"]].concat()).well();
    let row: Vec<&str> = ran.out.lines().nth(1).expect(&ran.out).split_whitespace().collect();
    assert_eq!((row[0], row[1], row[2], row.last()), ("softmax", "40", "20", Some(&"1.0000")));
    let rates: Vec<f64> = [4, 5, 7].map(|at: usize| row[at].replace(',', "").parse().unwrap()).into();
    assert!(row[6] == "to" && rates[1] <= rates[0] && rates[0] <= rates[2], "{row:?}");
    assert!(ran.err.contains("softmax, run 3 of 3: "), "{}", ran.err);
    inkgrad(&["bench", "alexnet"]).failed_to_parse("alexnet");
    inkgrad(&["bench", "softmax", "--batch", "0"]).failed(2, &["batch = 0"]);
    // Convolutions of 5 x 5 do not fit into what pooling leaves of 8 x 8.
    inkgrad(&["bench", "lenet5", "--data", bands.dir(), "--device", "cpu"]).failed(2, &["conv2"]);
}

#[test]
fn a_profile_tells_of_every_op_and_a_trace_of_every_moment() {
    let bands = Bands::new();
    let trace = bands.file("trace.json");
    for device in ["cpu", "gpu"] {
        let run = ["train", "--data", bands.dir(), "--steps", "100", "--batch", "20", "--device", device];
        let table = inkgrad(&[&run[..], &["--profile"]].concat()).well().out;
        let ops =
            if device == "cpu" { ["dense ", "sgd "] } else { ["dense_softmax_cross_entropy", "dense_sgd"] };
        assert!(ops.iter().all(|op| table.lines().any(|line| line.starts_with(op))), "{table}");
        for words in [
            "of peak",
            "per step: ",
            "% of it idle",
            "dispatches",
            "bytes uploaded",
            "GFLOP/s (product of",
            "mean of 68 steps after 32 of warm-up",
        ] {
            assert!(table.contains(words), "{words}: {table}");
        }
        let few = [
            "train",
            "--data",
            bands.dir(),
            "--steps",
            "7",
            "--batch",
            "20",
            "--device",
            device,
            "--profile",
        ];
        let few = inkgrad(&few).well().out;
        assert!(few.contains("mean of all 7 steps"), "{few}");

        let options = ["--trace", text(&trace), "--profile", "--json"];
        let lines = inkgrad(&[&run[..], &options].concat()).well().events();
        let profile = lines.iter().find(|line| line["event"] == "profile").expect("a profile");
        // The first block of 32 steps warms up.
        assert_eq!(profile["steps"], 68);
        let ops = profile["ops"].as_array().unwrap();
        let product = ops.iter().find(|op| op["op"].as_str().unwrap().starts_with("dense")).unwrap();
        assert_eq!(product["multiply_adds"], 20 * 64 * 3);
        assert!(
            product["gflops"].as_f64().unwrap() > 0.0 && profile["reached_gflops"].as_f64().unwrap() > 0.0
        );

        let shares: f64 = ops.iter().map(|op| op["share"].as_f64().unwrap()).sum();
        let whole = shares + profile["idle_share"].as_f64().unwrap();
        assert!((whole - 1.0).abs() < 1e-6, "{whole}");
        assert_eq!(product["phase"], if device == "cpu" { "forward" } else { "loss" });

        let file: serde_json::Value = serde_json::from_slice(&std::fs::read(&trace).unwrap()).unwrap();
        let events = file["traceEvents"].as_array().unwrap();
        assert!(events.len() > 100 * 2, "{} events", events.len());
        let (names, events): (Vec<_>, Vec<_>) = events.iter().partition(|event| event["ph"] == "M");
        let called = |name: &str| names.iter().any(|event| event["args"]["name"] == name);
        assert!(called("inkgrad") && called(if device == "cpu" { "CPU thread 0" } else { "GPU" }));
        for event in events {
            assert!(
                event["ph"] == "X" && event["name"].is_string() && event["args"]["step"].is_u64(),
                "{event}"
            );
            assert!(event["ts"].as_f64().unwrap() >= 0.0 && event["dur"].as_f64().unwrap() >= 0.0);
        }
    }
    let nowhere =
        ["train", "--data", bands.dir(), "--steps", "3", "--batch", "5", "--trace", "/nowhere/t.json"];
    let ran = inkgrad(&[&nowhere[..], &["--device", "cpu"]].concat()).failed(2, &["/nowhere/t.json"]);
    assert!(!ran.err.contains("step "), "before the first step: {}", ran.err);
}

#[cfg(unix)]
#[test]
fn ctrl_c_does_not_cost_a_profile_and_a_trace() {
    use std::io::{BufRead, BufReader};
    let bands = Bands::new();
    let trace = bands.file("trace.json");
    let mut child = program()
        .args(["train", "--data", bands.dir(), "--steps", "3000000", "--batch", "5", "--device", "cpu"])
        .args(["--profile", "--trace", text(&trace)])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The first of ten lines: it listens by then, and the trace is full.
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(told.any(|line| line.starts_with("step ")));
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(told.any(|line| line.contains("the first 200,000 spans, up to step ")));
    assert!(told.any(|line| line.starts_with("interrupted after step ")));
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("per step: ") && told.contains("of step"), "{told}");
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(&trace).unwrap()).unwrap();
    assert!(file["traceEvents"].as_array().unwrap().len() > 200_000);
}

#[test]
fn what_was_timed_on_a_gpu_is_remembered() {
    let (bands, cache) = (Bands::new(), tempfile::TempDir::new().unwrap());
    let train = |options: &[&str]| {
        let recipe = bands.file("mine.toml");
        let layers = r#"{ kind = "dense", units = 64 }, { kind = "relu" }, { kind = "dense" }"#;
        let text_of = format!(
            "batch = 20\nsteps = 10\nlearning_rate = 0.1\noptimiser = {{ kind = \"adam\" }}\nlayers = [{layers}]\n"
        );
        std::fs::write(&recipe, text_of).unwrap();
        let run = ["train", "--recipe", text(&recipe), "--data", bands.dir(), "--device", "gpu", "--json"];
        let mut command = program();
        command.args([&run[..], options].concat()).env("XDG_CACHE_HOME", cache.path());
        ran(&mut command).well().result()["test_loss"].clone()
    };
    let file = cache.path().join("inkgrad").join("tuning.json");
    train(&["--no-tune"]);
    assert!(!file.exists(), "nothing was timed");
    let first = train(&[]);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("M=20") && kept.contains(env!("CARGO_PKG_VERSION")), "{kept}");
    assert_eq!(train(&[]), first);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept, "nothing new");
    std::fs::write(&file, "{ half a fi").unwrap();
    train(&[]);
    assert!(std::fs::read_to_string(&file).unwrap().contains("M=20"), "it was made anew");
}
