//! TensorBoard's event files: records of protocol buffers, of which scalars use five fields.
//!
//! The crates for this are unmaintained and contain 16,000 generated lines, so the few bytes are written here; the checksum
//! comes from a crate. Format: tensorflow/core/lib/io/record_writer.h
//! (length, its checksum, data, its checksum) and tensorflow/core/util/event.proto.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use inkgrad::Error;

use super::records::Records;

pub struct Events(Records);

/// Part of the name of each event file.
const MARK: &str = "tfevents";

/// The directory for a run's event files: `dir`, or a directory in it if another run's files are there, which
/// TensorBoard would join with this run's to one curve. A run that is resumed continues in `before`, the directory it
/// had.
pub fn directory(dir: &Path, before: Option<&Path>) -> Result<PathBuf, Error> {
    let create = |path: &Path| std::fs::create_dir_all(path).map_err(|e| Error::io(path, e));
    create(dir)?;
    let is_below = |before: &&Path| before.is_dir() && before.canonicalize().ok() == under(dir, before);
    if let Some(before) = before.filter(is_below) {
        return Ok(before.to_owned());
    }
    if !has_events(dir) {
        return Ok(dir.to_owned());
    }
    // The run that creates a directory owns it, even if two runs start at once.
    let mut number = 2u64;
    loop {
        let path = dir.join(format!("run-{number}"));
        match std::fs::create_dir(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(e) => return Err(Error::io(path, e)),
            Ok(()) => return Ok(path),
        }
    }
}

/// The real path of `before` if it is `dir` itself or lies in it.
fn under(dir: &Path, before: &Path) -> Option<PathBuf> {
    let (dir, before) = (dir.canonicalize().ok()?, before.canonicalize().ok()?);
    (before == dir || before.parent() == Some(&dir)).then_some(before)
}

/// Whether there are event files in a directory, or in the directories of several seeds in it.
fn has_events(dir: &Path) -> bool {
    let entries = |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().flatten();
    let is_event_file = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().contains(MARK);
    let is_of_seed = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("seed-");
    entries(dir).any(is_event_file)
        || entries(dir).filter(is_of_seed).any(|entry| entries(&entry.path()).any(is_event_file))
}

impl Events {
    /// Creates an event file in a directory, which is created if necessary.
    pub fn create(dir: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(dir).map_err(|e| Error::io(dir, e))?;
        // TensorBoard reads a directory's files in the order of their names: after those of the runs before.
        let names = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let last = names.filter_map(|name| seconds(&name.to_string_lossy())).max();
        let seconds = last.map_or(0, |last| last + 1).max(now() as u64);
        let path = dir.join(format!("{PREFIX}{seconds}.inkgrad.{}", std::process::id()));
        let file = File::create(&path).map_err(|e| Error::io(&path, e))?;
        let mut events = Events(Records::new(&path, file)?);
        // Event { wall_time = 1, file_version = 3 }
        let mut event = double(1, now());
        event.extend(bytes(3, b"brain.Event:2"));
        events.record(&event)?;
        Ok(events)
    }

    /// Makes TensorBoard forget what it has read of steps after `before`: a run goes on from there.
    pub fn restart(&mut self, before: u64) -> Result<(), Error> {
        // Event { wall_time = 1, step = 2, session_log = 7 { status = 1: START } }
        let mut event = double(1, now());
        event.push(2 << 3);
        event.extend(varint(before + 1));
        event.extend(bytes(7, &[1 << 3, 1]));
        self.record(&event)
    }

    pub fn scalar(&mut self, tag: &str, step: u64, value: f64) -> Result<(), Error> {
        // Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } } }
        let mut summary_value = bytes(1, tag.as_bytes());
        summary_value.push(2 << 3 | 5);
        summary_value.extend((value as f32).to_le_bytes());
        let mut event = double(1, now());
        event.push(2 << 3);
        event.extend(varint(step));
        event.extend(bytes(5, &bytes(1, &summary_value)));
        self.record(&event)
    }

    fn record(&mut self, data: &[u8]) -> Result<(), Error> {
        let length = (data.len() as u64).to_le_bytes();
        let mut record = length.to_vec();
        record.extend(masked(&length).to_le_bytes());
        record.extend(data);
        record.extend(masked(data).to_le_bytes());
        self.0.append(&record)
    }
}

const PREFIX: &str = "events.out.tfevents.";

/// The time in an event file's name.
fn seconds(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.split('.').next()?.parse().ok()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// A checksum as record files store it: rotated and offset, because the CRC of data that contains CRCs is weak.
fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn double(field: u8, value: f64) -> Vec<u8> {
    let mut out = vec![field << 3 | 1];
    out.extend(value.to_le_bytes());
    out
}

fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![field << 3 | 2];
    out.extend(varint(value.len() as u64));
    out.extend(value);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_laid_out_as_protocol_buffers() {
        assert_eq!(varint(0), [0]);
        assert_eq!(varint(300), [0xac, 0x02]);
        assert_eq!(bytes(1, b"ab"), [0x0a, 2, b'a', b'b']);
    }

    /// The known answer of CRC-32C for "123456789" is 0xe3069283.
    #[test]
    fn checksums_are_masked() {
        assert_eq!(masked(b"123456789"), 0xe306_9283u32.rotate_right(15).wrapping_add(0xa282_ead8));
    }
}
