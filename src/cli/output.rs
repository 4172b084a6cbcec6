//! Output: results go to standard output, everything else to standard error. Neither panics if the reader is gone, as
//! `println!` would.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};

use super::failure::Failure;

/// Writes a result without a newline, and flushes.
pub fn print(text: impl Display) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    write!(out, "{text}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Error(inkgrad::Error::io("standard output", error)),
    })
}

/// Writes a result and a newline.
pub fn line(text: impl Display) -> Result<(), Failure> {
    print(format_args!("{text}\n"))
}

/// Writes a line to standard error. If it is closed, the text is lost and the work goes on.
pub fn note(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whether standard error is a terminal.
pub fn watched() -> bool {
    std::io::stderr().is_terminal()
}
