use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};

/// Writes a file so that whoever opens its name finds the old content or all of the new, whatever happens
/// meanwhile: into a temporary file beside it, synced to the disk, then renamed.
pub fn write_aside(path: &Path, bytes: &[u8]) -> Result<()> {
    let Some(name) = path.file_name() else {
        return Err(Error::Config(format!("{} is no file name to write to", path.display())));
    };
    let mut aside = OsString::from(".");
    aside.push(name);
    aside.push(format!(".{}.tmp", std::process::id()));
    let aside = path.with_file_name(aside);
    let written = std::fs::File::create(&aside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&aside, path));
    if let Err(e) = written {
        // What remains of a failed write is of no use to anyone; that removing it may fail too changes nothing.
        let _ = std::fs::remove_file(&aside);
        return Err(Error::io(path, e));
    }
    // The rename itself lives in the directory; only Unix lets a directory be synced.
    #[cfg(unix)]
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        let _ = std::fs::File::open(dir).and_then(|dir| dir.sync_all());
    }
    Ok(())
}
