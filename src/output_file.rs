//! Writes files so that a crash never leaves half of one.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind::{AlreadyExists, InvalidInput, NotFound, PermissionDenied, Unsupported};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Error, Result};

const ASIDE: &str = ".inkgrad-";

/// Writes a file so that whoever opens it, at any time, finds either all of the old content or all of the new: first into
/// a temporary file beside it, synced to disk, which is then renamed. If the path is a link, its target is written.
///
/// # Errors
/// `Output` where the name is that of a directory or a device; `Io` where the system refuses.
pub fn write_aside(path: &Path, bytes: &[u8]) -> Result<()> {
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    check_kind(path)?;
    let (aside, mut file) = create_aside(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    if let Err(e) = written.and_then(|()| std::fs::rename(&aside, path)) {
        // The rest of a failed write is useless. If it cannot be removed either, that changes nothing.
        let _ = std::fs::remove_file(&aside);
        return Err(Error::io(path, e));
    }
    sync_parent(path).map_err(|e| Error::io(path, e))
}

/// The rename is a change of the directory, which only Unix can sync, and not in every file system.
fn sync_parent(path: &Path) -> std::io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let parent = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(parent).and_then(|dir| dir.sync_all()) {
        Err(e) if !matches!(e.kind(), PermissionDenied | InvalidInput | Unsupported) => Err(e),
        _ => Ok(()),
    }
}

/// Checks whether [`write_aside`] could write the file, without touching it: for work that takes long before it saves.
///
/// # Errors
/// `Output` where there is no such directory, or the name is a directory's; `Io` where the system refuses.
pub fn check_writable(path: &Path) -> Result<()> {
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let cannot = |what: String| Err(Error::Output(format!("{} cannot be written: {what}", path.display())));
    check_kind(path)?;
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty() && !dir.is_dir()) {
        return cannot(format!("there is no directory {}. Make it first", dir.display()));
    }
    // The temporary file's name is short: whether this one is too long shows only when it is used.
    if let Err(error) = std::fs::symlink_metadata(path)
        && error.kind() != NotFound
    {
        return Err(Error::io(path, error));
    }
    let (aside, _) = create_aside(path)?;
    std::fs::remove_file(&aside).map_err(|error| Error::io(path, error))
}

/// Refuses devices and pipes, which the rename would replace by a plain file.
fn check_kind(path: &Path) -> Result<()> {
    let what = match std::fs::metadata(path) {
        Ok(about) if about.is_dir() => "it is a directory. Name a file",
        Ok(about) if !about.is_file() => "it is a device or a pipe. Name a plain file",
        _ => return Ok(()),
    };
    Err(Error::Output(format!("{} cannot be written: {what}", path.display())))
}

/// Creates a temporary file beside `path`. Its name does not contain that of `path`, which may already be as long
/// as the system allows.
fn create_aside(path: &Path) -> Result<(PathBuf, File)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if path.file_name().is_none() {
        return Err(Error::Output(format!("{} is not a file name that can be written to", path.display())));
    }
    loop {
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let aside = path.with_file_name(format!("{ASIDE}{process}-{count}.tmp"));
        match OpenOptions::new().write(true).create_new(true).open(&aside) {
            // Left by a killed process that had the same number, or in use by one in another container.
            Err(e) if e.kind() == AlreadyExists => {}
            Err(e) => return Err(Error::io(path, e)),
            Ok(file) => return Ok((aside, file)),
        }
    }
}

/// Whether a file's name is one that [`write_aside`] gives to its temporary files.
pub(crate) fn is_aside(name: &str) -> bool {
    name.starts_with(ASIDE) && name.ends_with(".tmp")
}
