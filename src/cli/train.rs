//! `inkgrad train`.

use inkgrad::model_file;

use super::failure::Failure;
pub use super::options::Options;
use super::run::Run;
use super::{many, source};

pub async fn run(options: Options) -> Result<(), Failure> {
    let plan = options.plan()?;
    if let Some(path) = &options.save {
        model_file::check_writable(path)?;
    }
    let dir = options.data.clone();
    let choice = options.device.choose();
    let (data, chosen) = source::beside(move || source::data_set(dir.as_deref()), choice).await?;
    let run = Run { options: &options, plan: &plan, data: &data, chosen: &chosen };
    let done = match options.seeds.or(options.ensemble) {
        Some(count) => many::train(&run, count.into()).await,
        None => run.train().await,
    };
    chosen.keep_choices();
    done
}
