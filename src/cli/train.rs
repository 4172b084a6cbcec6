//! `inkgrad train`.

use std::path::{Path, PathBuf};

use inkgrad::network::{Network, Task};
use inkgrad::train::Checkpoint;
use inkgrad::{Error, model_file};

use super::failure::Failure;
pub use super::options::Options;
use super::run::Run;
use super::{many, source};

pub async fn run(options: Options) -> Result<(), Failure> {
    let settings = options.settings()?;
    apart(&options)?;
    // Files that are written at the end are tried before the start.
    if let Some(path) = &options.save {
        model_file::check_writable(path)?;
    }
    for path in [&options.log, &options.trace].into_iter().flatten().filter(|path| is_plain(path)) {
        model_file::check_writable(path)?;
    }
    if let Some(dir) = &settings.checkpoints {
        Checkpoint::prepare(dir, settings.resumed.is_some())?;
    }
    let asked = options.data.clone();
    let choice = options.device.choose();
    let (data, chosen) = source::beside(move || source::data_set(&asked), choice).await?;
    if settings.validate_every.is_some() && data.validation.is_empty() {
        let what = "too few training images to hold some back for validation";
        return Err(
            Error::Data(format!("{what}: leave out --validate-every, or give 12 images or more")).into()
        );
    }
    let recipe = &settings.recipe;
    let network = Network::new(Task::from(&data), recipe.normalisation, &recipe.layers)?;
    let run = Run { options: &options, settings: &settings, data: &data, network: &network, chosen: &chosen };
    let done = match options.seeds.or(options.ensemble) {
        Some(count) => many::train(&run, count.into()).await,
        None => run.train().await,
    };
    chosen.keep_choices();
    done
}

/// Refuses outputs that would overwrite another output or a file that the run reads.
fn apart(options: &Options) -> Result<(), Error> {
    // Recognises two names of one file; one that does not exist yet is identified by its directory and name.
    let real = |path: &Path| {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        path.canonicalize().unwrap_or_else(|_| dir.join(path.file_name().unwrap_or_default()))
    };
    let in_data = |path: &Path| {
        let is_of_images = path.to_string_lossy().trim_end_matches(".gz").ends_with("-ubyte");
        is_of_images && options.data.path().is_some_and(|dir| path.parent() == Some(&real(dir)))
    };
    let mut taken: Vec<(&str, PathBuf)> = Vec::new();
    taken.extend(options.recipe_file().map(|path| ("the recipe", real(path))));
    let outputs = [("--save", &options.save), ("--log", &options.log), ("--trace", &options.trace)];
    for (option, path) in outputs {
        let Some(path) = path.as_deref().filter(|path| is_plain(path)) else { continue };
        let real = real(path);
        let other = taken.iter().find(|(_, other)| *other == real).map(|(what, _)| *what);
        let other = other.or(in_data(&real).then_some("the images that the run reads"));
        if let Some(other) = other {
            let path = path.display();
            return Err(Error::Usage(format!(
                "{option} {path} would overwrite {other}: choose another file"
            )));
        }
        taken.push((option, real));
    }
    Ok(())
}

/// Not a terminal or a pipe, which can be written any number of times.
fn is_plain(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.is_file() || about.is_dir()) || !path.exists()
}
