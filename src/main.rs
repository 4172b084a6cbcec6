//! The command line: the one place that prints and blocks.

mod cli;

fn main() -> std::process::ExitCode {
    pollster::block_on(cli::run(std::env::args_os()))
}
