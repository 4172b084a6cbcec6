//! A page's WebSocket: its requests to the engine, answers and events back.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::Builder;

use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use super::engine::Call;
use super::page::Page;

/// Messages that may be queued for a page. A page further behind is disconnected; it then connects and asks again.
const MAX_QUEUED: usize = 4096;

/// Longest message that is taken: a data set, and a little for the words around it.
const MAX_MESSAGE_BYTES: usize = (512 << 20) + (1 << 20);
/// Reads what the page asks until it goes.
pub fn serve(stream: TcpStream, arrived: Vec<u8>, calls: SyncSender<Call>) -> io::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let (queue, queued) = sync_channel(MAX_QUEUED);
    let page = Page { number: NUMBER.fetch_add(1, Ordering::Relaxed), queue: queue.clone() };
    let number = page.number;
    let (out, reader) = (stream.try_clone()?, stream.try_clone()?);
    Builder::new().name("page".into()).spawn(move || write(out, &queued))?;
    reader.set_read_timeout(None)?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let both = Both { reader, queue };
    let mut socket = WebSocket::from_partially_read(both, arrived, Role::Server, Some(config));
    if calls.send(Call::Opened(page)).is_ok() {
        // Any error ends the connection: a broken or too long frame, a page that has gone.
        while let Ok(message) = socket.read() {
            let call = match message {
                Message::Binary(bytes) => Call::Asked(number, bytes.into()),
                // The interface has no text messages; answered as a malformed one.
                Message::Text(_) => Call::Asked(number, Vec::new()),
                _ => continue,
            };
            if calls.send(call).is_err() {
                break;
            }
        }
        let _ = calls.send(Call::Closed(number));
    }
    // What tungstenite has to say last, such as why it closes, is still in the queue.
    let _ = socket.flush();
    drop(socket);
    Ok(())
}

/// Sends what is queued until nothing more can be.
fn write(mut stream: TcpStream, queued: &Receiver<Vec<u8>>) {
    while let Ok(bytes) = queued.recv() {
        if stream.write_all(&bytes).is_err() {
            break;
        }
    }
    // The reader is waiting for this page, which will say nothing more.
    let _ = stream.shutdown(Shutdown::Both);
}

/// Reads from the connection; what is written, whole frames at a time, takes its place in the queue.
struct Both {
    reader: TcpStream,
    queue: SyncSender<Vec<u8>>,
}

impl Read for Both {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.reader.read(bytes)
    }
}

impl Write for Both {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.queue.try_send(bytes.to_vec()) {
            Ok(()) => Ok(bytes.len()),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
