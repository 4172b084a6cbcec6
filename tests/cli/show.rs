use super::{Bands, inkgrad, text};

#[test]
fn help_names_every_command() {
    let help = inkgrad(&["--help"]).well();
    for command in ["train", "eval", "verify", "bench", "devices", "summary", "recipe"] {
        assert!(help.out.lines().any(|line| line.trim_start().starts_with(command)), "{}", help.out);
        assert!(inkgrad(&[command, "--help"]).well().out.contains("Usage: inkgrad"));
    }
    assert_eq!(help.err, "");
    assert!(inkgrad(&["--version"]).well().out.starts_with("inkgrad "));
}

/// No work was named, so the exit code is that of a wrong command line, and standard output stays empty.
#[test]
fn without_a_command_the_help_is_shown() {
    let ran = inkgrad(&[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
    assert!(
        ran.err.starts_with("Trains image classifiers") && ran.err.contains("Usage: inkgrad"),
        "{}",
        ran.err
    );
}

#[test]
fn a_recipe_prints_as_it_trains() {
    let recipe = inkgrad(&["recipe", "softmax"]).well().out;
    assert!(recipe.contains("learning_rate = 0.5"), "{recipe}");
    inkgrad(&["recipe", "sofmax"]).failed(2, &["no preset `sofmax`: there are softmax"]);
}

#[test]
fn summaries_of_preset_recipe_and_model() {
    let preset = inkgrad(&["summary"]).well().out;
    let row = preset.lines().find(|line| line.starts_with("dense1")).expect(&preset);
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["dense1", "10", "7,850", "7,840"]);
    assert!(preset.contains("7,850 parameters, 7,840 multiply-adds per image"), "{preset}");

    let bands = Bands::new();
    let recipe = bands.file("mine.toml");
    std::fs::write(&recipe, inkgrad(&["recipe", "softmax"]).well().out).unwrap();
    assert!(
        inkgrad(&["summary", text(&recipe)]).well().out.starts_with("mine: 28 x 28 images in 10 classes")
    );

    let own = inkgrad(&["summary", text(&recipe), "--data", bands.dir()]).well().out;
    assert!(own.starts_with("mine: 8 x 8 images in 3 classes"), "{own}");

    let model = bands.file("model.safetensors");
    bands.train(&["--save", text(&model)]).well();
    inkgrad(&["summary", text(&model), "--data", bands.dir()]).failed(2, &["leave --data out"]);
    let shown = inkgrad(&["summary", text(&model)]).well().out;
    assert!(shown.starts_with("softmax: 8 x 8 images in 3 classes"), "{shown}");
    assert!(!shown.contains("networks"), "{shown}");
}

#[test]
fn plans_plain_and_fused() {
    let plan = |option| inkgrad(&["summary", "softmax", option]).well().out;
    assert!(plan("--plan").contains("Update   sgd"));
    assert!(plan("--plan=gpu").contains("dense_sgd"));
    assert!(plan("--plan=cpu").contains("dense "));
}

#[cfg(unix)]
#[test]
fn a_reader_who_leaves_early_is_no_panic() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let bands = Bands::new();
    let mut child = super::program()
        .args([
            "train",
            "--data",
            bands.dir(),
            "--device",
            "cpu",
            "--json",
            "--steps",
            "200000",
            "--batch",
            "1",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("start"));
    let rest = child.wait_with_output().unwrap();
    let said = String::from_utf8(rest.stderr).unwrap();
    assert!(!said.contains("panicked") && !said.contains("error"), "{said}");
    assert_eq!(rest.status.code(), Some(1), "{said}");
}
