//! The command line: only this part of the program prints and blocks.

// Bad input, files and devices are errors: outside tests nothing may panic on them (CI's clippy checks it).
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod cli;

fn main() -> std::process::ExitCode {
    // If this directory is not set, Mesa's device-select layer prints warnings to standard error, even with `--quiet`. The GPU
    // is selected by inkgrad anyway, so the layer is switched off.
    #[cfg(target_os = "linux")]
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() && std::env::var_os("NODEVICE_SELECT").is_none() {
        // SAFETY: no other thread has been started yet.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
    pollster::block_on(cli::run(std::env::args_os()))
}
