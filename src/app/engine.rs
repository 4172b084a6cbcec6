//! The engine: what it holds, and what it does with each request.

use serde::Serialize;
use serde_json::Value;

use super::describe::{self, Fault};
use super::host::Host;
use super::messages::{
    Data, Event, From, Hello, History, Loaded, Message, Refusal, Reply, Request, RunAbout, Saved, Source,
    Started, Times, Verifying, Which,
};
use super::run::{Outgoing, Progress, Run, Task};
use super::verification::Verification;
use super::{explain, images, models};
use crate::data::DataSet;
use crate::error::{Error, Result};
use crate::executor::Device;
use crate::model_file::Model;
use crate::network;
use crate::picture::Picture;
use crate::recipe::Recipe;
use crate::train::start_from;

/// The task assumed for a recipe that is checked before any data is loaded: MNIST's, and the number of its
/// training images.
const MNIST: (network::Task, usize) = (network::Task::grey(28, 28, 10), 55_000);

/// A reply with its attachments, or why there is none.
type Answer = Result<(Reply, Vec<Vec<u8>>), Fault>;

/// An engine; see [`crate::app`].
pub struct Engine<H> {
    host: H,
    data: Option<(String, DataSet)>,
    /// The network trained last, or loaded.
    current: Option<Model>,
    run: Option<Run>,
    /// The network in training, as it was when it was last asked for.
    glimpse: Option<Model>,
    built_in: Option<Model>,
    /// Classifies pictures: a GPU takes longer to start than the CPU takes for thousands of pictures.
    cpu: Option<Device>,
    verification: Option<Verification>,
    /// Events that wait to be sent.
    outgoing: Vec<Outgoing>,
}

#[derive(Serialize)]
struct Replied<'a> {
    id: &'a Value,
    reply: Reply,
}

#[derive(Serialize)]
struct Refused<'a> {
    id: &'a Value,
    error: Refusal,
}

fn json(message: &impl Serialize) -> String {
    // Nothing in a message can fail to be written: its maps have text for keys.
    serde_json::to_string(message).unwrap_or_default()
}

fn done() -> Answer {
    Ok((Reply::Done {}, Vec::new()))
}

impl<H: Host> Engine<H> {
    pub fn new(host: H) -> Self {
        Engine {
            host,
            data: None,
            current: None,
            run: None,
            glimpse: None,
            built_in: None,
            cpu: None,
            verification: None,
            outgoing: Vec::new(),
        }
    }

    pub fn host(&mut self) -> &mut H {
        &mut self.host
    }

    /// Answers a request; if anything is wrong with it, the answer says so.
    pub async fn answer(&mut self, request: Message) -> Message {
        let (id, parsed) = parse(&request.json);
        let answer = match parsed {
            Ok(asked) => self.request(asked, request.attachments).await,
            Err(fault) => Err(fault),
        };
        match answer {
            Ok((reply, attachments)) => Message { json: json(&Replied { id: &id, reply }), attachments },
            Err(fault) => {
                let json = json(&Refused { id: &id, error: fault.refusal() });
                Message { json, attachments: Vec::new() }
            }
        }
    }

    /// Whether there is work for [`Engine::advance`].
    pub fn is_busy(&self) -> bool {
        !self.outgoing.is_empty()
            || self.verification.is_some()
            || self.run.as_ref().is_some_and(Run::is_busy)
    }

    /// Does some of the work under way; returns the events that result.
    pub async fn advance(&mut self) -> Vec<Message> {
        if let Some(run) = self.run.as_mut().filter(|run| run.is_busy()) {
            match run.advance(&mut self.host, &mut self.outgoing).await {
                Ok(Progress::GoesOn) => {}
                Ok(Progress::Ended(model)) => {
                    self.current = Some(*model);
                    (self.run, self.glimpse) = (None, None);
                }
                Err(error) => self.fail(&error),
            }
        }
        if let Some(verification) = &mut self.verification {
            let mut events = Vec::new();
            match verification.advance(&self.host, &mut events).await {
                Ok(false) => {}
                Ok(true) => self.verification = None,
                Err(error) => {
                    self.verification = None;
                    let (message, kind) = (error.to_string(), describe::kind(&error));
                    events.push(Event::VerifyFailed { message, kind });
                }
            }
            self.outgoing.extend(events.into_iter().map(|event| (event, Vec::new())));
        }
        let outgoing = std::mem::take(&mut self.outgoing);
        outgoing
            .iter()
            .map(|(event, attachments)| Message { json: json(event), attachments: attachments.clone() })
            .collect()
    }

    fn fail(&mut self, error: &Error) {
        (self.run, self.glimpse) = (None, None);
        let event = Event::Failed { message: error.to_string(), kind: describe::kind(error) };
        self.outgoing.push((event, Vec::new()));
    }

    async fn request(&mut self, request: Request, attachments: Vec<Vec<u8>>) -> Answer {
        match request {
            Request::Hello {} => Ok((Reply::Hello(Box::new(self.hello().await)), Vec::new())),
            Request::Data(source) => {
                self.at_rest()?;
                Ok((Reply::Data(self.load(source, attachments).await?), Vec::new()))
            }
            Request::Check { recipe } => {
                let (task, images) = match &self.data {
                    Some((_, data)) => (network::Task::from(data), data.train.len()),
                    None => MNIST,
                };
                let parsed = Recipe::read(&recipe)?;
                let network = parsed.network(&recipe, task)?;
                Ok((Reply::Checked(describe::recipe(&parsed, &network, images)?), Vec::new()))
            }
            Request::Train { recipe, name, seed, device, from } => {
                self.at_rest()?;
                let started = self.train(&recipe, name, seed, device, from).await?;
                Ok((Reply::Started(started), Vec::new()))
            }
            Request::Pause {} => {
                self.running()?.pause(true);
                done()
            }
            Request::Continue {} => {
                self.running()?.pause(false);
                done()
            }
            Request::Stop {} => {
                self.running()?.stop();
                done()
            }
            Request::Rate { factor } => {
                self.running()?.scale_rate(factor)?;
                done()
            }
            Request::History {} => {
                let (losses, validations) = self.running()?.history();
                let bytes = losses.iter().flat_map(|loss| loss.to_le_bytes()).collect();
                Ok((Reply::History(History { validations: validations.to_vec() }), vec![bytes]))
            }
            Request::Reset {} => {
                (self.run, self.glimpse, self.current) = (None, None, None);
                self.outgoing.clear();
                done()
            }
            Request::Predict { model, width, height } => {
                let picture = picture(width, height, &attachments)?;
                let cpu = self.cpu().await?;
                let model = self.model(model).await?;
                let (predicted, seen) = models::predict(&cpu, model, &picture).await?;
                Ok((Reply::Predicted(predicted), vec![seen]))
            }
            Request::Read { model, width, height } => {
                let picture = picture(width, height, &attachments)?;
                let cpu = self.cpu().await?;
                let model = self.model(model).await?;
                Ok((Reply::Read(models::read(&cpu, model, &picture).await?), Vec::new()))
            }
            Request::ModelIn { name } => {
                self.at_rest()?;
                let [bytes] = &attachments[..] else {
                    return Err(images::missing("the file's bytes").into());
                };
                let model = models::open(&name, bytes)?;
                let cpu = self.cpu().await?;
                let accuracy = match &self.data {
                    Some((_, data)) => models::accuracy(&cpu, &model, data).await?,
                    None => None,
                };
                let loaded =
                    Loaded { about: describe::model(&model), recipe: describe::toml(&model)?, accuracy };
                self.current = Some(model);
                Ok((Reply::Loaded(loaded), Vec::new()))
            }
            Request::ModelOut { format } => {
                let (name, bytes) = models::file(self.model(Which::Current).await?, format)?;
                Ok((Reply::Saved(Saved { name }), vec![bytes]))
            }
            Request::Explain {} => {
                let (device, model) = self.explained().await?;
                Ok((Reply::Explained(explain::explain(&device, &model.network, &model.recipe)), Vec::new()))
            }
            Request::Source { op, variant } => {
                Ok((Reply::Sources(explain::source(&op, variant.as_deref())?), Vec::new()))
            }
            Request::Times {} => {
                let (device, model) = self.explained().await?;
                let Some((_, data)) = &self.data else { return Err(no_images().into()) };
                let (network, recipe) = (&model.network, &model.recipe);
                let ops = explain::times(&self.host, &device, network, recipe, &data.train).await?;
                Ok((Reply::Times(Times { ops }), Vec::new()))
            }
            Request::Verify { device } => {
                let id = match device {
                    Some(id) => id,
                    None => default(&mut self.host).await,
                };
                let verification = Verification::new(self.host.open(&id).await?);
                let cases = verification.left();
                self.verification = Some(verification);
                Ok((Reply::Verifying(Verifying { cases }), Vec::new()))
            }
            Request::Cancel {} => {
                self.verification = None;
                done()
            }
        }
    }

    async fn hello(&mut self) -> Hello {
        let run = self.run.as_ref().map(|run| RunAbout {
            started: run.started.clone(),
            step: run.step(),
            is_paused: run.is_paused(),
        });
        Hello {
            version: env!("CARGO_PKG_VERSION"),
            engine: self.host.kind(),
            devices: self.host.devices().await,
            presets: describe::presets(),
            data: self.data.as_ref().map(|(name, set)| describe::data(name, set)),
            model: self.current.as_ref().map(describe::model),
            run,
        }
    }

    async fn load(&mut self, source: Source, attachments: Vec<Vec<u8>>) -> Result<Data> {
        let (name, set) = images::load(&mut self.host, source, attachments).await?;
        let about = describe::data(&name, &set);
        self.data = Some((name, set));
        Ok(about)
    }

    /// The device of the run, or else the default one, and the network whose plan is explained.
    async fn explained(&mut self) -> Result<(Device, Model)> {
        if let Some(run) = &self.run {
            return Ok((run.device.clone(), run.plain_model().clone()));
        }
        let id = default(&mut self.host).await;
        let device = self.host.open(&id).await?;
        let which = if self.current.is_some() { Which::Current } else { Which::BuiltIn };
        Ok((device, self.model(which).await?.clone()))
    }

    async fn train(
        &mut self,
        text: &str,
        name: Option<String>,
        seed: u64,
        device: Option<String>,
        from: From,
    ) -> Result<Started, Fault> {
        let Some((_, data)) = &self.data else {
            return Err(no_images().into());
        };
        // Images that a network was trained on say nothing about its accuracy on others, which is shown here.
        let recipe = Recipe { all_images: false, ..Recipe::read(text)? };
        let network = recipe.network(text, network::Task::from(data))?;
        let first = match (from, &self.current) {
            (From::Start, _) => None,
            (From::Model, Some(model)) => Some(start_from(model, &network, &data.class_names, seed)?.0),
            (From::Model, None) => return Err(nothing().into()),
        };
        let id = match device {
            Some(id) => id,
            None => default(&mut self.host).await,
        };
        let opened = self.host.open(&id).await?;
        let name = name.unwrap_or_else(|| "recipe".into());
        let task = Task { name, recipe, network, data, seed, device: id, first };
        let run = Run::begin(opened, task, self.host.seconds()).await?;
        let started = run.started.clone();
        (self.run, self.glimpse) = (Some(run), None);
        Ok(started)
    }

    /// The run under way.
    fn running(&mut self) -> Result<&mut Run> {
        self.run.as_mut().ok_or_else(|| Error::Usage("no run is under way: start one first".into()))
    }

    /// Returns an error while a run is under way.
    fn at_rest(&self) -> Result<()> {
        match self.run {
            None => Ok(()),
            Some(_) => Err(Error::Usage("a run is under way: stop it first, or wait for its end".into())),
        }
    }

    async fn cpu(&mut self) -> Result<Device> {
        if self.cpu.is_none() {
            self.cpu = Some(self.host.open("cpu").await?);
        }
        self.cpu.clone().ok_or_else(|| Error::Internal("no CPU".into()))
    }

    async fn model(&mut self, which: Which) -> Result<&Model> {
        if which == Which::BuiltIn {
            if self.built_in.is_none() {
                self.built_in = Some(models::built_in()?);
            }
            return self.built_in.as_ref().ok_or_else(nothing);
        }
        let Some(run) = &self.run else { return self.current.as_ref().ok_or_else(nothing) };
        // The weights are read again only after further steps: a page asks with every stroke that is drawn.
        if self.glimpse.as_ref().is_none_or(|glimpse| glimpse.steps != run.step()) {
            self.glimpse = Some(run.model().await?);
        }
        self.glimpse.as_ref().ok_or_else(nothing)
    }
}

/// The default device's id.
async fn default<H: Host>(host: &mut H) -> String {
    host.devices().await.into_iter().next().map_or_else(|| "cpu".into(), |first| first.id)
}

fn no_images() -> Error {
    Error::Usage("there are no images to train on: load some first".into())
}

fn nothing() -> Error {
    Error::Usage("there is no network yet: train or load one first".into())
}

/// The request's id (null where it has none), and the request.
fn parse(text: &str) -> (Value, Result<Request, Fault>) {
    let malformed = |why: serde_json::Error| {
        Fault::Malformed(format!("not a request of this version: {why}. Load the page again"))
    };
    let mut value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return (Value::Null, Err(malformed(error))),
    };
    let id = value.as_object_mut().and_then(|fields| fields.remove("id")).unwrap_or_default();
    (id, serde_json::from_value(value).map_err(malformed))
}

fn picture(width: usize, height: usize, attachments: &[Vec<u8>]) -> Result<Picture> {
    match attachments {
        [rgba] => Picture::from_rgba(height, width, rgba),
        _ => Err(Error::Usage(format!("{} attachments: the picture's pixels are needed", attachments.len()))),
    }
}
