//! The engine behind the page for training and drawing: requests in, replies and events out, on any device. It has no
//! threads, prints nothing, opens no files and reads no clock but its [`Host`]'s, so that it runs in a browser's worker as it
//! does behind `inkgrad app`. Both are thin transports around it.
//!
//! Whoever hosts it hands each request to [`Engine::answer`] and, while [`Engine::is_busy`], calls [`Engine::advance`] again and
//! again; a call takes about a tenth of a second, and between two calls requests are answered.

mod assessment;
mod describe;
mod engine;
mod explain;
mod host;
mod images;
pub mod messages;
mod models;
mod pace;
mod run;
mod verification;

pub use engine::Engine;
pub use host::Host;
pub use messages::Message;
