//! A file, for readers that look at its name and open it themselves.

use std::path::{Path, PathBuf};

/// A file of a given name in a directory of this process, in memory where the system has a file system there.
pub struct Scratch(PathBuf);

impl Scratch {
    /// `name` may begin with a directory's.
    ///
    /// # Panics
    /// If the directory cannot be made.
    pub fn new(name: &str) -> Self {
        let shared = Path::new("/dev/shm");
        let root = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
        let file = root.join(format!("inkgrad-fuzz-{}", std::process::id())).join(name);
        let directory = file.parent().expect("a file in a directory");
        std::fs::create_dir_all(directory).expect("a directory for the file");
        // Starting threads would take longer than reading so small files.
        inkgrad::threads::limit(1);
        Scratch(file)
    }

    /// The file, with these bytes.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn holding(&self, bytes: &[u8]) -> &Path {
        std::fs::write(&self.0, bytes).expect("writing the file");
        &self.0
    }
}
