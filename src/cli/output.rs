//! The two ways out: results on standard output, everything else on standard error. Neither panics where nobody
//! reads, as `println!` would.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};

use super::failure::Failure;

/// Writes a result as it stands, and hands it over at once.
pub fn print(text: impl Display) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    write!(out, "{text}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Error(inkgrad::Error::io("standard output", error)),
    })
}

/// Writes a line of a result.
pub fn line(text: impl Display) -> Result<(), Failure> {
    print(format_args!("{text}\n"))
}

/// Writes a line to standard error. Where that is closed nothing can be said, and the work goes on.
pub fn note(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whether a person watches standard error.
pub fn watched() -> bool {
    std::io::stderr().is_terminal()
}
