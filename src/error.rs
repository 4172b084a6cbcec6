//! Everything that can go wrong, as one type. The kind says whose fault it is, and the message ends with what to do
//! about it.

use std::path::PathBuf;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of images, labels or weights, a recipe or a checkpoint, whose content is not what it should be.
    #[error("{}: {what}", path.display())]
    BadFile { path: PathBuf, what: String },

    /// A file exists under none of its usual names.
    #[error("no {what} in {}: tried {}", dir.display(), tried.join(", "))]
    MissingFile { what: &'static str, dir: PathBuf, tried: Vec<String> },

    /// The system refused to read or write a file.
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },

    /// Options that contradict each other, or that ask for something impossible.
    #[error("{0}")]
    Usage(String),

    /// A recipe, or the network it describes, that cannot be built or trained.
    #[error("{0}")]
    Recipe(String),

    /// Images or labels that do not fit each other, the network, or their purpose.
    #[error("{0}")]
    Data(String),

    /// A checkpoint that does not fit its own recipe.
    #[error("{0}")]
    Checkpoint(String),

    /// A path to which nothing can be written.
    #[error("{0}")]
    Output(String),

    /// The system refuses memory on the CPU.
    #[error("no memory for a buffer of {bytes} bytes: try a smaller `--batch`")]
    NoMemory { bytes: usize },

    #[error("the system cannot start a thread ({0}): close other programs and run again")]
    NoThread(String),

    /// A fault in inkgrad itself: no input and no machine should cause it. Callers of the library also get it for
    /// arguments that contradict the documentation.
    #[error("a fault in inkgrad: {0}. Please report it, with the command and its data")]
    Internal(String),

    #[error("no GPU found: looked for {looked_for}; found {found}. {remedy}")]
    NoAdapter {
        looked_for: String,
        found: String,
        remedy: &'static str,
        /// The adapters that exist but do not match.
        passed_over: Vec<String>,
    },

    #[error(
        "{adapter} lacks what this needs: {what}. Use another adapter (`inkgrad devices` lists them) or `--device cpu`"
    )]
    Unsupported { adapter: String, what: String },

    #[error(
        "the GPU was lost ({0}). Run again; if it happens again, update the driver or use `--device cpu`"
    )]
    DeviceLost(String),

    #[error("the GPU is out of memory ({0}). Use a smaller `--batch`, `--feed stream`, or `--device cpu`")]
    OutOfMemory(String),

    /// A shader or a command that the driver, or wgpu's validation, refused.
    #[error(
        "the GPU refused the work ({0}). `inkgrad verify` shows which op is at fault; `--device cpu` needs no GPU"
    )]
    Gpu(String),

    #[error(
        "the loss stopped being finite at step {step}: nothing was saved. Try a smaller `--learning-rate`, or check that the images and their labels are right"
    )]
    Diverged { step: u64 },
}

impl Error {
    pub fn bad_file(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Error::BadFile { path: path.into(), what: what.into() }
    }

    pub fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Error::Io { path: path.into(), source }
    }

    /// True where the machine or the command line is at fault, so that the work could not begin; false where the work
    /// itself failed.
    pub fn is_environment(&self) -> bool {
        use std::io::ErrorKind::{
            InvalidFilename, IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem,
        };
        if let Error::Io { source, .. } = self {
            return matches!(
                source.kind(),
                NotFound
                    | PermissionDenied
                    | IsADirectory
                    | NotADirectory
                    | InvalidFilename
                    | ReadOnlyFilesystem
            );
        }
        matches!(
            self,
            Error::NoAdapter { .. }
                | Error::Unsupported { .. }
                | Error::MissingFile { .. }
                | Error::Usage(_)
                | Error::Recipe(_)
                | Error::Data(_)
                | Error::Checkpoint(_)
                | Error::Output(_)
                | Error::NoMemory { .. }
                | Error::NoThread(_)
        )
    }
}
