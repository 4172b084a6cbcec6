//! A page's connection, as the engine has it.

use std::sync::mpsc::SyncSender;

use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

/// One page's connection, for the engine.
#[derive(Clone)]
pub struct Page {
    pub number: u64,
    pub queue: SyncSender<Vec<u8>>,
}

impl Page {
    /// Queues a message without waiting; returns whether the page can still be reached.
    pub fn send(&self, message: Vec<u8>) -> bool {
        let frame = Frame::message(message, OpCode::Data(Data::Binary), true);
        let mut bytes = Vec::with_capacity(frame.len());
        frame.format(&mut bytes).is_ok() && self.queue.try_send(bytes).is_ok()
    }
}
