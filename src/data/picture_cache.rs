//! Prepared pictures kept on disk, so that a second run need not decode them again.
//!
//! What is kept is found by a hash of the pictures' names, lengths and versions (in an archive the checksum of the content,
//! elsewhere the time of the last change) and of how they were prepared. Whatever goes wrong here costs time and nothing
//! else, so that no error leaves this module.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::tree::{Entry, Tree};
use crate::output_file::write_aside;
use crate::picture::Preparation;

/// Part of every hash: must be changed when preparation changes.
const VERSION: u32 = 1;
/// Most sets that are kept; the oldest are removed.
const MAX_KEPT: usize = 12;

/// A file of prepared pictures that may exist.
pub(super) struct Cache {
    path: PathBuf,
}

fn hash(of: &impl Hash, tree: &Tree, entries: &[&Entry]) -> String {
    let mut words = String::new();
    // Two different hashes of 64 bits each.
    for half in 0..2u8 {
        let mut hasher = DefaultHasher::new();
        (half, VERSION, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
        of.hash(&mut hasher);
        // An archive's content does not depend on where the archive is.
        if !tree.is_archive() {
            tree.root().canonicalize().unwrap_or_default().hash(&mut hasher);
        }
        for entry in entries {
            (&entry.path, entry.size, entry.version).hash(&mut hasher);
        }
        words += &format!("{:016x}", hasher.finish());
    }
    words
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish().to_le_bytes()
}

impl Cache {
    pub fn of(dir: &Path, preparation: &Preparation, tree: &Tree, entries: &[&Entry]) -> Self {
        let how = serde_json::to_string(preparation).unwrap_or_default();
        Cache { path: dir.join(format!("{}.pixels", hash(&how, tree, entries))) }
    }

    /// The bytes of all images, if they are there and whole.
    pub fn images(&self, bytes: u64) -> Option<Vec<u8>> {
        let length = std::fs::metadata(&self.path).ok()?.len();
        if length != bytes + 8 {
            return None;
        }
        let mut images = std::fs::read(&self.path).ok()?;
        let sum = images.split_off(usize::try_from(bytes).ok()?);
        (sum == checksum(&images)).then_some(images)
    }

    pub fn keep(&self, images: &[u8]) {
        let Some(dir) = self.path.parent() else { return };
        if std::fs::create_dir_all(dir).is_ok() {
            let _ = write_aside(&self.path, &[images, &checksum(images)].concat());
            make_room(dir);
        }
    }

    /// How pictures were prepared the last time, for options that leave something open.
    pub fn recall_preparation(
        dir: Option<&Path>,
        wishes: &str,
        tree: &Tree,
        entries: &[&Entry],
    ) -> Option<Preparation> {
        let text = std::fs::read(dir?.join(format!("{}.json", hash(&wishes, tree, entries)))).ok()?;
        serde_json::from_slice(&text).ok()
    }

    pub fn keep_preparation(
        dir: Option<&Path>,
        wishes: &str,
        tree: &Tree,
        entries: &[&Entry],
        preparation: &Preparation,
    ) {
        let (Some(dir), Ok(text)) = (dir, serde_json::to_vec(preparation)) else { return };
        let path = dir.join(format!("{}.json", hash(&wishes, tree, entries)));
        if !path.exists() && std::fs::create_dir_all(dir).is_ok() {
            let _ = write_aside(&path, &text);
        }
    }
}

/// Removes all but the newest files.
fn make_room(dir: &Path) {
    let Ok(entries) = dir.read_dir() else { return };
    let mut kept: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_ours = path.extension().is_some_and(|ending| ending == "pixels");
            let changed = path.metadata().ok()?.modified().ok()?;
            is_ours.then_some((changed, path))
        })
        .collect();
    kept.sort();
    for (_, path) in kept.iter().rev().skip(MAX_KEPT) {
        let _ = std::fs::remove_file(path);
    }
}
