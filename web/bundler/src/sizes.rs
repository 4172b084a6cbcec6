//! How much a browser has to fetch.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Bytes of the page with all its code, gzipped, at most.
const MOST: usize = 1_800_000;

/// Prints what the page weighs.
///
/// # Errors
/// Where it weighs too much.
pub fn report(dist: &Path, code: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let (mut all, mut gzipped) = (0, 0);
    for file in code {
        let bytes = fs::read(dist.join(file))?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes)?;
        let small = encoder.finish()?.len();
        if bytes.len() > 100_000 {
            println!("{}: {} bytes, {small} gzipped", file.display(), bytes.len());
        }
        (all, gzipped) = (all + bytes.len(), gzipped + small);
    }
    println!("the page with all its code: {} files, {all} bytes, {gzipped} gzipped", code.len());
    println!("MNIST: {} bytes", fs::metadata(dist.join("mnist.bin"))?.len());
    match gzipped > MOST {
        true => Err(format!("the page is to stay below {MOST} bytes").into()),
        false => Ok(()),
    }
}
