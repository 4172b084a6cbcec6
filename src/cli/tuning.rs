//! Remembers which shaders were fastest on a GPU, in a small file in the user's cache directory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use inkgrad::gpu::{Choices, Device};
use inkgrad::output_file::write_aside;

/// Entries are per adapter, driver and inkgrad version, since each of them may change which shader is fastest.
type File = BTreeMap<String, Choices>;

pub struct Tuning {
    /// None if there is no such directory: then every run times again.
    path: Option<PathBuf>,
    adapter: String,
    before: Choices,
}

impl Tuning {
    /// Gives the device what is known about it. A file that is missing, unreadable or malformed counts as empty.
    pub fn begin(device: &Device, adapter: &str) -> Self {
        let path = dirs::cache_dir().map(|dir| dir.join("inkgrad").join("tuning.json"));
        let adapter = format!("{adapter}, inkgrad {}", env!("CARGO_PKG_VERSION"));
        let before = path.as_ref().and_then(|path| read(path)?.remove(&adapter)).unwrap_or_default();
        device.tune(before.clone());
        Tuning { path, adapter, before }
    }

    /// Saves what is new. If this fails, the next start has to time again.
    pub fn keep(&self, device: &Device) {
        let choices = device.choices();
        let Some(path) = self.path.as_ref().filter(|_| choices != self.before) else { return };
        let mut file = read(path).unwrap_or_default();
        // Entries that another run has saved meanwhile stay, so that its later runs give the same bits.
        let remembered = file.entry(self.adapter.clone()).or_default();
        choices.into_iter().for_each(|(key, choice)| {
            remembered.entry(key).or_insert(choice);
        });
        if let (Some(dir), Ok(text)) = (path.parent(), serde_json::to_vec_pretty(&file)) {
            let _ = std::fs::create_dir_all(dir).and_then(|()| {
                let write = write_aside(path, &text);
                write.map_err(std::io::Error::other)
            });
        }
    }
}

fn read(path: &PathBuf) -> Option<File> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
