//! The pictures that a command's arguments name: files, folders with all that is in them, standard input.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use inkgrad::picture::{ENDINGS, Picture, UNDECODED};
use inkgrad::{Error, Result};

/// A picture that is not read yet.
pub enum Input {
    File(PathBuf),
    StandardInput,
}

impl Input {
    /// Its file; `-` for standard input.
    pub fn path(&self) -> &Path {
        match self {
            Input::File(path) => path,
            Input::StandardInput => Path::new("-"),
        }
    }

    /// Reads and decodes it.
    pub fn picture(&self) -> Result<Picture> {
        match self {
            Input::File(path) => Picture::open(path),
            Input::StandardInput => Picture::read(Path::new("standard input"), std::io::stdin().lock()),
        }
    }
}

/// The model among the arguments, if the first is one, and the rest.
pub fn model_and_files(paths: &[PathBuf]) -> Result<(Option<&Path>, &[PathBuf])> {
    match paths {
        [first, rest @ ..] if is_model(first) => match rest {
            [] => Err(Error::Usage(format!(
                "{} is a model: name the pictures to classify after it",
                first.display()
            ))),
            _ => Ok((Some(first), rest)),
        },
        _ => Ok((None, paths)),
    }
}

/// Whether a path is that of a model: by its name, or by how safetensors files begin (the length of their header, in eight
/// bytes, and `{`).
fn is_model(path: &Path) -> bool {
    if path.extension().is_some_and(|ending| ending == "safetensors") {
        return true;
    }
    let mut begin = [0; 9];
    let is_file = fs::metadata(path).is_ok_and(|about| about.is_file());
    is_file
        && fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut begin).is_ok())
        && begin[8] == b'{'
        && begin[4..8] == [0; 4]
}

/// All pictures that the paths name, in order. Folders are walked as they are reached, by name; links to folders are not
/// followed, so that none is walked twice. Whatever cannot be listed is an error among the rest.
pub fn inputs(paths: &[PathBuf]) -> impl Iterator<Item = Result<Input>> {
    paths.iter().flat_map(|path| -> Box<dyn Iterator<Item = Result<Input>>> {
        match path {
            path if path == Path::new("-") => Box::new(std::iter::once(Ok(Input::StandardInput))),
            path if path.is_dir() => Box::new(Walk { stack: vec![path.clone()] }),
            path => Box::new(std::iter::once(Ok(Input::File(path.clone())))),
        }
    })
}

/// The pictures of a folder and of those in it.
struct Walk {
    /// What is still to be visited, the next last.
    stack: Vec<PathBuf>,
}

impl Iterator for Walk {
    type Item = Result<Input>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(path) = self.stack.pop() {
            if !path.is_dir() {
                return Some(Ok(Input::File(path)));
            }
            if let Err(error) = self.enter(&path) {
                return Some(Err(Error::io(path, error)));
            }
        }
        None
    }
}

impl Walk {
    fn enter(&mut self, folder: &Path) -> std::io::Result<()> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() || (is_picture(&path) && !path.is_dir()) {
                found.push(path);
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        self.stack.extend(found);
        Ok(())
    }
}

/// By its name: other files of a folder are left out.
fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.iter().chain(UNDECODED).any(|known| *known == ending))
}
