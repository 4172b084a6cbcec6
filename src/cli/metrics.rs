//! Metrics in files: JSON Lines (`--log`) and TensorBoard's event files (`--tensorboard`).

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use inkgrad::{Error, Result};
use serde::Serialize;

use super::json;
use super::meter::Record;
use super::options::Options;
use super::records::Records;
use super::tensorboard::Events;

/// A file that fails is closed: it keeps what it has, and nothing more is written to it.
pub struct Metrics {
    path: Option<PathBuf>,
    log: Option<Records>,
    /// Bytes of the log before the records of these networks: those of other seeds, or of the run before it was resumed.
    before: u64,
    /// One per network; none without `--tensorboard`.
    events: Vec<Option<Events>>,
}

impl Metrics {
    /// Opens the files that the options name, for networks with seeds from `first` on. With `--seeds` and `--ensemble` they
    /// share the log, and each has a directory of its own in `board`, TensorBoard's.
    ///
    /// A resumed run (`before` steps are done) appends to its log, after removing from it the steps that will be done
    /// again: a run that was killed had logged steps after its last checkpoint. The event files make TensorBoard do
    /// the same.
    pub fn open(
        options: &Options,
        board: Option<&Path>,
        first: u64,
        networks: usize,
        before: u64,
    ) -> Result<Self> {
        let has_seeds = options.seeds.or(options.ensemble).is_some();
        let append = before > 0 || (has_seeds && first > options.seed);
        let mut metrics = Metrics { path: options.log.clone(), log: None, before: 0, events: Vec::new() };
        if let Some(path) = &options.log {
            if before > 0 {
                forget(path, 0, before).map_err(|e| Error::io(path, e))?;
            }
            let log = open(path, append)?;
            metrics.before = log.length();
            metrics.log = Some(log);
        }
        if let Some(dir) = board {
            for seed in (first..).take(networks) {
                let mut events = match has_seeds {
                    true => Events::create(&dir.join(format!("seed-{seed}")))?,
                    false => Events::create(dir)?,
                };
                if before > 0 {
                    events.restart(before)?;
                }
                metrics.events.push(Some(events));
            }
        }
        Ok(metrics)
    }

    /// Goes back to step `before`: what is recorded of later steps will be recorded again.
    pub fn rewind(&mut self, before: u64) -> Result<()> {
        if let (Some(path), Some(log)) = (&self.path, &mut self.log) {
            forget(path, self.before, before).map_err(|e| Error::io(path, e))?;
            *log = open(path, true)?;
        }
        self.events.iter_mut().flatten().try_for_each(|events| events.restart(before))
    }

    /// Records the loss of network `index`, counted from 0.
    pub fn step(&mut self, index: usize, record: &Record, event: &impl Serialize) -> Result<()> {
        self.line(event)?;
        let Some(events) = self.events.get_mut(index) else { return Ok(()) };
        unless_failed(events, |events| events.scalar("train/loss", record.step, record.loss))
    }

    /// Records a validation of the only network.
    pub fn validation(&mut self, step: u64, loss: f64, accuracy: f64, event: &impl Serialize) -> Result<()> {
        self.line(event)?;
        let Some(events) = self.events.first_mut() else { return Ok(()) };
        unless_failed(events, |events| {
            events.scalar("validation/loss", step, loss)?;
            events.scalar("validation/accuracy", step, accuracy)
        })
    }

    fn line(&mut self, event: &impl Serialize) -> Result<()> {
        let line = json::text(event)? + "\n";
        unless_failed(&mut self.log, |log| log.append(line.as_bytes()))
    }
}

/// Writes to a file, which is closed if that fails.
fn unless_failed<T>(file: &mut Option<T>, write: impl FnOnce(&mut T) -> Result<()>) -> Result<()> {
    let written = file.as_mut().map_or(Ok(()), write);
    if written.is_err() {
        *file = None;
    }
    written
}

/// Opens a log, to append to it or from its beginning.
fn open(path: &Path, append: bool) -> Result<Records> {
    let mut how = OpenOptions::new();
    let file = how.create(true).write(true).append(append).truncate(!append).open(path);
    Records::new(path, file.map_err(|e| Error::io(path, e))?)
}

/// Truncates a log, from byte `start` on, before its first record of a step after `before`, or before an incomplete last line.
/// Other text is kept.
fn forget(path: &Path, start: u64, before: u64) -> std::io::Result<()> {
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
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let (mut lines, mut line, mut kept) = (BufReader::new(&file), Vec::new(), start);
    while lines.read_until(b'\n', &mut line)? > 0 && is_kept(&line) {
        kept += line.len() as u64;
        line.clear();
    }
    file.set_len(kept)
}
