//! Why a command failed, and its exit code.

use inkgrad::Error;

/// The work failed.
pub const WORK: u8 = 1;
/// Usage or environment.
pub const USAGE: u8 = 2;

pub enum Failure {
    Error(Error),
    /// The reader of the output is gone (`inkgrad … | head -1`): there is nobody to report to.
    Closed,
    /// The command's own output has already said so.
    Reported,
    /// Ctrl-C or a signal, with the exit code for it; what happened to the work has been printed.
    Interrupted(u8),
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

    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Interrupted(code) => *code,
            Failure::Error(error) if error.is_environment() => USAGE,
            _ => WORK,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    /// By the exit code scripts distinguish a wrong request (2) from a failure (1).
    #[test]
    fn exit_codes_say_whose_fault_it_is() {
        let io = |kind: ErrorKind| Error::io("file", kind.into());
        let of_the_user_or_machine = [
            Error::Usage("what".into()),
            Error::Recipe("what".into()),
            Error::Data("what".into()),
            Error::Checkpoint("what".into()),
            Error::Output("what".into()),
            Error::NoMemory { bytes: 1 },
            Error::NoThread("what".into()),
            Error::Unsupported { adapter: "one".into(), what: "what".into() },
            io(ErrorKind::NotFound),
            io(ErrorKind::PermissionDenied),
        ];
        for error in of_the_user_or_machine {
            assert_eq!(Failure::from(error).exit_code(), 2);
        }
        let of_the_work = [
            Error::Internal("a fault".into()),
            Error::bad_file("file", "what"),
            Error::Gpu("what".into()),
            Error::DeviceLost("what".into()),
            Error::OutOfMemory("what".into()),
            Error::Diverged { step: 1 },
            io(ErrorKind::StorageFull),
        ];
        for error in of_the_work {
            assert_eq!(Failure::from(error).exit_code(), 1);
        }
    }
}
