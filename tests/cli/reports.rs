//! Reports that cannot be written: the run goes on, the model is saved, and the failure is told once.

use std::process::Command;

use super::{Bands, Ran, program, ran, text};

/// A run in a shell, with `$INK` the command and its first options, and `$MODEL` the model's path.
fn shell(bands: &Bands, script: &str) -> Ran {
    let mut command = Command::new("bash");
    let run = format!("{} train --data {} --device cpu", env!("CARGO_BIN_EXE_inkgrad"), bands.dir());
    let model = bands.file("model.safetensors");
    let _ = std::fs::remove_file(&model);
    command.args(["-c", script]).env("INK", run).env("MODEL", model);
    ran(&mut command)
}

#[cfg(unix)]
#[test]
fn a_model_is_saved_though_nobody_reads_the_results() {
    let bands = Bands::new();
    for options in ["", "--json", "--ensemble 3", "--ensemble 3 --json"] {
        let script = format!(r#"$INK --steps 300 --save "$MODEL" {options} | true; exit ${{PIPESTATUS[0]}}"#);
        let ran = shell(&bands, &script);
        assert_eq!(ran.code, Some(1), "{options}: {}", ran.err);
        assert!(bands.file("model.safetensors").is_file(), "{options}: {}", ran.err);
        assert_eq!(ran.err.matches("nobody reads standard output").count(), 1, "{options}: {}", ran.err);
    }
    // What leaves nothing else ends as soon as nobody reads it.
    let ran = shell(&bands, r#"$INK --steps 50000 --batch 5 --json | true; exit ${PIPESTATUS[0]}"#);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(!ran.err.contains("step 50,000 of 50,000"), "{}", ran.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_for_reports_does_not_cost_the_model() {
    let bands = Bands::new();
    for (options, what) in [
        ("--log /dev/full", "/dev/full: No space left"),
        ("--log /dev/full --ensemble 2", "/dev/full: No space left"),
        (">/dev/full", "standard output: No space left"),
        ("--json >/dev/full", "standard output: No space left"),
    ] {
        let ran = shell(&bands, &format!(r#"$INK --steps 300 --save "$MODEL" {options}"#));
        assert_eq!(ran.code, Some(1), "{options}: {}", ran.err);
        assert!(bands.file("model.safetensors").is_file(), "{options}: {}", ran.err);
        let told = ran.err.lines().filter(|line| line.starts_with("inkgrad: error: ")).count();
        let networks = if options.contains("ensemble") { 2 } else { 1 };
        assert!(ran.err.contains(what) && (1..=networks).contains(&told), "{options}: {}", ran.err);
    }
    shell(&bands, r#"$INK --steps 300 --save "$MODEL" >&- 2>&- <&-"#);
    assert!(bands.file("model.safetensors").is_file());
}

/// A limit on the size of files stands in for a disk that fills up while the run writes its metrics.
#[cfg(target_os = "linux")]
#[test]
fn metrics_end_with_their_last_whole_record() {
    let bands = Bands::new();
    let (log, board) = (bands.file("log"), bands.file("board"));
    let script = format!(
        r#"trap '' XFSZ; ulimit -f 3; $INK --steps 300 --log '{}' --tensorboard '{}'"#,
        text(&log),
        text(&board)
    );
    let ran = shell(&bands, &script);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.contains("accuracy"), "{}", ran.out);
    assert_eq!(ran.err.matches("File too large").count(), 2, "one each: {}", ran.err);
    let lines = std::fs::read_to_string(log).unwrap();
    assert!(lines.ends_with('\n') && lines.len() > 2000, "{lines}");
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{lines}");
    let file = std::fs::read_dir(board).unwrap().next().unwrap().unwrap().path();
    assert!(records(&std::fs::read(file).unwrap()).len() > 10);
}

/// The data of an event file's records; all of them must be whole.
pub fn records(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut at, mut records) = (0, Vec::new());
    while at < bytes.len() {
        let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
        records.push(bytes[at + 12..at + 12 + length].to_vec());
        at += 8 + 4 + length + 4;
    }
    assert_eq!(at, bytes.len(), "whole records");
    records
}

/// TensorBoard reads a directory's files in the order of their names, as one run.
#[test]
fn each_run_has_its_own_directory_for_tensorboard() {
    let bands = Bands::new();
    let (board, dir) = (bands.file("board"), bands.file("c"));
    let tensorboard = ["--tensorboard", text(&board)];
    let names = |dir: &str| {
        let entries = std::fs::read_dir(board.join(dir)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    bands.train(&tensorboard).well();
    let checkpoint = ["--checkpoint", text(&dir), "--every", "20"];
    bands.train(&[&tensorboard[..], &checkpoint].concat()).well();
    assert_eq!((names("").len(), names("run-2").len()), (2, 1), "the first one's file, and a directory");
    // As a run that is killed at its end: it continues after step 20.
    std::fs::remove_file(dir.join("step-0000000040.safetensors")).unwrap();
    let run = ["train", "--resume", text(&dir), "--data", bands.dir(), "--device", "cpu"];
    ran(program().args(run).args(tensorboard)).well();
    assert_eq!(names("").len(), 2, "no third directory");
    let files = names("run-2");
    let [old, new] = &files[..] else { panic!("{files:?}") };
    let bytes = |name| std::fs::read(board.join("run-2").join(name)).unwrap();
    // wall_time is 9 bytes; then step 21, and a session_log of status START.
    let restart = [16, 21, 7 << 3 | 2, 2, 8, 1];
    assert_eq!(records(&bytes(new))[1][9..], restart);
    assert!(records(&bytes(old)).iter().all(|record| record[9..] != restart));
    for _ in 0..2 {
        bands.train(&[&tensorboard[..], &["--seeds", "2"]].concat()).well();
    }
    assert_eq!(names("run-3"), names("run-4"), "two seeds each");
    assert_eq!(names("run-3").len(), 2);
}
