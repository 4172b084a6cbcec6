//! The messages between a page and its engine. These types are the interface's documentation.
//!
//! A message is a JSON object and a list of byte arrays, its attachments; [`Message::from_frame`] and [`Message::to_frame`] make
//! one of both for a transport that carries bytes only. Four sorts of messages exist:
//!
//! - a request, `{"id": 7, "do": "predict", ...}`: a [`Request`], under a number that the page chooses;
//! - the answer to it, `{"id": 7, "reply": {...}}`: a [`Reply`],
//! - or `{"id": 7, "error": {...}}`: a [`Refusal`];
//! - an event, `{"event": "losses", ...}`: an [`Event`], at any time and under no number.

mod event;
mod frame;
mod reply;
mod request;

pub use event::{Event, Mistake, Of, Score};
pub use frame::Message;
pub use reply::{
    About, Checked, Data, DeviceAbout, EngineKind, Explained, Hello, History, LayerAbout, Loaded, Mark,
    OpAbout, Predicted, Preset, Read, Refusal, Reply, RunAbout, Saved, Seen, Sources, Started, TensorAbout,
    Times, Validated, Verifying,
};
pub use request::{Format, From, Item, Request, Source, Which};
