//! What the core has of the world around it, in a browser.

use inkgrad::app::Host;
use inkgrad::app::messages::{DeviceAbout, EngineKind};
use inkgrad::data::DataSet;
use inkgrad::executor::Device;
use inkgrad::gpu::{self, Adapter, Choice, Choices, Kind};
use inkgrad::{Error, Result, cpu};
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// A driver that was reset takes some seconds until the browser offers it again: so often it is asked, once a pause.
const TRIES: usize = 20;
const PAUSE_MS: i32 = 500;

const NO_GPU: &str = "This browser offers no WebGPU here, so the processor trains, on one core";

pub struct Browser {
    /// The GPU once it is open: runs after one another use the same.
    gpu: Option<gpu::Device>,
    /// The shaders that were chosen on earlier visits.
    choices: Choices,
    mnist: Option<Vec<u8>>,
}

impl Browser {
    pub fn new(choices: Choices) -> Self {
        Browser { gpu: None, choices, mnist: None }
    }

    /// The shaders chosen on the GPU, to be given to `new` on the next visit: other shaders round differently.
    pub fn choices(&self) -> Choices {
        self.gpu.as_ref().map_or_else(|| self.choices.clone(), gpu::Device::choices)
    }

    pub fn give_mnist(&mut self, file: Vec<u8>) {
        self.mnist = Some(file);
    }

    async fn open_gpu(&mut self) -> Result<Device> {
        self.choices = self.choices();
        let device = gpu::Device::open(&Adapter::choose(&Choice::Any).await?).await?;
        // On a program in the place of a GPU, timing takes longer than it gains: the first loss would be late.
        match device.about().kind {
            Kind::Software => device.avoid_barriers(),
            _ => device.tune(self.choices.clone()),
        }
        self.gpu = Some(device.clone());
        Ok(Device::Gpu(device))
    }
}

fn processor() -> DeviceAbout {
    let name = cpu::Device::with_threads(1).name();
    DeviceAbout { id: "cpu".into(), name, note: String::new() }
}

impl Host for Browser {
    fn kind(&self) -> EngineKind {
        EngineKind::Browser
    }

    fn seconds(&self) -> f64 {
        now() / 1000.0
    }

    async fn devices(&mut self) -> Vec<DeviceAbout> {
        let mut processor = processor();
        let adapters = Adapter::all().await;
        let Some(adapter) = adapters.first() else {
            processor.note = NO_GPU.into();
            return vec![processor];
        };
        let about = adapter.about();
        let is_software = about.kind == Kind::Software;
        // Most browsers keep its name to themselves.
        let name = if about.name.is_empty() || about.name == "unnamed" { "GPU" } else { &about.name };
        let note = if is_software { "a program in the place of a GPU: slow" } else { "" };
        let gpu = DeviceAbout { id: "gpu".into(), name: format!("{name} (WebGPU)"), note: note.into() };
        if is_software { vec![processor, gpu] } else { vec![gpu, processor] }
    }

    async fn open(&mut self, id: &str) -> Result<Device> {
        match id {
            "cpu" => Ok(Device::Cpu(cpu::Device::with_threads(1))),
            "gpu" => match &self.gpu {
                Some(gpu) if !gpu.has_failed() => Ok(Device::Gpu(gpu.clone())),
                _ => self.open_gpu().await,
            },
            _ => Err(Error::Usage(format!(
                "no device is called `{id}`: choose one of those that `hello` lists"
            ))),
        }
    }

    async fn open_again(&mut self, id: &str, _: &Device) -> Result<Device> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.open(id).await {
                Err(_) if tries < TRIES => pause().await,
                opened => return opened,
            }
        }
    }

    async fn mnist(&mut self) -> Result<DataSet> {
        let file = self.mnist.take().ok_or_else(|| Error::Internal("MNIST's file was not given".into()))?;
        crate::mnist::read(&file)
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

async fn pause() {
    let waits = Promise::new(&mut |resolve, _| {
        let set = Reflect::get(&js_sys::global(), &"setTimeout".into());
        if let Some(set) = set.ok().and_then(|set| set.dyn_into::<Function>().ok()) {
            let _ = set.call2(&JsValue::UNDEFINED, &resolve, &PAUSE_MS.into());
        }
    });
    let _ = JsFuture::from(waits).await;
}
