//! Trained networks in other programs' formats, out and in. One file or directory per format; none knows devices or training.
//!
//! Whatever is written also carries the description of the model file, so that what comes back is the same model and not only
//! the same network. Readers take bytes and trust nothing in them: no panic, and memory within a small multiple of the file's
//! size.

pub mod c;
mod draft;
pub mod keras;
pub mod onnx;
mod python;
pub mod pytorch;
mod steps;
mod undescribed;

use std::path::Path;

pub use undescribed::Said;

use crate::error::{Error, Result};
use crate::model_file::Model;

/// Larger files are not read, as with model files.
const MAX_BYTES: u64 = 2 << 30;

/// Reads a file of another program; its ending says which: `.onnx`, `.safetensors` or `.h5`.
///
/// # Errors
/// `Io` where it cannot be read, `Usage` where its ending says nothing, `BadFile` where its content is not ours.
pub fn open(path: &Path, said: Said) -> Result<Model> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("onnx") => {
            let beside = |name: &str| bytes(&path.with_file_name(name));
            onnx::read(path, &bytes(path)?, said, &beside)
        }
        Some("safetensors") => pytorch::read(path, &bytes(path)?, said),
        Some("h5") => keras::read(path, &bytes(path)?, said),
        _ => Err(Error::Usage(format!(
            "{} names no format: .onnx, .safetensors and .h5 are read",
            path.display()
        ))),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    let length = std::fs::metadata(path).map_err(|e| Error::io(path, e))?.len();
    match length <= MAX_BYTES {
        true => std::fs::read(path).map_err(|e| Error::io(path, e)),
        false => Err(Error::bad_file(path, format!("{length} bytes, at most {MAX_BYTES} are read"))),
    }
}
