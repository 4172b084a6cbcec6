//! The part of HTTP that a browser needs to load a page: the embedded files, and the upgrade to a WebSocket. No part of a
//! request is used as a path on this machine: a file is served only if its exact name is in the list.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use httparse::{EMPTY_HEADER, Request, Status};
use tungstenite::handshake::derive_accept_key;

use super::files;
use super::link::Link;

/// Longest head of a request, in bytes.
const HEAD: usize = 16 << 10;
/// Most header fields of a request.
const MAX_FIELDS: usize = 100;
/// How long a request may take to arrive, and an answer to leave.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a connection turns out to be.
pub enum Wanted {
    /// It has been answered.
    Nothing,
    /// A WebSocket, with what has already arrived on it.
    Socket(Vec<u8>),
}

/// What to answer.
enum Answer {
    File(&'static files::File),
    /// The token is right.
    Known,
    /// With the key of the handshake.
    Socket(String),
    Refused(&'static str),
}

const BAD: Answer = Answer::Refused("400 Bad Request");
const FORBIDDEN: Answer = Answer::Refused("403 Forbidden");

/// Reads a request and answers it. The connection is of no further use, unless it becomes a WebSocket.
pub fn answer(stream: &mut TcpStream, link: &Link) -> io::Result<Wanted> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut head = Vec::new();
    let (answer, is_head, rest) = match read(stream, &mut head)? {
        Some(length) => {
            let (answer, is_head) = decide(&head[..length], link);
            (answer, is_head, head.split_off(length))
        }
        None => (Answer::Refused("431 Request Header Fields Too Large"), false, Vec::new()),
    };
    match answer {
        Answer::Socket(key) => {
            let accept = derive_accept_key(key.as_bytes());
            write!(
                stream,
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            )?;
            return Ok(Wanted::Socket(rest));
        }
        Answer::File(file) => {
            let body = file.content();
            head_of(stream, "200 OK", file.kind, body.len())?;
            if !is_head {
                stream.write_all(&body)?;
            }
        }
        Answer::Known => head_of(stream, "204 No Content", "text/plain", 0)?,
        Answer::Refused(status) => {
            let text = status.get(4..).unwrap_or_default();
            head_of(stream, status, "text/plain", text.len())?;
            stream.write_all(text.as_bytes())?;
        }
    }
    // What was sent beyond the head would make the system reset the connection before the answer has been read.
    stream.shutdown(std::net::Shutdown::Write)?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    io::copy(&mut stream.take(1 << 20), &mut io::sink())?;
    Ok(Wanted::Nothing)
}

/// Reads up to the end of a request's head; returns its length, none if it is too long.
fn read(stream: &mut TcpStream, head: &mut Vec<u8>) -> io::Result<Option<usize>> {
    let end = Instant::now() + TIMEOUT;
    let mut some = [0; 2048];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut some)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let before = head.len().saturating_sub(3);
        head.extend_from_slice(&some[..count]);
        if let Some(at) = head[before..].windows(4).position(|window| window == b"\r\n\r\n") {
            let length = before + at + 4;
            return Ok((length <= HEAD).then_some(length));
        }
        if head.len() > HEAD {
            return Ok(None);
        }
    }
}

/// What a request's head asks for, and whether without the body.
fn decide(head: &[u8], link: &Link) -> (Answer, bool) {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut request = Request::new(&mut fields);
    let (Ok(Status::Complete(_)), Some(method), Some(target)) =
        (request.parse(head), request.method, request.path)
    else {
        return (BAD, false);
    };
    // The value of a field that occurs once.
    let field = |name: &str| -> Result<Option<&[u8]>, ()> {
        let mut values = request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (one, None) => Ok(one.map(|field| field.value)),
            _ => Err(()),
        }
    };
    let is_head = method == "HEAD";
    let answer = || -> Result<Answer, ()> {
        if !field("host")?.is_some_and(|host| link.is_host(host)) {
            return Ok(FORBIDDEN);
        }
        let origin = field("origin")?;
        if origin.is_some_and(|origin| !link.is_origin(origin)) {
            return Ok(FORBIDDEN);
        }
        if !matches!(method, "GET" | "HEAD") {
            return Ok(Answer::Refused("405 Method Not Allowed"));
        }
        if field("content-length")?.is_some_and(|length| length != b"0")
            || field("transfer-encoding")?.is_some()
        {
            return Ok(Answer::Refused("413 Content Too Large"));
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match path {
            "/token" if link.is_token(query) => Ok(Answer::Known),
            "/token" => Ok(FORBIDDEN),
            // A page's script always sends an origin; a request without one comes from another program.
            "/socket" if origin.is_none() || !link.is_token(query) => Ok(FORBIDDEN),
            "/socket" => {
                let says = |name: &str, wanted: &str| -> Result<bool, ()> {
                    let text = std::str::from_utf8(field(name)?.unwrap_or_default()).map_err(|_| ())?;
                    Ok(text.split(',').any(|part| part.trim().eq_ignore_ascii_case(wanted)))
                };
                let is_upgrade = method == "GET"
                    && says("connection", "upgrade")?
                    && says("upgrade", "websocket")?
                    && says("sec-websocket-version", "13")?;
                let key = field("sec-websocket-key")?.and_then(|key| std::str::from_utf8(key).ok());
                match key {
                    Some(key) if is_upgrade => Ok(Answer::Socket(key.to_owned())),
                    _ => Ok(Answer::Refused("426 Upgrade Required")),
                }
            }
            _ => Ok(files::find(path).map_or(Answer::Refused("404 Not Found"), Answer::File)),
        }
    };
    (answer().unwrap_or(BAD), is_head)
}

/// What the page may do: load its own files and speak with this server, nothing else; and no other page may show it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
                      connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

fn head_of(stream: &mut TcpStream, status: &str, kind: &str, length: usize) -> io::Result<()> {
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\nContent-Security-Policy: {POLICY}\r\nX-Content-Type-Options: nosniff\r\n\
         Referrer-Policy: no-referrer\r\nCross-Origin-Opener-Policy: same-origin\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\n\r\n"
    );
    stream.write_all(text.as_bytes())
}
