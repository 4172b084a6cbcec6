//! The thread of the engine: requests of all pages one after another, and its work in between.

use std::sync::mpsc::{Receiver, TryRecvError};

use inkgrad::app::{Engine, Message};
use pollster::block_on;

use super::machine::Machine;
use super::page::Page;

/// What the engine is called for.
pub enum Call {
    Opened(Page),
    /// Of the page with this number: a message's frame.
    Asked(u64, Vec<u8>),
    Closed(u64),
}

/// Answers calls until there is nobody left to call.
pub fn serve(machine: Machine, calls: &Receiver<Call>) {
    let mut engine = Engine::new(machine);
    let mut pages: Vec<Page> = Vec::new();
    loop {
        let call = match engine.is_busy() {
            true => calls.try_recv(),
            false => calls.recv().map_err(|_| TryRecvError::Disconnected),
        };
        match call {
            Ok(Call::Opened(page)) => pages.push(page),
            Ok(Call::Closed(number)) => pages.retain(|page| page.number != number),
            Ok(Call::Asked(number, frame)) => {
                // Even a frame that is not a message gets an answer, without a request's number.
                let request = Message::from_frame(&frame).unwrap_or_default();
                drop(frame);
                let answer = block_on(engine.answer(request));
                pages.retain(|page| page.number != number || send(page, &answer));
                engine.host().keep_choices();
            }
            Err(TryRecvError::Empty) => {
                for event in block_on(engine.advance()) {
                    pages.retain(|page| send(page, &event));
                }
            }
            Err(TryRecvError::Disconnected) => return,
        }
    }
}

/// Whether the page can still be reached.
fn send(page: &Page, message: &Message) -> bool {
    message.to_frame().is_ok_and(|frame| page.send(frame))
}
