//! The chain's events folded into rows, one transaction a step.
//!
//! `fold` is pure; `apply` and `revert` write, each kind of row in its own module: `consents`, `subjects`, `grantees`;
//! `cursor` is the row that every write locks; `emit` turns each change of a consent into a revision, an outbox event
//! and an entry of `/v1/changes`.

pub mod apply;
pub mod consents;
pub mod cursor;
pub mod emit;
pub mod fold;
pub mod grantees;
pub mod revert;
pub mod stored;
pub mod subjects;

use alloy::primitives::B256;
use consent_core::consent::TransitionError;
use consent_core::grantee::GranteeError;
use consent_core::subject::SubjectError;
use consent_core::{Consent, Grantee, Subject};
use thiserror::Error;

/// Where on the chain something last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The transaction.
    pub tx_hash: B256,
    /// Height.
    pub block_no: u64,
    /// Block.
    pub block_hash: B256,
    /// Position among the block's logs.
    pub log_index: u32,
}

/// A consent as the canonical chain backs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projected {
    /// The stored state.
    pub consent: Consent,
    /// The event that led to it.
    pub position: Position,
    /// Its subject's epoch now: if the consent is of an earlier one, it was revoked with all others.
    pub subject_epoch: u32,
}

impl Projected {
    /// Whether it was requested or active when its subject took everything back.
    pub fn is_stale(&self) -> bool {
        self.consent.is_stale(self.subject_epoch)
    }
}

/// A subject as the canonical chain backs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectedSubject {
    /// The stored state. Of the delegates only those that were asked for.
    pub subject: Subject,
    /// The last event about it.
    pub position: Position,
}

/// An organisation or practitioner as the canonical chain backs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectedGrantee {
    /// The stored state.
    pub grantee: Grantee,
    /// The last event about it.
    pub position: Position,
}

/// An event that cannot follow what the projection knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FoldError {
    /// Of a consent.
    #[error(transparent)]
    Consent(#[from] TransitionError),
    /// Of a subject.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// Of an organisation or practitioner.
    #[error(transparent)]
    Grantee(#[from] GranteeError),
}

/// Why a step was not written.
#[derive(Debug, Error)]
pub enum ProjectionError {
    /// The database failed; try again.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// Another writer moved the cursor; read it again.
    #[error("the cursor is not where this step starts")]
    CursorMoved,
    /// An event that cannot follow what the projection knows. Nothing after it may be read.
    #[error("block {block_no}, log {log_index}: {error}")]
    Unfoldable {
        /// Height.
        block_no: u64,
        /// Position among the block's logs.
        log_index: u32,
        /// What does not fit.
        error: FoldError,
    },
    /// A row that this code cannot have written.
    #[error("a row of {0} is corrupt")]
    Corrupt(&'static str),
    /// A write did not touch the rows it must.
    #[error("a write to {0} did not touch exactly the rows it must")]
    Affected(&'static str),
}

impl ProjectionError {
    fn unfoldable(position: Position, error: impl Into<FoldError>) -> Self {
        Self::Unfoldable {
            block_no: position.block_no,
            log_index: position.log_index,
            error: error.into(),
        }
    }

    /// Whether trying again cannot help.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Database(_) | Self::CursorMoved)
    }
}

/// Exactly one row, or something else happened than was meant.
pub(crate) fn one_row(
    table: &'static str,
    result: sqlx::postgres::PgQueryResult,
) -> Result<(), ProjectionError> {
    if result.rows_affected() == 1 {
        Ok(())
    } else {
        Err(ProjectionError::Affected(table))
    }
}
