//! Which device does the work, and the line that says so.

use clap::{Args, ValueEnum};
use inkgrad::executor::{Device, Feed};
use inkgrad::gpu::{Adapter, Choice};
use inkgrad::{Error, Result, cpu, gpu};

use super::tuning::Tuning;

#[derive(Args)]
pub struct DeviceOptions {
    /// `auto` takes the best real GPU, else the CPU; `gpu` insists on one, a software adapter if nothing else
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
    /// Take the GPU with TEXT in its name, backend or driver, see `inkgrad devices`
    #[arg(long, value_name = "TEXT")]
    adapter: Option<String>,
    /// Threads of the CPU path; as many as there are cores where this is left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Do not time which of a GPU's shaders are the quickest for a network, nor use what was timed before
    #[arg(long)]
    no_tune: bool,
}

/// How images reach a GPU.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FeedChoice {
    Auto,
    Stream,
    Resident,
}

impl From<FeedChoice> for Feed {
    fn from(choice: FeedChoice) -> Feed {
        match choice {
            FeedChoice::Auto => Feed::Auto,
            FeedChoice::Stream => Feed::Stream,
            FeedChoice::Resident => Feed::Resident,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DeviceChoice {
    Auto,
    Gpu,
    Cpu,
}

/// A device, and why it was taken.
pub struct Chosen {
    pub device: Device,
    pub name: String,
    why: String,
    tuning: Option<Tuning>,
}

impl Chosen {
    /// Keeps on disk what was timed on this device, if anything was.
    pub fn keep_choices(&self) {
        if let (Some(tuning), Device::Gpu(device)) = (&self.tuning, &self.device) {
            tuning.keep(device);
        }
    }

    pub fn kind(&self) -> &'static str {
        match self.device {
            Device::Cpu(_) => "cpu",
            Device::Gpu(_) => "gpu",
        }
    }
}

impl std::fmt::Display for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.why)
    }
}

impl DeviceOptions {
    /// The device to train or test on.
    pub async fn choose(&self) -> Result<Chosen> {
        let tunes = !self.no_tune;
        if self.no_tune && self.device == DeviceChoice::Cpu {
            let what = "--no-tune is for GPUs, and --device cpu wants none: leave one of them out";
            return Err(Error::Usage(what.into()));
        }
        let wants_gpu = self.adapter.is_some() || self.device == DeviceChoice::Gpu;
        if self.threads.is_some() && wants_gpu {
            let what = "--threads are the CPU path's, and a GPU is asked for: leave one of them out";
            return Err(Error::Usage(what.into()));
        }
        match (&self.adapter, self.device) {
            (Some(_), DeviceChoice::Cpu) => Err(Error::Usage(
                "--adapter names a GPU, --device cpu wants none: leave one of them out".into(),
            )),
            (Some(text), _) => open(&Choice::Named(text.clone()), tunes, "by --adapter").await,
            (None, DeviceChoice::Cpu) => Ok(self.cpu("by --device cpu")),
            (None, DeviceChoice::Gpu) => open(&Choice::Any, tunes, "by --device gpu").await,
            (None, DeviceChoice::Auto) => match open(&Choice::RealGpu, tunes, "the best GPU here").await {
                Err(Error::NoAdapter { passed_over, .. }) if !passed_over.is_empty() => {
                    Ok(self.cpu(format!("no real GPU here; passed over: {}", passed_over.join("; "))))
                }
                Err(Error::NoAdapter { .. }) => Ok(self.cpu("no GPU was found")),
                // A GPU that is there but does not open is worth a word, not the end.
                Err(_) => Ok(self.cpu("the GPU does not open: `--device gpu` says why")),
                chosen => chosen,
            },
        }
    }

    /// The device to check: a GPU of any kind, unless the CPU is asked for or all there is.
    pub async fn choose_to_verify(&self) -> Result<Chosen> {
        if self.device != DeviceChoice::Auto || self.adapter.is_some() {
            return self.choose().await;
        }
        let tunes = false;
        match open(&Choice::Any, tunes, "the best GPU here").await {
            Err(Error::NoAdapter { .. }) => Ok(self.cpu("no GPU was found")),
            chosen => chosen,
        }
    }

    /// An error where a way for images to reach a GPU is chosen, and the CPU for a device.
    pub fn agree_with(&self, feed: FeedChoice) -> Result<()> {
        if feed != FeedChoice::Auto && self.device == DeviceChoice::Cpu {
            let what = "--feed is for GPUs, and --device cpu wants none: leave one of them out";
            return Err(Error::Usage(what.into()));
        }
        Ok(())
    }

    /// The options beside `--device`, as they were given, for a command that goes on.
    pub fn rest(&self) -> String {
        let adapter = self.adapter.as_ref().map(|text| format!(" --adapter '{text}'"));
        let threads = self.threads.map(|threads| format!(" --threads {threads}"));
        let no_tune = self.no_tune.then(|| " --no-tune".to_owned());
        [adapter, threads, no_tune].into_iter().flatten().collect()
    }

    fn cpu(&self, why: impl Into<String>) -> Chosen {
        let device = match self.threads {
            Some(threads) => cpu::Device::with_threads(threads.into()),
            None => cpu::Device::new(),
        };
        Chosen { name: device.name(), device: Device::Cpu(device), why: why.into(), tuning: None }
    }
}

/// Opens the best adapter of a kind.
async fn open(choice: &Choice, tunes: bool, why: &str) -> Result<Chosen> {
    let adapter = Adapter::choose(choice).await?;
    let device = gpu::Device::open(&adapter).await?;
    let name = adapter.about().to_string();
    let tuning = tunes.then(|| Tuning::begin(&device, &name));
    Ok(Chosen { name, device: Device::Gpu(device), why: why.into(), tuning })
}
