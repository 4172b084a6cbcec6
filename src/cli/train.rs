//! `inkgrad train`.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use inkgrad::data::DataSet;
use inkgrad::network::{Network, Task};
use inkgrad::report::{self, Runs};
use inkgrad::train::start_from;
use inkgrad::{Error, output_file};

use super::device::Chosen;
use super::failure::Failure;
pub use super::options::Options;
use super::options::Settings;
use super::overwriting::{is_of_images, real, would_overwrite};
use super::reports::Reports;
use super::run::{Run, Start};
use super::{find_rate, many, plotting, source};

pub async fn run(options: Options) -> Result<(), Failure> {
    apart(&options)?;
    let settings = options.settings()?;
    // Files that are written at the end are tried before the start.
    if let Some(path) = &options.save {
        output_file::check_writable(path)?;
    }
    for path in [&options.log, &options.trace].into_iter().flatten().filter(|path| is_plain(path)) {
        output_file::check_writable(path)?;
    }
    if let Some(path) = options.plot.as_deref().filter(|path| is_plain(path)) {
        plotting::check(path)?;
    }
    let asked = options.data.clone();
    let choice = options.device.choose();
    let (data, chosen) = source::beside(move || source::data_set(&asked), choice).await?;
    on(&options, &settings, &data, &chosen).await
}

/// A run on a device that has been chosen.
async fn on(options: &Options, settings: &Settings, data: &DataSet, chosen: &Chosen) -> Result<(), Failure> {
    if settings.validate_every.is_some() && data.validation.is_empty() {
        let what = "too few training images to hold some back for validation";
        return Err(
            Error::Data(format!("{what}: leave out --validate-every, or give 12 images or more")).into()
        );
    }
    let recipe = &settings.recipe;
    let network = Network::new(Task::from(data), recipe.normalisation, &recipe.layers)?;
    let start = match &settings.from {
        None => None,
        Some((path, model)) => {
            let (_, last_layer) = start_from(model, &network, &data.class_names, settings.seed)?;
            Some(Start { path, model, last_layer })
        }
    };
    let reports = Reports::new(options.has_outputs());
    let curves = RefCell::new(Runs::new(&settings.name));
    let run =
        Run { options, settings, data, network: &network, chosen, reports: &reports, curves: &curves, start };
    if options.find_rate {
        let found = find_rate::run(&run).await;
        chosen.keep_choices();
        return found;
    }
    let done = match options.seeds.or(options.ensemble) {
        Some(count) => many::train(&run, count.into()).await,
        None => run.train().await,
    };
    chosen.keep_choices();
    // Also of a run that failed: the curve may say why.
    if let (Some(path), Some(drawing)) = (&options.plot, report::drawn(&[curves.take()])) {
        reports.record(plotting::write(&drawing, path).map_err(Failure::from))?;
    }
    done.and_then(|()| reports.end())
}

/// Refuses outputs that would overwrite another output or a file that the run reads.
fn apart(options: &Options) -> Result<(), Error> {
    let in_data = |path: &Path| options.data.path().is_some_and(|data| is_of_images(path, data));
    let mut taken: Vec<(&str, PathBuf)> = Vec::new();
    taken.extend(options.recipe_file().map(|path| ("the recipe", real(path))));
    let outputs = [
        ("--save", &options.save),
        ("--log", &options.log),
        ("--plot", &options.plot),
        ("--trace", &options.trace),
    ];
    for (option, path) in outputs {
        let Some(path) = path.as_deref().filter(|path| is_plain(path)) else { continue };
        let real = real(path);
        let other = taken.iter().find(|(_, other)| *other == real).map(|(what, _)| *what);
        let other = other.or(in_data(&real).then_some("the images that the run reads"));
        if let Some(other) = other {
            return Err(would_overwrite(option, path, other));
        }
        taken.push((option, real));
    }
    Ok(())
}

/// Not a terminal or a pipe, which can be written any number of times.
fn is_plain(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.is_file() || about.is_dir()) || !path.exists()
}

#[cfg(all(test, feature = "embedded-mnist"))]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use clap::Parser;
    use inkgrad::executor::Device;
    use inkgrad::plan::FlatSizes;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    /// A GPU that is destroyed looks like one whose driver was reset.
    #[test]
    fn a_run_whose_gpu_is_lost_ends_with_the_same_model() {
        let dir = tempfile::TempDir::new().unwrap();
        let (model, log) = (dir.path().join("model.safetensors"), dir.path().join("log"));
        let data = DataSet::embedded().unwrap();
        let mut models = Vec::new();
        for is_lost in [false, true] {
            let run = ["train", "softmax", "--device", "gpu", "--no-tune", "--quiet", "--steps", "1000"];
            let line = Line::try_parse_from(run.into_iter().map(std::ffi::OsStr::new).chain([
                "--save".as_ref(),
                model.as_os_str(),
                "--log".as_ref(),
                log.as_os_str(),
            ]));
            let options = line.unwrap().options;
            let settings = options.settings().unwrap();
            let chosen = pollster::block_on(options.device.choose());
            let chosen = chosen.expect("this needs an adapter: `apt-get install mesa-vulkan-drivers`");
            let Device::Gpu(gpu) = chosen.device() else { panic!("a GPU was asked for") };
            let _ = std::fs::remove_file(&log);
            let done = AtomicBool::new(false);
            let lines = || std::fs::read_to_string(&log).map_or(0, |text| text.lines().count());
            std::thread::scope(|scope| {
                if is_lost {
                    scope.spawn(|| {
                        while lines() < 20 && !done.load(Ordering::Relaxed) {
                            std::thread::sleep(Duration::from_millis(1));
                        }
                        gpu.destroy();
                    });
                }
                let result = pollster::block_on(on(&options, &settings, &data, &chosen));
                done.store(true, Ordering::Relaxed);
                if let Err(Failure::Error(error)) = result {
                    panic!("{error}");
                }
            });
            let sizes = FlatSizes { parameters: 1, states: 0, statistics: 0 };
            assert_eq!(gpu.store(sizes, &[1.0]).is_err(), is_lost, "the device that the run began on");
            assert!(chosen.device().store(sizes, &[1.0]).is_ok(), "the device that it ended on");
            // Each step is logged once.
            assert_eq!(lines(), 100);
            models.push(std::fs::read(&model).unwrap());
        }
        assert!(models[0] == models[1], "the models differ");
    }
}
