//! What the pipeline is doing, for readiness and for queries that need the index.

use std::sync::{Arc, Mutex, PoisonError};

/// The stages of the pipeline's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Nothing done yet.
    Starting,
    /// The bucket is not fit to hold evidence; nothing is consumed.
    Blocked(String),
    /// The index is being built from the archive.
    Reading,
    /// Decisions are taken in.
    Running,
    /// A dependency fails; the pipeline tries again by itself.
    Stalled(String),
    /// Something is wrong that only a person can put right; nothing is consumed.
    Halted(String),
}

/// The current phase. Clones share it.
#[derive(Clone)]
pub struct Status {
    phase: Arc<Mutex<(Phase, bool)>>,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            phase: Arc::new(Mutex::new((Phase::Starting, false))),
        }
    }
}

impl Status {
    /// Enters a phase.
    pub fn enter(&self, phase: Phase) {
        let mut current = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        // Once running, the index has been built and stays built.
        current.1 |= phase == Phase::Running;
        current.0 = phase;
    }

    /// The current phase.
    pub fn phase(&self) -> Phase {
        self.phase
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .clone()
    }

    /// Whether the index holds all that was in the archive at the start.
    pub fn has_read_archive(&self) -> bool {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// For readiness: fine only while decisions are taken in.
    ///
    /// # Errors
    /// The reason why not, in words for an operator.
    pub fn ready(&self) -> Result<(), String> {
        match self.phase() {
            Phase::Running => Ok(()),
            Phase::Starting => Err("starting".to_owned()),
            Phase::Reading => Err("reading the archive".to_owned()),
            Phase::Blocked(reason) | Phase::Stalled(reason) => Err(reason),
            Phase::Halted(reason) => Err(format!("halted: {reason}")),
        }
    }
}
