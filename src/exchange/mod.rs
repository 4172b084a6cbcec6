//! Trained networks in other programs' formats, out and in. One file or directory per format; none knows devices or training.
//!
//! Whatever is written also carries the description of the model file, so that reading it gives the same model, not only the
//! same network. Readers take bytes and trust nothing in them: no panic, and memory within a small multiple of the file's
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
/// `Io` where it cannot be read, `Usage` if its ending names no format, `BadFile` if inkgrad cannot use its
/// content.
pub fn open(path: &Path, said: Said) -> Result<Model> {
    let beside = |name: &str| bytes(&path.with_file_name(name));
    read(path, &|| bytes(path), said, &beside)
}

/// As [`open`], of a file's bytes, where there are no files: `path` is its name, and an ONNX file must be complete in itself.
///
/// # Errors
/// `Usage` where the name's ending says nothing, `BadFile` where the content is not ours.
pub fn from_bytes(path: &Path, bytes: &[u8], said: Said) -> Result<Model> {
    let beside = |name: &str| {
        let what = format!("its tensors are in {name}, a file of its own: import both with `inkgrad import`");
        Err(Error::bad_file(path, what))
    };
    read(path, &|| Ok(bytes.to_vec()), said, &beside)
}

fn read(
    path: &Path,
    bytes: &dyn Fn() -> Result<Vec<u8>>,
    said: Said,
    beside: &dyn Fn(&str) -> Result<Vec<u8>>,
) -> Result<Model> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("onnx") => onnx::read(path, &bytes()?, said, beside),
        Some("safetensors") => pytorch::read(path, &bytes()?, said),
        Some("h5") => keras::read(path, &bytes()?, said),
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
