//! What surrounds an engine: a server on this machine, or a browser's worker.

use super::messages::{DeviceAbout, EngineKind};
use crate::data::DataSet;
use crate::error::Result;
use crate::executor::Device;

/// What an engine needs from the program around it.
pub trait Host {
    fn kind(&self) -> EngineKind;

    /// Seconds since some moment, by the host's clock.
    fn seconds(&self) -> f64;

    /// The devices that can train, the default first.
    fn devices(&mut self) -> impl Future<Output = Vec<DeviceAbout>>;

    /// Opens a device by its [`DeviceAbout::id`]. `cpu` is always there: pictures are classified on it.
    fn open(&mut self, id: &str) -> impl Future<Output = Result<Device>>;

    /// Opens a device again after it was lost: with the same choice of shaders, and trying for as long as its driver may
    /// need.
    fn open_again(&mut self, id: &str, lost: &Device) -> impl Future<Output = Result<Device>>;

    /// MNIST.
    fn mnist(&mut self) -> impl Future<Output = Result<DataSet>>;
}
