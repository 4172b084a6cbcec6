//! Loads recipes and images: built-in ones or the user's files.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use inkgrad::data::{DataSet, Part, Split};
use inkgrad::model_file::Model;
use inkgrad::recipe::Recipe;
use inkgrad::{Error, Result};

use super::data_options::DataOptions;
use super::text;

/// A recipe and its name, from a file or else a preset.
pub fn recipe(preset: &str, file: Option<&Path>) -> Result<(String, Recipe)> {
    let Some(path) = file else {
        return match Recipe::preset(preset) {
            Err(Error::Usage(what)) if Path::new(preset).extension().is_some_and(|end| end == "toml") => {
                Err(Error::Usage(format!("{what}; a recipe of your own is named with --recipe {preset}")))
            }
            recipe => Ok((preset.to_owned(), recipe?)),
        };
    };
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    let text = text::decode(&bytes)
        .ok_or_else(|| Error::bad_file(path, "this is not text; a recipe in TOML is expected"))?;
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok((name, Recipe::parse(path, &text)?))
}

/// The data set in a directory, or else the built-in MNIST.
pub fn data_set(asked: &DataOptions) -> Result<DataSet> {
    let options = asked.reading()?;
    match asked.path() {
        Some(path) => DataSet::read(path, &options),
        None => embedded_set(),
    }
}

/// The training half alone, including the validation images.
pub fn training_part(dir: Option<&Path>) -> Result<Part> {
    match dir {
        Some(dir) => Part::open_train(dir),
        None => embedded_training(),
    }
}

/// The test half alone, without decompressing the training images.
pub fn test_part(asked: &DataOptions, model: &Model) -> Result<Part> {
    let options = asked.reading_for(model)?;
    match asked.path() {
        Some(path) => {
            let mut part = Part::read_test(path, &options)?;
            part.number_as(&model.class_names)?;
            Ok(part)
        }
        None => {
            let (part, task) = (embedded_test()?, model.network.task);
            match part.require(task.shape(), task.classes) {
                Ok(()) => Ok(part),
                Err(_) => Err(Error::Usage(format!(
                    "{} was trained on other images than the built-in MNIST: name images for its test with --data PATH",
                    model.name
                ))),
            }
        }
    }
}

/// The images that a model's training held back for validation.
pub fn validation_images(asked: &DataOptions, model: &Model) -> Result<Split> {
    let options = asked.reading_for(model)?;
    let data = match asked.path() {
        Some(path) => DataSet::read(path, &options)?,
        None => embedded_set()?,
    };
    Ok(data.validation)
}

/// As [`test_part`], of a path alone.
pub fn plain_test_part(dir: Option<&Path>) -> Result<Part> {
    match dir {
        Some(dir) => Part::open_test(dir),
        None => embedded_test(),
    }
}

#[cfg(feature = "embedded-mnist")]
pub fn embedded_set() -> Result<DataSet> {
    DataSet::embedded()
}

#[cfg(feature = "embedded-mnist")]
fn embedded_training() -> Result<Part> {
    Part::embedded_train()
}

#[cfg(not(feature = "embedded-mnist"))]
fn embedded_training() -> Result<Part> {
    Err(none_embedded())
}

#[cfg(feature = "embedded-mnist")]
fn embedded_test() -> Result<Part> {
    Part::embedded_test()
}

#[cfg(not(feature = "embedded-mnist"))]
pub fn embedded_set() -> Result<DataSet> {
    Err(none_embedded())
}

#[cfg(not(feature = "embedded-mnist"))]
fn embedded_test() -> Result<Part> {
    Err(none_embedded())
}

#[cfg(not(feature = "embedded-mnist"))]
fn none_embedded() -> Error {
    Error::Usage(
        "this inkgrad was built without MNIST: name a directory of IDX files with `--data DIR`".into(),
    )
}

/// Runs `work` on its own thread, if one may be started, and `meanwhile` on this one; returns both results.
pub async fn beside<T: Send + 'static, U>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
    meanwhile: impl Future<Output = Result<U>>,
) -> Result<(T, U)> {
    let work = Arc::new(Mutex::new(Some(work)));
    let taken = work.clone();
    let run = move || {
        let work = taken.lock().unwrap_or_else(PoisonError::into_inner).take();
        work.map(|work| work())
    };
    let thread = std::thread::Builder::new().spawn(run).ok();
    let done = meanwhile.await;
    let worked = match thread {
        Some(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        // Where no thread may be started, the work still waits to be done.
        None => work.lock().unwrap_or_else(PoisonError::into_inner).take().map(|work| work()),
    };
    let worked = worked.unwrap_or_else(|| Err(Error::Internal("the work was not done".into())));
    // If both fail, the error in the data is more useful: the device's would occur with any data.
    Ok((worked?, done?))
}

/// A note about classes without a training image: labels that begin at 1 or leave some out are rarely intended.
pub fn without_images(labels: &[u8], classes: usize) -> Option<String> {
    let missing: Vec<String> = (0..classes)
        .filter(|class| !labels.iter().any(|label| usize::from(*label) == *class))
        .map(|class| class.to_string())
        .collect();
    let which = match &missing[..] {
        [] => return None,
        [one] => format!("class {one} has"),
        some if some.len() <= 8 => format!("classes {} have", some.join(", ")),
        some => format!("{} of the {classes} classes have", some.len()),
    };
    Some(format!("note: {which} no image to train on (labels count from 0)"))
}

#[cfg(test)]
mod tests {
    use super::without_images;

    #[test]
    fn classes_without_images_are_reported() {
        assert_eq!(without_images(&[0, 2, 1, 0], 3), None);
        assert!(without_images(&[1, 2, 1], 3).unwrap().contains("class 0 has no image"));
        assert!(without_images(&[1, 4], 5).unwrap().contains("classes 0, 2, 3 have no"));
        assert!(without_images(&[255], 256).unwrap().contains("255 of the 256 classes have no"));
    }
}
