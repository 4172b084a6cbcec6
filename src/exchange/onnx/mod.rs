//! ONNX: a network as a graph of standard operators, which most runtimes execute.

mod attributes;
mod constants;
mod graph;
mod head;
mod layers;
mod messages;
mod read;
mod reader;
mod write;

pub use constants::Beside;
pub use read::read;
pub use write::{Input, Options, Output, write};
