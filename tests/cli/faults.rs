//! A run whose every open, write, fsync and rename fails once, in turn: whatever fails, no model, log or checkpoint is
//! damaged, and the run says what went wrong.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::reports::records;
use super::{Bands, Ran, ran, text};

const OLD: &[u8] = b"the older model";

/// What a run leaves, by name.
fn left(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap());
    let files = entries.map(|entry| {
        (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap_or_default())
    });
    files.collect()
}

struct Scene {
    bands: Bands,
    shim: String,
}

impl Scene {
    fn new() -> Self {
        let bands = Bands::new();
        let dir = tempfile::TempDir::new().unwrap().keep();
        let shim = text(&dir.join("faults.so")).to_owned();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/faults.c");
        let compiled =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o", &shim, source, "-ldl"]).status();
        assert!(compiled.unwrap().success(), "the C compiler that Rust links with");
        Scene { bands, shim }
    }

    /// A run in which call `at` fails; which one that was, if there are as many.
    fn run(&self, at: u32) -> (Ran, Option<String>) {
        let path = |name: &str| text(&self.bands.file(name)).to_owned();
        for dir in ["c", "board"] {
            let _ = std::fs::remove_dir_all(path(dir));
        }
        let _ = std::fs::remove_file(path("log"));
        std::fs::write(path("model.safetensors"), OLD).unwrap();
        let note = format!("{}.note", self.shim);
        let _ = std::fs::remove_file(&note);
        let mut command = super::program();
        command.args([
            "train",
            "--data",
            self.bands.dir(),
            "--device",
            "cpu",
            "--steps",
            "4",
            "--batch",
            "20",
        ]);
        command.args(["--checkpoint", &path("c"), "--every", "2", "--save", &path("model.safetensors")]);
        command.args(["--log", &path("log"), "--tensorboard", &path("board")]);
        command.env("LD_PRELOAD", &self.shim).env("FAULT_DIR", self.bands.dir());
        command.env("FAULT_AT", at.to_string()).env("FAULT_NOTE", &note);
        (ran(&mut command), std::fs::read_to_string(note).ok())
    }
}

#[test]
fn no_fault_damages_what_is_saved() {
    let scene = Scene::new();
    let dir = |name: &str| scene.bands.file(name);
    let (alone, none) = scene.run(0);
    alone.well();
    assert_eq!(none, None);
    let model = std::fs::read(dir("model.safetensors")).unwrap();
    let checkpoints = left(&dir("c"));
    assert_eq!(checkpoints.len(), 3, "two checkpoints and the lock: {:?}", checkpoints.keys());

    let mut at = 1;
    let mut seen = BTreeMap::new();
    loop {
        let (ran, fault) = scene.run(at);
        let Some(fault) = fault else { break };
        let call = fault.split(' ').next().unwrap().to_owned();
        *seen.entry(call.clone()).or_insert(0) += 1;
        // The lock's content is for a message only, and the run's is not lost with it.
        match fault.ends_with("/.lock") && call == "write" {
            true => drop(ran.well()),
            false => {
                let said = ran.err.lines().filter(|line| line.starts_with("inkgrad: error: ")).count();
                assert_eq!((ran.code, said), (Some(1), 1), "{fault}: {}{}", ran.out, ran.err);
                assert!(ran.err.contains("Input/output error"), "{fault}: {}", ran.err);
            }
        }
        let saved = std::fs::read(dir("model.safetensors")).unwrap();
        assert!(saved == OLD || saved == model, "{fault}: {} bytes", saved.len());
        for (name, bytes) in left(&dir("c")) {
            let is_whole =
                name.starts_with("step-") && checkpoints.get(&name).is_none_or(|whole| *whole == bytes);
            assert!(is_whole || name == ".lock", "{fault}: {name}");
        }
        assert!(left(&dir("")).keys().all(|name| !name.ends_with(".tmp")), "{fault} leaves a temporary file");
        for line in std::fs::read_to_string(dir("log")).unwrap_or_default().split_inclusive('\n') {
            assert!(line.ends_with('\n'), "{fault}: {line}");
            serde_json::from_str::<serde_json::Value>(line).expect(&fault);
        }
        for bytes in left(&dir("board")).values() {
            records(bytes);
        }
        at += 1;
    }
    for call in ["open", "write", "fsync", "rename"] {
        assert!(seen.get(call).is_some_and(|times| *times >= 3), "{call}: {seen:?}");
    }
}
