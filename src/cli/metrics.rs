//! Metrics in files: JSON Lines (`--log`) and TensorBoard's event files (`--tensorboard`).

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use inkgrad::Error;
use serde::Serialize;

use super::failure::Failure;
use super::json;
use super::meter::Record;
use super::options::Options;
use super::tensorboard::Events;

pub struct Metrics {
    log: Option<(PathBuf, File)>,
    /// One per network; none without `--tensorboard`.
    events: Vec<Events>,
}

impl Metrics {
    /// Opens the files that the options name, for networks with seeds from `first` on. With `--seeds` and `--ensemble` they
    /// share the log, and each has a directory of its own for TensorBoard.
    ///
    /// A resumed run (`before` steps are done) appends to its log, after removing from it the steps that will be done
    /// again: a run that was killed had logged steps after its last checkpoint.
    pub fn open(options: &Options, first: u64, networks: usize, before: u64) -> Result<Self, Failure> {
        let has_seeds = options.seeds.or(options.ensemble).is_some();
        let append = before > 0 || (has_seeds && first > options.seed);
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
        let mut events = Vec::new();
        if let Some(dir) = &options.tensorboard {
            for seed in (first..).take(networks) {
                events.push(match has_seeds {
                    true => Events::create(&dir.join(format!("seed-{seed}")))?,
                    false => Events::create(dir)?,
                });
            }
        }
        Ok(Metrics { log, events })
    }

    /// Records the loss of network `index`, counted from 0.
    pub fn step(&mut self, index: usize, record: &Record, event: &impl Serialize) -> Result<(), Failure> {
        self.line(event)?;
        if let Some(events) = self.events.get_mut(index) {
            events.scalar("train/loss", record.step, record.loss)?;
        }
        Ok(())
    }

    /// Records a validation of the only network.
    pub fn validation(
        &mut self,
        step: u64,
        loss: f64,
        accuracy: f64,
        event: &impl Serialize,
    ) -> Result<(), Failure> {
        self.line(event)?;
        if let Some(events) = self.events.first_mut() {
            events.scalar("validation/loss", step, loss)?;
            events.scalar("validation/accuracy", step, accuracy)?;
        }
        Ok(())
    }

    fn line(&mut self, event: &impl Serialize) -> Result<(), Failure> {
        let Some((path, file)) = &mut self.log else { return Ok(()) };
        writeln!(file, "{}", json::text(event)?).map_err(|e| Error::io(&*path, e).into())
    }
}

/// Truncates a log before its first record of a step after `before`, or before an incomplete last line. Other text is kept.
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
    // A pipe or a device cannot be truncated.
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
