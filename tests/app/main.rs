//! The engine behind the page: requests in, replies and events out.

mod data;
mod looking;
mod lost;
mod models;
mod training;

use std::path::Path;
use std::time::Instant;

use inkgrad::app::messages::{DeviceAbout, EngineKind, Message};
use inkgrad::app::{Engine, Host};
use inkgrad::data::DataSet;
use inkgrad::executor::Device;
use inkgrad::{Error, Result, cpu, gpu};
use pollster::block_on;
use serde_json::{Value, json};

/// A machine with a CPU of one thread and a software GPU.
pub struct Machine {
    start: Instant,
    /// The GPU opened last.
    pub gpu: Option<gpu::Device>,
}

impl Host for Machine {
    fn kind(&self) -> EngineKind {
        EngineKind::Native
    }

    fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    async fn devices(&mut self) -> Vec<DeviceAbout> {
        ["cpu", "gpu"].map(|id| DeviceAbout { id: id.into(), name: id.into(), note: String::new() }).into()
    }

    async fn open(&mut self, id: &str) -> Result<Device> {
        match id {
            "cpu" => Ok(Device::Cpu(cpu::Device::with_threads(1))),
            "gpu" => {
                let adapter = gpu::Adapter::choose(&gpu::Choice::Any).await?;
                let device = gpu::Device::open(&adapter).await?;
                self.gpu = Some(device.clone());
                Ok(Device::Gpu(device))
            }
            other => Err(Error::Usage(format!("there is no device `{other}`"))),
        }
    }

    async fn open_again(&mut self, id: &str, _: &Device) -> Result<Device> {
        self.open(id).await
    }

    async fn mnist(&mut self) -> Result<DataSet> {
        DataSet::embedded()
    }
}

/// An engine, and a page that asks it.
pub struct Page {
    pub engine: Engine<Machine>,
    id: u64,
}

/// An event and its attachments.
pub type Told = (Value, Vec<Vec<u8>>);

impl Default for Page {
    fn default() -> Self {
        Page { engine: Engine::new(Machine { start: Instant::now(), gpu: None }), id: 0 }
    }
}

impl Page {
    /// A page whose engine has loaded MNIST.
    pub fn with_mnist() -> Self {
        let mut page = Page::default();
        page.ask(json!({"do": "data", "source": "mnist"}), vec![]);
        page
    }

    /// The whole answer.
    pub fn answer(&mut self, mut request: Value, attachments: Vec<Vec<u8>>) -> Told {
        self.id += 1;
        request["id"] = self.id.into();
        let answer = block_on(self.engine.answer(Message { json: request.to_string(), attachments }));
        let json: Value = serde_json::from_str(&answer.json).unwrap();
        assert_eq!(json["id"], self.id);
        (json, answer.attachments)
    }

    /// The reply to a request that is to succeed, and its attachments.
    pub fn ask(&mut self, request: Value, attachments: Vec<Vec<u8>>) -> Told {
        let (answer, attachments) = self.answer(request, attachments);
        assert!(answer["error"].is_null(), "{answer}");
        (answer["reply"].clone(), attachments)
    }

    /// The error of a request that is to be refused.
    pub fn refused(&mut self, request: Value, attachments: Vec<Vec<u8>>) -> Value {
        let (answer, _) = self.answer(request, attachments);
        assert!(answer["error"]["message"].is_string(), "{answer}");
        answer["error"].clone()
    }

    /// What the engine says while it works once.
    pub fn advance(&mut self) -> Vec<Told> {
        let events = block_on(self.engine.advance());
        let parsed =
            events.into_iter().map(|event| (serde_json::from_str(&event.json).unwrap(), event.attachments));
        parsed.collect()
    }

    /// What it says until it has nothing to do.
    pub fn rest(&mut self) -> Vec<Told> {
        let mut told = Vec::new();
        while self.engine.is_busy() {
            told.extend(self.advance());
        }
        told
    }
}

/// The events of one name.
pub fn named<'a>(events: &'a [Told], name: &str) -> Vec<&'a Told> {
    events.iter().filter(|(event, _)| event["event"] == name).collect()
}

/// The losses that events tell, in order; each step once, but for those that a lost device takes back.
pub fn losses(events: &[Told]) -> Vec<f32> {
    let mut losses = Vec::new();
    for (event, _) in events {
        if event["event"] == "recovered" {
            losses.truncate(event["step"].as_u64().unwrap() as usize);
        }
        if event["event"] != "losses" {
            continue;
        }
        assert_eq!(event["first"], losses.len());
        losses.extend(event["losses"].as_array().unwrap().iter().map(|loss| loss.as_f64().unwrap() as f32));
    }
    losses
}

/// A canvas with a file's picture on it.
pub fn canvas(file: &str) -> (usize, usize, Vec<u8>) {
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let picture = inkgrad::picture::Picture::decode(Path::new(file), &bytes).unwrap();
    let channels = picture.channels();
    let rgba = picture.pixels().chunks_exact(channels).flat_map(|pixel| match *pixel {
        [grey] => [grey, grey, grey, 255],
        [red, green, blue] => [red, green, blue, 255],
        _ => unreachable!("1 or 3 channels"),
    });
    (picture.height(), picture.width(), rgba.collect())
}

/// Softmax regression for MNIST, of sixty steps.
pub const SOFTMAX: &str = r#"
batch = 100
steps = 60
learning_rate = 0.5
optimiser = { kind = "sgd" }
layers = [{ kind = "dense" }]
"#;

/// A request to train it.
pub fn train(recipe: &str) -> Value {
    json!({"do": "train", "recipe": recipe, "name": "test", "seed": 5, "device": "cpu"})
}
