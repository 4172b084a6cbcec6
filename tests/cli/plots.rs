//! `train --plot`, `inkgrad plot`, and what a terminal shows besides.

use super::{Bands, Ran, inkgrad, text};

/// How many lines an SVG file has.
fn curves(svg: &str) -> usize {
    svg.matches("<polyline").count()
}

fn is_whole(svg: &str) {
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    assert!(svg.contains("prefers-color-scheme:dark"), "{svg}");
}

#[test]
fn a_run_is_drawn_and_so_is_its_log() {
    let bands = Bands::new();
    let (svg, png, log) = (bands.file("run.svg"), bands.file("run.png"), bands.file("run.jsonl"));
    let run = ["--validate-every", "10", "--log", text(&log), "--plot", text(&svg)];
    bands.train(&run).well();
    let drawn = std::fs::read_to_string(&svg).unwrap();
    is_whole(&drawn);
    for word in ["Loss of softmax", "Accuracy of softmax", "training", "validation"] {
        assert!(drawn.contains(word), "{word}: {drawn}");
    }
    let out = bands.file("again.svg");
    inkgrad(&["plot", text(&log), "--out", text(&out)]).well();
    let again = std::fs::read_to_string(&out).unwrap();
    is_whole(&again);
    assert_eq!(curves(&again), curves(&drawn));
    assert_eq!(again.replace("of run", "of softmax"), drawn, "the log holds what the run drew");

    inkgrad(&["plot", text(&log), "-o", text(&png)]).well();
    let picture = std::fs::read(&png).unwrap();
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");

    let told = inkgrad(&["plot", text(&log)]).well();
    assert!(told.out.contains("Loss of run, training; step from 1 to 40\n"), "{}", told.out);
    assert!(told.out.contains('┤') && !told.out.contains('\x1b'), "{}", told.out);
}

#[test]
fn seeds_are_a_band() {
    let bands = Bands::new();
    let (log, svg) = (bands.file("three.jsonl"), bands.file("three.svg"));
    bands.train(&["--seeds", "3", "--log", text(&log), "--plot", text(&svg)]).well();
    let drawn = std::fs::read_to_string(&svg).unwrap();
    is_whole(&drawn);
    assert!(drawn.contains("mean and range of 3") && drawn.contains("<polygon"), "{drawn}");

    let other = bands.file("other.jsonl");
    bands.train(&["--log", text(&other)]).well();
    let both = bands.file("both.svg");
    inkgrad(&["plot", text(&log), text(&other), "--out", text(&both)]).well();
    let drawn = std::fs::read_to_string(&both).unwrap();
    assert!(
        drawn.contains("three: training (mean and range of 3)") && drawn.contains("other: training"),
        "{drawn}"
    );
    inkgrad(&["plot", text(&log), text(&other), "--together", "--out", text(&both)]).well();
    let drawn = std::fs::read_to_string(&both).unwrap();
    assert!(drawn.contains("training (mean and range of 4)"), "{drawn}");
}

/// A run that continues is drawn from its beginning where its log knows that.
#[test]
fn a_run_that_continues_is_drawn_whole() {
    let bands = Bands::new();
    let (log, svg, whole) = (bands.file("run.jsonl"), bands.file("run.svg"), bands.file("whole.svg"));
    bands.train(&["--plot", text(&whole)]).well();
    let dir = bands.file("checkpoints");
    let run = ["train", "--data", bands.dir(), "--batch", "20", "--device", "cpu"];
    let first = ["--steps", "20", "--checkpoint", text(&dir), "--log", text(&log)];
    inkgrad(&[&run[..], &first].concat()).well();
    let rest = ["train", "--data", bands.dir(), "--device", "cpu", "--steps", "40"];
    let rest = [&rest[..], &["--resume", text(&dir), "--log", text(&log), "--plot", text(&svg)]].concat();
    inkgrad(&rest).well();
    assert_eq!(std::fs::read_to_string(svg).unwrap(), std::fs::read_to_string(whole).unwrap());
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let bands = Bands::new();
    bands.train(&["--plot", "run.jpg"]).failed(2, &["run.jpg: a plot's name must end in .svg or .png"]);
    let nowhere = bands.file("no/where/run.svg");
    bands.train(&["--plot", text(&nowhere)]).failed(2, &["run.svg"]);
    let log = bands.file("run.jsonl");
    let both = bands.file("both.svg");
    bands.train(&["--plot", text(&both), "--log", text(&both)]).failed(2, &["would overwrite"]);
    inkgrad(&["plot", text(&log)]).failed(2, &["run.jsonl"]);
    for content in ["", "no log\n", "{\"event\":\"start\"}\n"] {
        std::fs::write(&log, content).unwrap();
        inkgrad(&["plot", text(&log)]).failed(1, &["run.jsonl: it records no step of a run"]);
    }
    inkgrad(&["plot"]).failed_to_parse("<LOG>");
}

#[test]
fn help_of_plots() {
    let help = inkgrad(&["plot", "--help"]).well().out;
    assert!(
        help.contains("mean and range") && help.contains("--together") && help.contains("--out"),
        "{help}"
    );
    assert!(inkgrad(&["train", "--help"]).well().out.contains("--plot <FILE>"));
}

/// Runs the program with a terminal on all its standard streams.
#[cfg(target_os = "linux")]
fn on_terminal(command: &str, rows: u16, variables: &[(&str, &str)]) -> Ran {
    let script = format!("stty rows {rows} cols 100; exec {} {command}", env!("CARGO_BIN_EXE_inkgrad"));
    let mut run = std::process::Command::new("script");
    run.args(["-qefc", &script, "/dev/null"]).env("TERM", "xterm-256color").env_remove("NO_COLOR");
    run.env("SHELL", "/bin/sh").stdin(std::process::Stdio::null());
    super::ran(run.envs(variables.iter().copied()))
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_a_curve_and_colours() {
    let bands = Bands::new();
    let model = bands.file("model.safetensors");
    let data = format!("--data {} --device cpu", bands.dir());
    let train = format!("train {data} --steps 30000 --batch 20 --save {}", text(&model));
    // Blank cells of braille.
    let has_curve = |ran: &Ran| ran.out.contains("┤") && ran.out.contains('\u{2800}');
    let ran = on_terminal(&train, 40, &[]).well();
    assert!(has_curve(&ran) && ran.out.contains("\x1b[36m"), "{}", ran.out);
    let ran = on_terminal(&train, 40, &[("NO_COLOR", "1")]).well();
    assert!(has_curve(&ran) && !ran.out.contains("\x1b[36m"), "{}", ran.out);
    let ran = on_terminal(&train, 8, &[]).well();
    assert!(!has_curve(&ran), "no room: {}", ran.out);

    let eval = format!("eval {} {data}", text(&model));
    let ran = on_terminal(&eval, 40, &[]).well();
    assert!(ran.out.contains("\x1b[48;5;39m"), "{}", ran.out);
    let ran = on_terminal(&eval, 40, &[("NO_COLOR", "1")]).well();
    assert!(!ran.out.contains("\x1b[48;") && ran.out.contains("label   0   1   2"), "{}", ran.out);
    assert!(!super::inkgrad(&["eval", text(&model), "--data", bands.dir()]).well().out.contains('\x1b'));
}
