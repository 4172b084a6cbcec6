//! Why a command ends otherwise than well, and with which exit code.

use std::process::ExitCode;

use inkgrad::Error;

pub const WORK: u8 = 1;
pub const USAGE: u8 = 2;
/// What shells report of a program that Ctrl-C ended.
pub const INTERRUPTED: u8 = 130;

pub enum Failure {
    Error(Error),
    /// Whoever read the output has gone (`inkgrad … | head -1`): there is no one left to tell.
    Closed,
    /// The command's own output has said it.
    Said,
    /// Ctrl-C; what became of the work has been said.
    Interrupted,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}

impl Failure {
    /// A mistake in what the user asked for.
    pub fn usage(what: impl Into<String>) -> Self {
        Failure::Error(Error::Usage(what.into()))
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Interrupted => INTERRUPTED,
            Failure::Error(error) if error.is_environment() => USAGE,
            _ => WORK,
        })
    }
}
