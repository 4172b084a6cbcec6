//! Writes a data set as IDX files or as folders of pictures.

use std::path::Path;

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

use super::open::CLASS_NAMES;
use super::{DataSet, Split};
use crate::{Error, Result, threads};

/// In which form a data set is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// MNIST's four files (of colour images with a fourth dimension), and the classes' names in a fifth.
    Idx,
    /// `train/CLASS/NUMBER.png`, `val` where the data has images for validation of its own, and `test`.
    Pictures,
}

/// Writes a data set into a directory that does not exist yet or is empty. Images that were chosen for validation among the
/// training images go with these.
///
/// # Errors
/// `Output` where the directory holds anything; `Io` where the system refuses.
pub fn write(set: &DataSet, dir: &Path, form: Form) -> Result<()> {
    let io = |error| Error::io(dir, error);
    std::fs::create_dir_all(dir).map_err(io)?;
    if dir.read_dir().map_err(io)?.next().is_some() {
        let what =
            format!("{} is not empty: name a directory that is, or that does not exist yet", dir.display());
        return Err(Error::Output(what));
    }
    let has_own = set.validation_seed.is_none() && !set.validation.is_empty();
    let (train, validation) = match has_own {
        true => (set.train.clone(), Some(&set.validation)),
        false => (set.all_training(), None),
    };
    match form {
        Form::Idx => {
            // IDX knows two halves.
            let train = if has_own { set.all_training() } else { train };
            idx(set, &train, dir, "train")?;
            idx(set, &set.test, dir, "t10k")?;
            if !set.class_names.is_empty() {
                save(&dir.join(CLASS_NAMES), (set.class_names.join("\n") + "\n").as_bytes())?;
            }
            Ok(())
        }
        Form::Pictures => {
            let splits = [("train", Some(&train)), ("val", validation), ("test", Some(&set.test))];
            splits
                .into_iter()
                .filter_map(|(name, split)| Some((name, split?)))
                .try_for_each(|(name, split)| pictures(set, split, &dir.join(name)))
        }
    }
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|error| Error::io(path, error))
}

fn idx(set: &DataSet, split: &Split, dir: &Path, half: &str) -> Result<()> {
    let count = u32::try_from(split.len()).map_err(|_| Error::Data("too many images for IDX".into()))?;
    let [channels, height, width] = set.shape();
    let sizes: &[usize] = if channels == 1 { &[height, width] } else { &[height, width, channels] };
    let mut images = vec![0, 0, 8, sizes.len() as u8 + 1];
    images.extend(count.to_be_bytes());
    sizes.iter().for_each(|size| images.extend((*size as u32).to_be_bytes()));
    match channels {
        1 => images.extend_from_slice(split.images()),
        _ => (0..split.len()).for_each(|at| images.extend(together(split.image(at), channels))),
    }
    save(&dir.join(format!("{half}-images-idx{}-ubyte", sizes.len() + 1)), &images)?;
    drop(images);
    let labels = [&[0, 0, 8, 1][..], &count.to_be_bytes(), split.labels()].concat();
    save(&dir.join(format!("{half}-labels-idx1-ubyte")), &labels)
}

/// From planes to pixels whose channels lie together.
fn together(image: &[u8], channels: usize) -> Vec<u8> {
    let pixels = image.len() / channels.max(1);
    (0..pixels).flat_map(|at| (0..channels).map(move |channel| image[channel * pixels + at])).collect()
}

fn pictures(set: &DataSet, split: &Split, dir: &Path) -> Result<()> {
    let names: Vec<String> = (0..set.classes)
        .map(|class| match set.class_names.get(class) {
            Some(name) => as_folder(name),
            None => class.to_string(),
        })
        .collect();
    for name in &names {
        let folder = dir.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, error))?;
    }
    let all: Vec<usize> = (0..split.len()).collect();
    let written = threads::map(&all, |at| {
        let path = dir.join(&names[usize::from(split.label(*at))]).join(format!("{at:06}.png"));
        let bytes = png(&together(split.image(*at), set.channels), [set.height, set.width], set.channels)?;
        save(&path, &bytes)
    });
    written.into_iter().collect()
}

/// A class's name as a folder may be called on every system.
fn as_folder(name: &str) -> String {
    let is_special = |c: char| "/\\:*?\"<>|".contains(c) || c.is_control();
    let name: String = name.chars().map(|c| if is_special(c) { '_' } else { c }).collect();
    match name.as_str() {
        "" => "_".into(),
        name if name.starts_with('.') => format!("_{name}"),
        _ => name,
    }
}

/// A PNG file's bytes, from pixels whose channels lie together.
pub(super) fn png(pixels: &[u8], [height, width]: [usize; 2], channels: usize) -> Result<Vec<u8>> {
    let kind = if channels == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
    let mut bytes = Vec::new();
    let encoded = PngEncoder::new(&mut bytes).write_image(pixels, width as u32, height as u32, kind);
    encoded.map_err(|error| Error::Internal(format!("a picture could not be encoded ({error})")))?;
    Ok(bytes)
}
