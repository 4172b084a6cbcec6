//! The GPU: adapters, the device, kernels made of the ops' shaders, and the executor that replays a plan on them.

mod adapter;
mod choosing;
mod device;
mod dispatch;
mod executor;
mod faults;
mod feed;
mod history;
mod kernels;
mod mapping;
mod places;
mod resident;
mod store;
mod timing;
mod tuning;

pub use adapter::{About, Adapter, Choice, Kind};
pub use device::Device;
pub use executor::Executor;
pub use store::Store;
pub use tuning::Choices;
