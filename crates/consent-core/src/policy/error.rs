//! Why bytes are not a policy document.

use serde::Serialize;

use super::MAX_BYTES;
use crate::json::JsonError;

codes!(
    /// What is wrong with a document, the same in every language (`sdk/vectors/error-codes.json` says what each stands for).
    ///
    /// Of several faults, the first in this order is told: the length; then what is no JSON at all; a duplicate key, a
    /// case-variant key, a number, wherever in the document they are; then the members in the order of version 1 (`v`,
    /// `salt`, `purpose`, `actions`, `resources`, `exclude`, `period`), each object's keys before its members, each array's
    /// type and length before its items, and of the items their types, their order, their normal form and their codes. Each
    /// resource is read on its own before their order.
    #[allow(missing_docs)]
    PolicyCode {
        TooLong = "POLICY_TOO_LONG",
        Json = "POLICY_JSON",
        DuplicateKey = "POLICY_DUPLICATE_KEY",
        CaseVariantKey = "POLICY_CASE_VARIANT_KEY",
        Number = "POLICY_NUMBER",
        Type = "POLICY_TYPE",
        Keys = "POLICY_KEYS",
        Version = "POLICY_VERSION",
        Salt = "POLICY_SALT",
        Empty = "POLICY_EMPTY",
        Unsorted = "POLICY_UNSORTED",
        NormalForm = "POLICY_NORMAL_FORM",
        Code = "POLICY_CODE",
        Period = "POLICY_PERIOD",
    }
);

/// Why bytes are not a policy document. Names members and rules, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Longer than [`MAX_BYTES`].
    #[error("longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A number that some language would round.
    #[error("a number is no integer from -(2^53-1) to 2^53-1")]
    Number,
    /// A member has a wrong type or value.
    #[error("{member}: {reason}")]
    Member {
        /// Which rule it breaks.
        code: PolicyCode,
        /// Path of the member.
        member: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
}

impl PolicyError {
    /// Which rule the document breaks.
    pub fn code(&self) -> PolicyCode {
        match self {
            Self::TooLong => PolicyCode::TooLong,
            Self::Json(JsonError::Syntax) => PolicyCode::Json,
            Self::Json(JsonError::DuplicateKey) => PolicyCode::DuplicateKey,
            Self::Json(JsonError::CaseVariantKey) => PolicyCode::CaseVariantKey,
            Self::Number => PolicyCode::Number,
            Self::Member { code, .. } => *code,
        }
    }
}

pub(super) fn fault(code: PolicyCode, member: &'static str, reason: &'static str) -> PolicyError {
    PolicyError::Member {
        code,
        member,
        reason,
    }
}
