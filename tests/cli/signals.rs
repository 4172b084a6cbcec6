//! Signals that ask a run to stop.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Bands, program, text};

/// Sends a signal to a run that has written a checkpoint; returns its exit code and what it said.
fn stopped(signal: &str, wrap: &[&str]) -> (Option<i32>, String, Bands) {
    let bands = Bands::new();
    let dir = bands.file("c");
    let run = ["train", "mlp", "--data", bands.dir(), "--device", "cpu", "--steps", "2000000"];
    let mut command = match wrap {
        [] => program(),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(env!("CARGO_BIN_EXE_inkgrad"));
            command
        }
    };
    let child = command
        .args(run)
        .args(["--checkpoint", text(&dir), "--every", "10"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It listens from its first step on.
    let steps = || std::fs::read_dir(&dir).map_or(0, Iterator::count);
    while steps() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let send = |signal: &str| {
        Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
    };
    send(signal);
    if wrap == ["nohup"] {
        // Ignored: it ends by another one.
        std::thread::sleep(Duration::from_millis(100));
        send("TERM");
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap(), bands)
}

#[test]
fn every_request_to_stop_saves() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        // What runs the tests may ignore HUP, and a child inherits that.
        let default = format!("--default-signal={signal}");
        let wrap: &[&str] = if cfg!(target_os = "linux") { &["env", &default] } else { &[] };
        let (ended, told, bands) = stopped(signal, wrap);
        assert_eq!(ended, Some(code), "{signal}: {told}");
        let step = told.rsplit("interrupted after step ").next().unwrap();
        let step: u64 = step.split(", saved").next().unwrap().replace(',', "").parse().expect(&told);
        assert!(bands.file("c").join(format!("step-{step:010}.safetensors")).is_file(), "{told}");
    }
}

#[test]
fn a_closed_terminal_does_not_stop_what_nohup_started() {
    let (ended, told, _) = stopped("HUP", &["nohup"]);
    assert_eq!(ended, Some(143), "the second signal ended it: {told}");
}
