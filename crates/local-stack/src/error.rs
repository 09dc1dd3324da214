//! What can go wrong, sorted by what a person can do about it.

use std::fmt;

use crate::ports::Taken;
use crate::setup::prerequisites::Prerequisite;

/// Why the stack could not be set up or started.
#[derive(Debug)]
pub enum Error {
    /// Something has to be installed first.
    Missing(Vec<Prerequisite>),
    /// Somebody else listens where a component or service would.
    PortsTaken(Vec<Taken>),
    /// A stack is already running from the same data folder.
    AlreadyRunning {
        /// Its process, when the lock file says so.
        pid: Option<u32>,
    },
    /// Anything else, with its chain of causes.
    Failed(anyhow::Error),
}

impl Error {
    /// The exit code of a command that ends with this error: 2 when something on the machine has to
    /// change first, 1 otherwise.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Missing(_) | Self::PortsTaken(_) | Self::AlreadyRunning { .. } => 2,
            Self::Failed(_) => 1,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(all) => lines(f, all),
            Self::PortsTaken(all) => lines(f, all),
            Self::AlreadyRunning { pid: Some(pid) } => {
                write!(
                    f,
                    "a stack is already running from this folder (process {pid}); stop it, or use another port offset"
                )
            }
            Self::AlreadyRunning { pid: None } => {
                write!(
                    f,
                    "a stack is already running from this folder; stop it, or use another port offset"
                )
            }
            Self::Failed(error) => write!(f, "{error:#}"),
        }
    }
}

fn lines<T: fmt::Display>(f: &mut fmt::Formatter<'_>, all: &[T]) -> fmt::Result {
    for (index, one) in all.iter().enumerate() {
        if index > 0 {
            writeln!(f)?;
        }
        write!(f, "{one}")?;
    }
    Ok(())
}

impl std::error::Error for Error {}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Error>() {
            Ok(known) => known,
            Err(other) => Self::Failed(other),
        }
    }
}
