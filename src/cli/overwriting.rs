//! Outputs never take the place of what is read.

use std::path::{Path, PathBuf};

use inkgrad::{Error, Result};

/// Tells two names of one file from those of two files: one that does not exist yet is identified by its directory and name.
pub fn real(path: &Path) -> PathBuf {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    path.canonicalize().unwrap_or_else(|_| dir.join(path.file_name().unwrap_or_default()))
}

/// Refuses an output that would overwrite a file that is read.
///
/// # Errors
/// `Usage`, with both named.
pub fn refuse<'a>(what: &str, output: &Path, inputs: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let own = real(output);
    match inputs.into_iter().any(|input| real(input) == own) {
        true => Err(would_overwrite(what, output, "what is read")),
        false => Ok(()),
    }
}

pub fn would_overwrite(what: &str, output: &Path, other: &str) -> Error {
    Error::Usage(format!("{what} {} would overwrite {other}: choose another file", output.display()))
}

/// Whether an output is a file of the images at `data`: that file itself, or, in that directory, one of a kind that is read as
/// images. Others, such as a model that was saved there before, may be overwritten.
pub fn is_of_images(output: &Path, data: &Path) -> bool {
    let (output, data) = (real(output), real(data));
    let name = output.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let of_tables = [".csv", ".tsv", ".npz", ".npy", ".bin", ".zip", "-ubyte", "-int"];
    let is_of_a_kind = of_tables.iter().any(|ending| name.ends_with(ending))
        || name.rsplit_once('.').is_some_and(|(_, ending)| inkgrad::picture::ENDINGS.contains(&ending));
    (output == data && !data.is_dir()) || (is_of_a_kind && output.is_file() && output.starts_with(&data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_from_what_lies_beside_them() {
        let dir = tempfile::TempDir::new().expect("a directory");
        let file = |name: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, "").expect("a file");
            path
        };
        let data = dir.path();
        for name in ["a.png", "b.JPG", "train.csv.gz", "t10k-labels-idx1-ubyte"] {
            assert!(is_of_images(&file(name), data), "{name}");
        }
        assert!(!is_of_images(&file("model.safetensors"), data));
        assert!(!is_of_images(&dir.path().join("sheet.png"), data), "it does not exist yet");
        let odd = file("digits");
        assert!(is_of_images(&odd, &odd) && !is_of_images(&odd, data));
        let table = file("t.csv");
        assert!(is_of_images(&dir.path().join(".").join("t.csv"), &table));
        assert!(refuse("--x", &table, [dir.path().join("./t.csv").as_path()]).is_err());
        assert!(refuse("--x", &table, [dir.path().join("u.csv").as_path()]).is_ok());
    }
}
