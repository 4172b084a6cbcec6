//! Chooses the device, and describes the choice.

use std::cell::RefCell;
use std::time::Duration;

use clap::{Args, ValueEnum};
use inkgrad::executor::{Device, Feed};
use inkgrad::gpu::{About, Adapter, Choice};
use inkgrad::{Error, Result, cpu, gpu};

use super::shell::quoted;
use super::tuning::Tuning;

#[derive(Clone, Args)]
pub struct DeviceOptions {
    /// `auto` takes the best real GPU, else the CPU; `gpu` requires a GPU and accepts a software adapter
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
    /// Take this GPU: its number in the list of `inkgrad devices`, or a part of its name, backend, driver or PCI address
    #[arg(long, value_name = "NUMBER|TEXT")]
    adapter: Option<String>,
    /// CPU threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Use a GPU's plain shaders: do not time which are the fastest, and ignore what was timed before
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

/// How many times a lost device is looked for, at intervals of one second.
const MAX_TRIES: u32 = 10;

/// A device, and why it was chosen.
pub struct Chosen {
    device: RefCell<Device>,
    pub name: String,
    why: String,
    tuning: Option<Tuning>,
}

impl Chosen {
    pub fn device(&self) -> Device {
        self.device.borrow().clone()
    }

    /// Opens the device anew, after it was lost; with the same choice of shaders, so that the bits stay the same.
    pub async fn open_again(&self, options: &DeviceOptions) -> Result<Device> {
        let mut tries = 1;
        let chosen = loop {
            match options.choose().await {
                Err(_) if tries < MAX_TRIES => tries += 1,
                chosen => break chosen?,
            }
            // A driver that is reset needs a moment.
            std::thread::sleep(Duration::from_secs(1));
        };
        if let (Device::Gpu(old), Device::Gpu(new)) = (self.device(), chosen.device())
            && self.tuning.is_some()
        {
            new.tune(old.choices());
        }
        self.device.replace(chosen.device());
        Ok(chosen.device())
    }

    /// Saves to disk what was timed on this device, if anything.
    pub fn keep_choices(&self) {
        if let (Some(tuning), Device::Gpu(device)) = (&self.tuning, &*self.device.borrow()) {
            tuning.keep(device);
        }
    }

    pub fn kind(&self) -> &'static str {
        match *self.device.borrow() {
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
    /// The device to train or test on. From this call on the options limit the program's threads, even before the
    /// result is awaited.
    pub fn choose(&self) -> impl Future<Output = Result<Chosen>> {
        if let Some(threads) = self.threads {
            inkgrad::threads::limit(threads.into());
        }
        self.chosen()
    }

    async fn chosen(&self) -> Result<Chosen> {
        let tunes = !self.no_tune;
        if self.no_tune && self.device == DeviceChoice::Cpu {
            let what = "--no-tune is for GPUs and contradicts --device cpu: leave one of them out";
            return Err(Error::Usage(what.into()));
        }
        let wants_gpu = self.adapter.is_some() || self.device == DeviceChoice::Gpu;
        if self.threads.is_some() && wants_gpu {
            let what = "--threads is for the CPU, but a GPU was asked for: leave one of them out";
            return Err(Error::Usage(what.into()));
        }
        match (&self.adapter, self.device) {
            (Some(_), DeviceChoice::Cpu) => Err(Error::Usage(
                "--adapter names a GPU and contradicts --device cpu: leave one of them out".into(),
            )),
            (Some(text), _) => open(&Choice::Named(text.clone()), tunes, "by --adapter").await,
            (None, DeviceChoice::Cpu) => Ok(self.cpu("by --device cpu")),
            (None, DeviceChoice::Gpu) => open(&Choice::Any, tunes, "by --device gpu").await,
            (None, DeviceChoice::Auto) => match open(&Choice::RealGpu, tunes, "the best GPU here").await {
                Err(Error::NoAdapter { passed_over, .. }) if !passed_over.is_empty() => {
                    Ok(self.cpu(format!("no real GPU here; passed over: {}", passed_over.join("; "))))
                }
                Err(Error::NoAdapter { .. }) => Ok(self.cpu("no GPU was found")),
                // A GPU that cannot be opened is mentioned; it does not end the command.
                Err(_) => Ok(self.cpu("the GPU does not open: `--device gpu` says why")),
                chosen => chosen,
            },
        }
    }

    /// The device to check: a GPU of any kind, unless the CPU was asked for or is the only device.
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

    /// Every adapter, the best first, with the options that choose it.
    pub async fn adapters(&self) -> Vec<(About, DeviceOptions)> {
        let adapters = Adapter::all().await.into_iter().enumerate();
        let options = |number: usize| DeviceOptions {
            device: DeviceChoice::Gpu,
            adapter: Some(number.to_string()),
            threads: None,
            no_tune: self.no_tune,
        };
        adapters.map(|(number, adapter)| (adapter.about().clone(), options(number))).collect()
    }

    /// The options that choose the CPU, with as many threads.
    pub fn for_cpu(&self) -> DeviceOptions {
        DeviceOptions { device: DeviceChoice::Cpu, adapter: None, threads: self.threads, no_tune: false }
    }

    /// An error if the options choose a feed, which is for GPUs, and the CPU.
    pub fn agree_with(&self, feed: FeedChoice) -> Result<()> {
        if feed != FeedChoice::Auto && self.device == DeviceChoice::Cpu {
            let what = "--feed is for GPUs and contradicts --device cpu: leave one of them out";
            return Err(Error::Usage(what.into()));
        }
        Ok(())
    }

    /// The given options other than `--device`, for the printed command that continues a run.
    pub fn rest(&self) -> String {
        let adapter = self.adapter.as_ref().map(|text| format!(" --adapter {}", quoted(text.as_ref())));
        let threads = self.threads.map(|threads| format!(" --threads {threads}"));
        let no_tune = self.no_tune.then(|| " --no-tune".to_owned());
        [adapter, threads, no_tune].into_iter().flatten().collect()
    }

    fn cpu(&self, why: impl Into<String>) -> Chosen {
        let device = match self.threads {
            Some(threads) => cpu::Device::with_threads(threads.into()),
            None => cpu::Device::new(),
        };
        Chosen { name: device.name(), device: Device::Cpu(device).into(), why: why.into(), tuning: None }
    }
}

/// Opens the best adapter of a kind.
async fn open(choice: &Choice, tunes: bool, why: &str) -> Result<Chosen> {
    let adapter = Adapter::choose(choice).await?;
    let device = gpu::Device::open(&adapter).await?;
    let name = adapter.about().to_string();
    // A program in the place of a GPU, which takes minutes to compile some of the shaders that would be timed.
    let is_swiftshader = name.contains("SwiftShader");
    if is_swiftshader {
        device.avoid_barriers();
    }
    let tuning = (tunes && !is_swiftshader).then(|| Tuning::begin(&device, &name));
    Ok(Chosen { name, device: Device::Gpu(device).into(), why: why.into(), tuning })
}
