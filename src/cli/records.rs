//! Files that grow by whole records.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use inkgrad::{Error, Result};

pub struct Records {
    path: PathBuf,
    file: File,
    /// Bytes of whole records.
    length: u64,
}

impl Records {
    /// Goes on at the end of a file that is open for writing.
    pub fn new(path: &Path, file: File) -> Result<Self> {
        let length = file.metadata().map_err(|e| Error::io(path, e))?.len();
        Ok(Records { path: path.to_owned(), file, length })
    }

    /// Bytes of whole records.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Appends a record. If that fails, what was written of it is taken back, as far as that is possible.
    pub fn append(&mut self, record: &[u8]) -> Result<()> {
        if let Err(error) = self.file.write_all(record) {
            // A pipe or a device keeps what it got.
            let _ = self.file.set_len(self.length);
            return Err(Error::io(&self.path, error));
        }
        self.length += record.len() as u64;
        Ok(())
    }
}
