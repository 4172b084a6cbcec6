//! One process at a time writes into a directory of checkpoints.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
use std::io::{Read, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// A directory of checkpoints that this process holds. The system releases it when the process ends, however
/// it ends.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "is held, not used")] File);

/// Name of the file that is locked; its content is the number of the process.
const NAME: &str = ".lock";

impl Lock {
    /// Locks a directory; none if the file system has no locks, or nothing can be written anyway.
    ///
    /// # Errors
    /// `Output` where another process holds the directory, `Io` where the system refuses.
    pub(super) fn take(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(NAME);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = match opened {
            Err(e) if matches!(e.kind(), PermissionDenied | ReadOnlyFilesystem) => return Ok(None),
            opened => opened.map_err(|e| Error::io(dir, e))?,
        };
        match file.try_lock() {
            Ok(()) => {
                // Only for the message to others, which goes without the number if this fails.
                let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                Ok(Some(Lock(file)))
            }
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // Windows lets nobody else read what is locked.
                let process = match file.read_to_string(&mut process) {
                    Ok(_) => format!("process {process}"),
                    Err(_) => "another process".into(),
                };
                Err(Error::Output(format!(
                    "{}: {process} is writing checkpoints here. Wait until it has ended, or name another directory",
                    dir.display()
                )))
            }
            Err(TryLockError::Error(_)) => Ok(None),
        }
    }
}
