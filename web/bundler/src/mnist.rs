//! MNIST as one file, for web/engine/src/mnist.rs.

use std::fs;
use std::io;
use std::path::Path;

const FILES: [&str; 4] = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];

/// The four files, each after its length (u32, little endian).
pub fn file(data: &Path) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    for name in FILES {
        let bytes = fs::read(data.join(format!("{name}-ubyte.gz")))?;
        file.extend((bytes.len() as u32).to_le_bytes());
        file.extend(bytes);
    }
    Ok(file)
}
