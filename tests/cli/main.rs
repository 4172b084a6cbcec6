//! The program as its users run it: results, messages, exit codes.

mod app;
mod bench;
mod data;
mod devices;
mod eval;
mod exchange;
#[cfg(target_os = "linux")]
mod faults;
mod going_on;
mod long_runs;
mod look;
mod machine;
mod mistakes;
mod model_files;
mod plots;
mod predict;
mod reports;
mod search;
mod several_networks;
mod show;
#[cfg(unix)]
mod signals;
mod train;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// What a run of the program left behind.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkgrad"));
    // Backtraces of the developer's shell would be in the way of exact messages.
    command.env_remove("RUST_BACKTRACE").env_remove("RUST_LOG");
    // What is remembered of GPUs goes where the build's other files are.
    command.env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    command
}

pub fn inkgrad(arguments: &[&str]) -> Ran {
    ran(program().args(arguments))
}

pub fn ran(command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: status.code(), out: text(stdout), err: text(stderr) }
}

impl Ran {
    /// The run went well.
    #[track_caller]
    pub fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self
    }

    /// The run failed with this exit code, printed no result, and said why in one line that holds these words.
    #[track_caller]
    pub fn failed(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        let told: Vec<&str> = self.err.lines().filter(|line| line.starts_with("inkgrad: error: ")).collect();
        assert_eq!(told.len(), 1, "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in {:?}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// The command line was refused.
    #[track_caller]
    pub fn failed_to_parse(self, word: &str) {
        assert_eq!(self.code, Some(2), "{}{}", self.out, self.err);
        assert!(self.err.contains(word) && !self.err.contains("panicked"), "{}", self.err);
    }

    /// The run failed, whichever way, and its message holds these words.
    #[track_caller]
    pub fn failed_with(self, words: &[&str]) {
        let code = self.code.unwrap_or(-1);
        assert!(code == 1 || code == 2, "{code}: {}{}", self.out, self.err);
        self.failed(code, words);
    }

    /// Standard output as JSON Lines.
    #[track_caller]
    pub fn events(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    #[track_caller]
    pub fn result(&self) -> serde_json::Value {
        let last = self.events().pop().expect("a line of output");
        assert_eq!(last["event"], "result");
        last
    }

    /// The number after `label` in the output.
    #[track_caller]
    pub fn number(&self, label: &str) -> f64 {
        let rest = &self.out[self.out.find(label).expect(&self.out) + label.len()..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        rest[..end].parse().expect(rest)
    }
}

/// A small data set: 8 x 8 images in three classes, each a bright band in another place, that a linear classifier
/// learns in a few steps.
pub struct Bands(TempDir);

#[expect(clippy::new_without_default, reason = "makes files: nothing a default should do")]
impl Bands {
    pub fn new() -> Self {
        let dir = TempDir::new().unwrap();
        for (half, count) in [("train", 240u32), ("t10k", 60)] {
            let mut images = [0x803, count, 8, 8].map(u32::to_be_bytes).concat();
            let mut labels = [0x801, count].map(u32::to_be_bytes).concat();
            for image in 0..count {
                let class = image % 3;
                labels.push(class as u8);
                let bright = |row: u32| row / 3 == class;
                let pixel =
                    |at: u32| if bright(at / 8) { 200 + (image * 7 + at) % 56 } else { (image + at) % 40 };
                images.extend((0..64).map(|at| pixel(at) as u8));
            }
            std::fs::write(dir.path().join(format!("{half}-images-idx3-ubyte")), images).unwrap();
            std::fs::write(dir.path().join(format!("{half}-labels-idx1-ubyte")), labels).unwrap();
        }
        Bands(dir)
    }

    /// Gives five test images other labels, so that no classifier gets all of them right and the confusion matrix is not
    /// symmetric; each class keeps its 20 images.
    pub fn mislabel_tests(&self) {
        let file = self.file("t10k-labels-idx1-ubyte");
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[8..13].copy_from_slice(&[1, 2, 0, 1, 0]);
        std::fs::write(file, bytes).unwrap();
    }

    pub fn dir(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A short run on the CPU with these options besides.
    pub fn train(&self, options: &[&str]) -> Ran {
        let run = ["train", "--data", self.dir(), "--steps", "40", "--batch", "20", "--device", "cpu"];
        inkgrad(&[&run, options].concat())
    }
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
