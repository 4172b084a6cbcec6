//! Writes files so that a crash never leaves half of one.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Writes a file so that whoever opens it finds the old content or all of the new, whatever happens meanwhile: first into
/// a temporary file beside it, synced to disk, which is then renamed. If the path is a link, its target is written.
///
/// # Errors
/// `Output` where the name is that of a directory or a device; `Io` where the system refuses.
pub fn write_aside(path: &Path, bytes: &[u8]) -> Result<()> {
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    check_kind(path)?;
    let aside = aside(path)?;
    let written = std::fs::File::create(&aside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&aside, path));
    if let Err(e) = written {
        // The rest of a failed write is useless. If it cannot be removed either, that changes nothing.
        let _ = std::fs::remove_file(&aside);
        return Err(Error::io(path, e));
    }
    // The rename is a change of the directory, which only Unix can sync.
    #[cfg(unix)]
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        let _ = std::fs::File::open(dir).and_then(|dir| dir.sync_all());
    }
    Ok(())
}

/// Checks whether [`write_aside`] could write the file, without touching it: for work that takes long before it saves.
///
/// # Errors
/// `Output` where there is no such directory, or the name is a directory's; `Io` where the system refuses.
pub fn check_writable(path: &Path) -> Result<()> {
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let aside = aside(path)?;
    let cannot = |what: String| Err(Error::Output(format!("{} cannot be written: {what}", path.display())));
    check_kind(path)?;
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty() && !dir.is_dir()) {
        return cannot(format!("there is no directory {}. Make it first", dir.display()));
    }
    std::fs::File::create(&aside)
        .and_then(|_| std::fs::remove_file(&aside))
        .map_err(|error| Error::io(path, error))
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

/// Name of the temporary file beside `path`.
fn aside(path: &Path) -> Result<PathBuf> {
    let Some(name) = path.file_name() else {
        return Err(Error::Output(format!("{} is not a file name that can be written to", path.display())));
    };
    let mut aside = OsString::from(".");
    aside.push(name);
    aside.push(format!(".{}.tmp", std::process::id()));
    Ok(path.with_file_name(aside))
}
