//! `inkgrad app`: the page for training and drawing, served to this machine's browser, with the engine behind it.
//!
//! Each connection has a thread that reads; a page's WebSocket has another that writes. All requests go to the one engine on
//! its own thread. Several tabs share it: each gets the answers to its own requests, and all see the events. If a second tab
//! took the engine over, the first one's run would end. A run also continues when its tab is closed.

mod browser;
mod engine;
mod files;
mod http;
mod link;
mod machine;
mod page;
mod socket;

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, channel, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use clap::Args;
use inkgrad::{Error, Result};

use super::device::DeviceOptions;
use super::failure::Failure;
use super::{interrupt, output};
use engine::Call;
use link::Link;
use machine::Machine;

#[derive(Args)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes any that is free [default: 4654, or the next that is free]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Print the link, but open no browser
    #[arg(long)]
    no_open: bool,
    #[command(flatten)]
    device: DeviceOptions,
}

/// The keys of a telephone that say INKG.
const PORT: u16 = 4654;
/// Ports after it that are tried.
const MAX_PORTS_TRIED: u16 = 20;
/// Connections at a time; more are refused.
const MAX_CONNECTIONS: usize = 64;
/// Requests that wait for the engine at a time; connections that have more wait themselves.
const MAX_WAITING: usize = 16;

pub async fn run(options: Options) -> Result<(), Failure> {
    let machine = Machine::new(options.device).await?;
    let listener = listen(options.port)?;
    let port = listener.local_addr().map_err(|error| Error::io("the network", error))?.port();
    let link = Arc::new(Link::new(port)?);
    let interrupt = interrupt::watch(true)?;
    // The engine keeps its end for as long as it lives.
    let (alive, watched) = channel::<()>();
    let (calls, called) = sync_channel(MAX_WAITING);
    start("engine", move || {
        let _alive = alive;
        engine::serve(machine, &called);
    })?;
    let page = link.clone();
    start("listener", move || accept(&listener, &page, &calls))?;
    output::line(&*link)?;
    output::note("Ctrl-C ends it");
    if !options.no_open {
        browser::open(&link.to_string());
    }
    loop {
        match watched.recv_timeout(Duration::from_millis(100)) {
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::Internal("the engine has ended".into()).into());
            }
            _ => {
                if let Some(code) = interrupt.asked_for() {
                    output::note("ended: what was not saved from the page is gone");
                    return Err(Failure::Interrupted(code));
                }
            }
        }
    }
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = Builder::new().name(name.to_owned()).spawn(work);
    thread.map(|_| ()).map_err(|error| Error::NoThread(error.to_string()))
}

/// Listens on this machine only.
fn listen(port: Option<u16>) -> Result<TcpListener> {
    let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    match port {
        Some(port) => bind(port).map_err(|error| {
            Error::Usage(format!("port {port} is not available ({error}): choose another with --port"))
        }),
        None => {
            let mut tried = (PORT..PORT + MAX_PORTS_TRIED).filter_map(|port| bind(port).ok());
            tried.next().ok_or_else(|| {
                let last = PORT + MAX_PORTS_TRIED - 1;
                Error::Usage(format!("ports {PORT} to {last} are taken: choose another with --port"))
            })
        }
    }
}

/// Gives each connection a thread.
fn accept(listener: &TcpListener, link: &Arc<Link>, calls: &SyncSender<Call>) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Too many open files, say: a moment later there may be fewer.
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        let (link, calls, counted) = (link.clone(), calls.clone(), open.clone());
        if open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let served = start("connection", move || {
            serve(stream, &link, calls);
            counted.fetch_sub(1, Ordering::Relaxed);
        });
        if served.is_err() {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// One connection: a file, or a page's WebSocket.
fn serve(mut stream: TcpStream, link: &Link, calls: SyncSender<Call>) {
    // A failure is the browser's to notice; there is nobody here to tell.
    if let Ok(http::Wanted::Socket(upgraded)) = http::answer(&mut stream, link) {
        let _ = socket::serve(stream, upgraded, calls);
    }
}
