//! The engine in a browser's worker: `inkgrad::app` with the browser's devices, between web/page/worker.js and the core.

mod browser;
mod mnist;

use browser::Browser;
use inkgrad::app;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(message: &str);
}

/// Says in the browser's console where a panic was: a module that panics only stops.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| console_error(&panic.to_string())));
}

/// One call at a time: who calls waits for the promise before the next call.
#[wasm_bindgen]
pub struct Engine(app::Engine<Browser>);

#[wasm_bindgen]
impl Engine {
    /// With what `choices` gave on an earlier visit; any other text means none.
    #[wasm_bindgen(constructor)]
    pub fn new(choices: &str) -> Engine {
        Engine(app::Engine::new(Browser::new(serde_json::from_str(choices).unwrap_or_default())))
    }

    /// The shaders chosen so far, as JSON. They were timed, and may come out otherwise another time; then the bits do too.
    pub fn choices(&mut self) -> String {
        serde_json::to_string(&self.0.host().choices()).unwrap_or_default()
    }

    /// The bytes of MNIST's file, for the next request that asks for them.
    #[wasm_bindgen(js_name = giveMnist)]
    pub fn give_mnist(&mut self, file: Vec<u8>) {
        self.0.host().give_mnist(file);
    }

    /// Answers a request: the answer's JSON, then its attachments.
    pub async fn answer(&mut self, json: String, attachments: Vec<Uint8Array>) -> Array {
        let attachments = attachments.iter().map(Uint8Array::to_vec).collect();
        parts(self.0.answer(app::Message { json, attachments }).await)
    }

    /// Whether there is work for `advance`.
    #[wasm_bindgen(js_name = isBusy)]
    pub fn is_busy(&self) -> bool {
        self.0.is_busy()
    }

    /// Works for about a tenth of a second; gives the events that came of it, each as `answer` does.
    pub async fn advance(&mut self) -> Array {
        self.0.advance().await.into_iter().map(parts).collect()
    }
}

fn parts(message: app::Message) -> Array {
    let parts = Array::of1(&message.json.into());
    for attachment in &message.attachments {
        parts.push(&Uint8Array::from(&attachment[..]).buffer());
    }
    parts
}
