//! `inkgrad app`: the server, and the engine through its WebSocket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use inkgrad::app::messages::Message;
use inkgrad::picture::Picture;
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::WebSocket;
use tungstenite::client::IntoClientRequest;

use super::{inkgrad, program, text};

/// A running server; it ends with the test.
struct App {
    child: Child,
    port: u16,
    token: String,
}

impl App {
    fn start() -> Self {
        let options = ["app", "--no-open", "--port", "0", "--device", "cpu", "--threads", "1"];
        let mut child =
            program().args(options).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut link = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut link).unwrap();
        let (port, token) =
            link.trim().strip_prefix("http://127.0.0.1:").unwrap().split_once("/?token=").unwrap();
        App { child, port: port.parse().unwrap(), token: token.to_owned() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends these bytes; returns the whole answer. `PORT` and `TOKEN` stand for this server's.
    fn raw(&self, request: &str) -> String {
        let mut stream = self.connect();
        let request = request.replace("PORT", &self.port.to_string()).replace("TOKEN", &self.token);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A refused request may end in a reset connection.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn status(&self, request: &str) -> String {
        self.raw(request).split(' ').nth(1).unwrap_or("none").to_owned()
    }

    /// A page's WebSocket.
    fn page(&self) -> Page {
        let link = format!("ws://127.0.0.1:{}/socket?token={}", self.port, self.token);
        let mut request = link.into_client_request().unwrap();
        let origin = format!("http://127.0.0.1:{}", self.port);
        request.headers_mut().insert("Origin", origin.parse().unwrap());
        let (socket, _) = tungstenite::client::client(request, self.connect()).unwrap();
        Page { socket, id: 0, told: Vec::new() }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Page {
    socket: WebSocket<TcpStream>,
    id: u64,
    /// Events that came before an answer.
    told: Vec<Value>,
}

impl Page {
    fn receive(&mut self) -> (Value, Vec<Vec<u8>>) {
        let frame = self.socket.read().unwrap().into_data();
        let message = Message::from_frame(&frame).unwrap();
        (serde_json::from_str(&message.json).unwrap(), message.attachments)
    }

    fn send(&mut self, frame: Vec<u8>) {
        self.socket.send(tungstenite::Message::binary(frame)).unwrap();
    }

    fn ask(&mut self, mut request: Value, attachments: Vec<Vec<u8>>) -> (Value, Vec<Vec<u8>>) {
        self.id += 1;
        request["id"] = self.id.into();
        self.send(Message { json: request.to_string(), attachments }.to_frame().unwrap());
        loop {
            let (answer, attachments) = self.receive();
            if answer["event"].is_string() {
                self.told.push(answer);
                continue;
            }
            assert_eq!(answer["id"], self.id, "{answer}");
            assert!(answer["error"].is_null(), "{answer}");
            return (answer["reply"].clone(), attachments);
        }
    }

    /// Waits for an event.
    fn until(&mut self, name: &str) -> Value {
        if let Some(event) = self.told.iter().find(|event| event["event"] == name) {
            return event.clone();
        }
        loop {
            let (event, _) = self.receive();
            if event["event"] == name {
                return event;
            }
        }
    }
}

const RECIPE: &str = r#"
batch = 100
steps = 150
learning_rate = 0.5
optimiser = { kind = "sgd" }
layers = [{ kind = "dense" }]
"#;

fn train(steps: u64) -> Value {
    let recipe = RECIPE.replace("150", &steps.to_string());
    json!({"do": "train", "recipe": recipe, "name": "own", "seed": 5, "device": "cpu"})
}

#[test]
fn strangers_are_refused() {
    let app = App::start();
    let get = |target: &str, fields: &str| app.status(&format!("GET {target} HTTP/1.1\r\n{fields}\r\n"));
    let own = "Host: 127.0.0.1:PORT\r\n";
    assert_eq!(get("/server.js", own), "200");
    assert_eq!(get("/server.js", "host: localhost:PORT\r\n"), "200");
    // Other names that lead here, none at all, and two.
    for host in
        ["", "Host: evil.example:PORT\r\n", "Host: 127.0.0.1\r\n", "Host: 127.0.0.1:1\r\n", "Host:\r\n"]
    {
        assert_eq!(get("/server.js", host), "403", "{host}");
    }
    assert_eq!(get("/server.js", &format!("{own}Host: evil.example\r\n")), "400");
    let with = |fields: &str| format!("{own}{fields}");
    assert_eq!(get("/server.js", &with("Origin: http://localhost:PORT\r\n")), "200");
    for origin in ["null", "http://evil.example", "https://127.0.0.1:PORT", "http://127.0.0.1:1"] {
        assert_eq!(get("/server.js", &with(&format!("Origin: {origin}\r\n"))), "403", "{origin}");
    }
    for path in [
        "/..",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "//server.js",
        "/./server.js",
        "/server.js/",
        "/c:\\x",
        "/socket/",
    ] {
        assert_eq!(get(path, own), "404", "{path}");
    }
    for target in ["server.js", "http://127.0.0.1:PORT/server.js", "*"] {
        assert_eq!(get(target, own), "404", "{target}");
    }
    assert_eq!(get("/token?token=TOKEN", own), "204");
    assert_eq!(get("/token?token=0", own), "403");
    let upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let origin = "Origin: http://127.0.0.1:PORT\r\n";
    let wrong = "f".repeat(32);
    for query in ["", "?token=", &format!("?token={wrong}"), "?token=TOKEN0"] {
        assert_eq!(get(&format!("/socket{query}"), &with(&format!("{origin}{upgrade}"))), "403", "{query}");
    }
    // With the token, but from another page, or from none.
    for origin in ["", "Origin: http://evil.example\r\n", "Origin: null\r\n"] {
        let fields = with(&format!("{origin}{upgrade}"));
        assert_eq!(get("/socket?token=TOKEN", &fields), "403", "{origin}");
    }
    assert_eq!(get("/socket?token=TOKEN", &with(origin)), "426");
    assert_eq!(get("/socket?token=TOKEN", &with(&format!("{origin}{upgrade}")).replace("13", "12")), "426");
    app.page().ask(json!({"do": "hello"}), vec![]);
}

#[test]
fn the_page_is_served_under_a_strict_policy() {
    let app = App::start();
    let answer = app.raw("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("Content-Type: text/html"), "{head}");
    assert!(head.contains("Content-Security-Policy: default-src 'none'; script-src 'self';"), "{head}");
    assert!(head.contains("frame-ancestors 'none'") && head.contains("nosniff"), "{head}");
    assert!(!head.contains("unsafe") && !head.to_lowercase().contains("access-control"), "{head}");
    assert!(body.contains("<meta name=\"inkgrad-engine\" content=\"native\">"), "{body}");
    // Whoever loads the page without the link does not learn the token.
    assert!(!answer.contains(&app.token));
    let head = app.raw("HEAD / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n");
    assert!(head.contains(&format!("Content-Length: {}", body.len())) && head.ends_with("\r\n\r\n"));
}

#[test]
fn broken_and_huge_requests_end_their_own_connection_only() {
    let app = App::start();
    let own = "Host: 127.0.0.1:PORT\r\n";
    let mut page = app.page();
    assert_eq!(app.status(&format!("POST / HTTP/1.1\r\n{own}Content-Length: 3\r\n\r\nabc")), "405");
    assert_eq!(app.status(&format!("GET / HTTP/1.1\r\n{own}Content-Length: 3\r\n\r\nabc")), "413");
    assert_eq!(app.status(&format!("GET / HTTP/1.1\r\n{own}Transfer-Encoding: chunked\r\n\r\n0\r\n")), "413");
    assert_eq!(app.status("no request\r\n\r\n"), "400");
    assert_eq!(app.status("\0\0\r\n\r\n"), "400");
    assert_eq!(app.status(&format!("GET / HTTP/1.1\r\n{own}A: {}\r\n\r\n", "a".repeat(20_000))), "431");
    assert_eq!(app.status(&format!("GET / HTTP/1.1\r\n{own}{}\r\n", "A: a\r\n".repeat(200))), "400");
    // A head that never ends: the browser gives up, and the server too.
    app.connect().shutdown(Shutdown::Write).unwrap();
    for broken in [
        // Longer than any message, by its own account.
        &[0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4][..],
        // Not masked, as only a server may.
        &[0x82, 0x01, 0x00],
        // Of a reserved kind.
        &[0x83, 0x80, 1, 2, 3, 4],
        // A piece of nothing.
        &[0x80, 0x80, 1, 2, 3, 4],
    ] {
        let mut other = app.page();
        other.socket.get_mut().write_all(broken).unwrap();
        let mut rest = Vec::new();
        let _ = other.socket.get_mut().read_to_end(&mut rest);
        assert!(rest.len() < 200, "{broken:?}: {} bytes", rest.len());
    }
    // Whole frames whose content is no message are answered.
    for frame in [vec![], vec![9, 0, 0, 0, b'{'], vec![1, 0, 0, 0, 0xff], vec![2, 0, 0, 0, b'[', b']']] {
        page.send(frame);
        let (answer, _) = page.receive();
        assert!(answer["id"].is_null() && answer["error"]["kind"] == "request", "{answer}");
    }
    page.socket.send(tungstenite::Message::text("{\"do\": \"hello\"}")).unwrap();
    assert_eq!(page.receive().0["error"]["kind"], "request");
    page.ask(json!({"do": "hello"}), vec![]);
}

#[test]
fn two_tabs_share_the_engine() {
    let app = App::start();
    let (mut first, mut second) = (app.page(), app.page());
    first.ask(json!({"do": "data", "source": "mnist"}), vec![]);
    let (hello, _) = second.ask(json!({"do": "hello"}), vec![]);
    assert_eq!((&hello["data"]["name"], &hello["engine"]), (&json!("MNIST"), &json!("native")));
    first.ask(train(1_000_000), vec![]);
    assert_eq!(second.until("losses")["first"], 0);
    first.until("losses");
    // The tab that began the run goes; the run does not.
    drop(first);
    let (hello, _) = second.ask(json!({"do": "hello"}), vec![]);
    assert_eq!(hello["run"]["steps"], 1_000_000);
    second.ask(json!({"do": "stop"}), vec![]);
    assert_eq!(second.until("done")["stopped"], true);
}

#[test]
fn a_run_gives_the_model_of_the_command_line() {
    let app = App::start();
    let mut page = app.page();
    page.ask(json!({"do": "data", "source": "mnist"}), vec![]);
    page.ask(train(150), vec![]);
    let done = page.until("done");
    let (_, file) = page.ask(json!({"do": "model_out", "format": "safetensors"}), vec![]);
    let dir = TempDir::new().unwrap();
    let (recipe, model) = (dir.path().join("own.toml"), dir.path().join("own.safetensors"));
    std::fs::write(&recipe, RECIPE).unwrap();
    let options = ["--seed", "5", "--device", "cpu", "--threads", "1", "--json", "--save", text(&model)];
    let ran = inkgrad(&[&["train", "--recipe", text(&recipe)], &options[..]].concat()).well();
    assert!(std::fs::read(&model).unwrap() == file[0], "the models differ");
    let result: Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!(result["test_accuracy"], done["accuracy"]);
}

/// `[height, width, 4]` of a picture.
fn rgba(picture: &Picture) -> Vec<u8> {
    let pixels = picture.pixels().chunks_exact(picture.channels());
    pixels.flat_map(|pixel| [pixel[0], pixel[pixel.len() / 2], pixel[pixel.len() - 1], 255]).collect()
}

#[test]
fn pictures_are_classified_as_by_the_command_line() {
    let app = App::start();
    let mut page = app.page();
    let number = Picture::open("docs/number.jpg".as_ref()).unwrap();
    let (height, width) = (number.height(), number.width());
    let (read, _) = page.ask(json!({"do": "read", "width": width, "height": height}), vec![rgba(&number)]);
    let ran = inkgrad(&["read", "--json", "docs/number.jpg"]).well();
    let wanted: Value = serde_json::from_str(&ran.out).unwrap();
    let marks = |lines: &Value| -> Vec<Value> {
        lines.as_array().unwrap().iter().flat_map(|line| line.as_array().unwrap().clone()).collect()
    };
    let (marks, wanted) = (marks(&read["lines"]), marks(&wanted["lines"]));
    assert!(marks.len() > 3 && marks.len() == wanted.len());
    let dir = TempDir::new().unwrap();
    for (mark, wanted) in marks.iter().zip(&wanted) {
        assert_eq!((&mark["class"], &mark["probability"]), (&wanted["class"], &wanted["probability"]));
        let [left, top, wide, high] =
            ["left", "top", "width", "height"].map(|side| mark[side].as_f64().unwrap() as usize);
        assert_eq!(wanted["box"][0], mark["left"]);
        // The digit's piece of the picture, with some paper around it.
        let (from, to) = (top.saturating_sub(9), (top + high + 9).min(height));
        let (start, end) = (left.saturating_sub(9), (left + wide + 9).min(width));
        let channels = number.channels();
        let rows = (from..to).flat_map(|row| {
            &number.pixels()[(row * width + start) * channels..(row * width + end) * channels]
        });
        let piece = Picture::new(to - from, end - start, channels, rows.copied().collect()).unwrap();
        let file = dir.path().join("piece.png");
        let planes = piece.planes(channels).concat();
        let png = inkgrad::picture::png(&planes, piece.height(), piece.width(), channels).unwrap();
        std::fs::write(&file, png).unwrap();
        let ran = inkgrad(&["predict", "--json", "--top", "10", text(&file)]).well();
        let wanted: Value = serde_json::from_str(&ran.out).unwrap();
        let request = json!({"do": "predict", "width": piece.width(), "height": piece.height()});
        let (predicted, _) = page.ask(request, vec![rgba(&piece)]);
        for candidate in wanted["top"].as_array().unwrap() {
            let class: usize = candidate["class"].as_str().unwrap().parse().unwrap();
            assert_eq!(predicted["probabilities"][class], candidate["probability"], "{wanted} {predicted}");
        }
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_a_word() {
    let mut app = App::start();
    app.page().ask(json!({"do": "hello"}), vec![]);
    Command::new("kill").args(["-INT", &app.child.id().to_string()]).status().unwrap();
    assert_eq!(app.child.wait().unwrap().code(), Some(130));
    let mut said = String::new();
    app.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("ended: what was not saved"), "{said}");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let app = App::start();
    let ran = inkgrad(&["app", "--no-open", "--device", "cpu", "--port", &app.port.to_string()]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("choose another with --port"), "{}", ran.err);
}
