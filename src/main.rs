//! The command line: the one place that prints and blocks.

// Input, files and devices come back as errors: outside tests nothing may panic on them (CI's clippy holds us to it).
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod cli;

fn main() -> std::process::ExitCode {
    // Without this folder Mesa's layer that puts GPUs in order writes lines of its own on standard error, even with
    // `--quiet`. Which GPU to take is decided here anyway, so that layer is told to stay out.
    #[cfg(target_os = "linux")]
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() && std::env::var_os("NODEVICE_SELECT").is_none() {
        // SAFETY: no other thread has been started yet.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
    pollster::block_on(cli::run(std::env::args_os()))
}
