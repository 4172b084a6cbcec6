//! `inkgrad train`.

use std::path::Path;

use inkgrad::train::Checkpoint;
use inkgrad::{Error, model_file};

use super::failure::Failure;
pub use super::options::Options;
use super::run::Run;
use super::{many, source};

pub async fn run(options: Options) -> Result<(), Failure> {
    let plan = options.plan()?;
    // What is written at the end, found out before the start.
    if let Some(path) = &options.save {
        model_file::check_writable(path)?;
    }
    for path in [&options.log, &options.trace].into_iter().flatten().filter(|path| is_plain(path)) {
        model_file::check_writable(path)?;
    }
    if let Some(dir) = &plan.checkpoints {
        Checkpoint::make_room(dir, plan.resumed.is_some())?;
    }
    let dir = options.data.clone();
    let choice = options.device.choose();
    let (data, chosen) = source::beside(move || source::data_set(dir.as_deref()), choice).await?;
    if plan.validate_every.is_some() && data.validation.is_empty() {
        let what = "too few training images to hold some back for validation";
        return Err(Error::Config(format!("{what}: leave out --validate-every, or bring 12 and more")).into());
    }
    let run = Run { options: &options, plan: &plan, data: &data, chosen: &chosen };
    let done = match options.seeds.or(options.ensemble) {
        Some(count) => many::train(&run, count.into()).await,
        None => run.train().await,
    };
    chosen.keep_choices();
    done
}

/// Not a terminal or a pipe, which take what they are given.
fn is_plain(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.is_file() || about.is_dir()) || !path.exists()
}
