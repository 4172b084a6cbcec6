//! The host's clock, where there is one: in a browser `Instant::now` panics.

/// Seconds since it was started.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    #[cfg(not(target_arch = "wasm32"))]
    start: std::time::Instant,
}

impl Clock {
    pub fn start() -> Self {
        Clock {
            #[cfg(not(target_arch = "wasm32"))]
            start: std::time::Instant::now(),
        }
    }

    /// Always 0 in a browser.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    #[cfg(target_arch = "wasm32")]
    pub fn seconds(&self) -> f64 {
        0.0
    }
}
