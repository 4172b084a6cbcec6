//! Metrics in files: JSON Lines (`--log`) and TensorBoard's event files (`--tensorboard`).

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use inkgrad::Error;
use serde::Serialize;

use super::failure::Failure;
use super::meter::Record;
use super::options::Options;
use super::tensorboard::Events;

pub struct Metrics {
    log: Option<(PathBuf, File)>,
    events: Option<Events>,
}

impl Metrics {
    /// Opens the files that the options name. A run that goes on (`before` steps are done) adds to its log, from which it
    /// first takes what it is going to do again: a run that was killed had logged steps after its last checkpoint.
    pub fn open(options: &Options, seed: u64, before: u64) -> Result<Self, Failure> {
        let is_one_of_many = options.seeds.or(options.ensemble).is_some();
        let append = before > 0 || (is_one_of_many && seed > options.seed);
        let log = match &options.log {
            None => None,
            Some(path) => {
                if before > 0 {
                    forget(path, before).map_err(|e| Error::io(path, e))?;
                }
                let mut how = OpenOptions::new();
                let file = how.create(true).write(true).append(append).truncate(!append).open(path);
                Some((path.clone(), file.map_err(|e| Error::io(path, e))?))
            }
        };
        let dir = |dir: &Path| if is_one_of_many { dir.join(format!("seed-{seed}")) } else { dir.to_owned() };
        let events = options.tensorboard.as_deref().map(|path| Events::create(&dir(path))).transpose()?;
        Ok(Metrics { log, events })
    }

    pub fn step(&mut self, record: &Record, event: &impl Serialize) -> Result<(), Failure> {
        self.line(event)?;
        if let Some(events) = &mut self.events {
            events.scalar("train/loss", record.step, record.loss)?;
        }
        Ok(())
    }

    pub fn validation(
        &mut self,
        step: u64,
        loss: f64,
        accuracy: f64,
        event: &impl Serialize,
    ) -> Result<(), Failure> {
        self.line(event)?;
        if let Some(events) = &mut self.events {
            events.scalar("validation/loss", step, loss)?;
            events.scalar("validation/accuracy", step, accuracy)?;
        }
        Ok(())
    }

    fn line(&mut self, event: &impl Serialize) -> Result<(), Failure> {
        let Some((path, file)) = &mut self.log else { return Ok(()) };
        let text = serde_json::to_string(event).map_err(|e| Failure::usage(format!("no JSON: {e}")))?;
        writeln!(file, "{text}").map_err(|e| Error::io(&*path, e).into())
    }
}

/// Ends a log before its first line of a step after `before`, or its torn last line. What is no line of a log stays.
fn forget(path: &Path, before: u64) -> std::io::Result<()> {
    #[derive(serde::Deserialize)]
    struct Line {
        step: u64,
    }
    let is_kept = |text: &[u8]| match (text.strip_suffix(b"\n"), serde_json::from_slice::<Line>(text)) {
        (_, Ok(line)) => line.step <= before,
        (None, Err(_)) => !text.starts_with(b"{"),
        (Some(_), Err(_)) => true,
    };
    // Not of pipes and devices.
    if !path.is_file() {
        return Ok(());
    }
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let (mut lines, mut line, mut kept) = (BufReader::new(&file), Vec::new(), 0);
    while lines.read_until(b'\n', &mut line)? > 0 && is_kept(&line) {
        kept += line.len() as u64;
        line.clear();
    }
    file.set_len(kept)
}
