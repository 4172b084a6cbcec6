//! This machine as the engine's host.

use std::time::Instant;

use inkgrad::app::Host;
use inkgrad::app::messages::{DeviceAbout, EngineKind};
use inkgrad::data::DataSet;
use inkgrad::executor::Device;
use inkgrad::plan::FlatSizes;
use inkgrad::{Error, Result};

use crate::cli::device::{Chosen, DeviceOptions};
use crate::cli::source;

pub struct Machine {
    start: Instant,
    /// The default first.
    offers: Vec<Offer>,
}

/// A device that can be chosen on the page.
struct Offer {
    about: DeviceAbout,
    options: DeviceOptions,
    /// It stays open between runs, with the shaders compiled for it.
    open: Option<Chosen>,
}

impl Machine {
    /// # Errors
    /// Where the options choose no device.
    pub async fn new(options: DeviceOptions) -> Result<Self> {
        let chosen = options.choose().await?;
        let mut offers = Vec::new();
        for (number, (about, options)) in options.adapters().await.into_iter().enumerate() {
            let id = if number == 0 { "gpu".to_owned() } else { format!("gpu:{number}") };
            let note = format!("{}, {}", about.backend, kind(&about));
            let about = DeviceAbout { id, name: about.to_string(), note };
            offers.push(Offer { about, options, open: None });
        }
        let cpu = options.for_cpu();
        let name = cpu.choose().await?.name;
        let about = DeviceAbout { id: "cpu".into(), name, note: String::new() };
        offers.push(Offer { about, options: cpu, open: None });
        if let Some(at) = offers.iter().position(|offer| offer.about.name == chosen.name) {
            let mut default = offers.remove(at);
            default.open = Some(chosen);
            offers.insert(0, default);
        }
        Ok(Machine { start: Instant::now(), offers })
    }

    /// Saves to disk which shaders were found to be the fastest.
    pub fn keep_choices(&self) {
        self.offers.iter().filter_map(|offer| offer.open.as_ref()).for_each(Chosen::keep_choices);
    }

    fn offer(&mut self, id: &str) -> Result<&mut Offer> {
        let ids: Vec<&str> = self.offers.iter().map(|offer| &offer.about.id[..]).collect();
        let unknown = Error::Usage(format!("there is no device `{id}`: there are {}", ids.join(", ")));
        self.offers.iter_mut().find(|offer| offer.about.id == id).ok_or(unknown)
    }
}

fn kind(about: &inkgrad::gpu::About) -> String {
    format!("{:?}", about.kind).to_lowercase()
}

/// Whether the device can still be used.
fn is_alive(device: &Device) -> bool {
    device.store(FlatSizes { parameters: 1, states: 0, statistics: 0 }, &[0.0]).is_ok()
}

impl Host for Machine {
    fn kind(&self) -> EngineKind {
        EngineKind::Native
    }

    fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    async fn devices(&mut self) -> Vec<DeviceAbout> {
        self.offers.iter().map(|offer| offer.about.clone()).collect()
    }

    async fn open(&mut self, id: &str) -> Result<Device> {
        let offer = self.offer(id)?;
        match &offer.open {
            Some(chosen) if is_alive(&chosen.device()) => Ok(chosen.device()),
            Some(chosen) => chosen.open_again(&offer.options).await,
            None => {
                let chosen = offer.options.choose().await?;
                let device = chosen.device();
                offer.open = Some(chosen);
                Ok(device)
            }
        }
    }

    async fn open_again(&mut self, id: &str, _: &Device) -> Result<Device> {
        let offer = self.offer(id)?;
        match &offer.open {
            Some(chosen) => chosen.open_again(&offer.options).await,
            None => Err(Error::Internal("a device is lost that was not open".into())),
        }
    }

    async fn mnist(&mut self) -> Result<DataSet> {
        source::embedded_set()
    }
}
