//! The GPU: adapters, the device, and the executor that replays a plan on it.
//!
//! Making an executor goes one way down: `executor` makes the buffers (`resources`, `feed`, `history`), chooses a launch for each
//! op (`choosing`, which asks `tuning` to measure), and prepares them (`pipelines`, `dispatch`). Below all is `shared`.

mod adapter;
mod choosing;
mod device;
mod dispatch;
mod executor;
mod faults;
mod feed;
mod history;
mod mapping;
mod pipelines;
mod resident;
mod resources;
mod shared;
mod store;
mod tensor_buffers;
mod timing;
mod tuning;
mod upload;
mod waiter;

pub use adapter::{About, Adapter, Choice, Kind};
pub use device::Device;
pub use executor::Executor;
pub use shared::Choices;
pub use store::Store;
