//! # consent-core
//!
//! The rules of Consentry, without any input or output: identifiers, the policy document and its hash, the states of
//! consents, of their subjects and of verified grantees, and the pure decision `decide(request, facts, now) -> Permit | Denial`.
//!
//! Time and randomness are parameters. Nothing here blocks, logs or knows a service. The one thing to remember:
//! **doubt is a denial**. A [`decide::Permit`] can only be made by [`decide::decide`], and only a permit can tell
//! which resource of an answer may be released.

pub mod consent;
pub mod decide;
pub mod grantee;
pub mod id;
pub mod json;
pub mod policy;
pub mod resource;
pub mod sensitivity;
pub mod stop;
pub mod subject;

pub use consent::{Consent, ConsentEvent, EffectiveStatus, EventKind, StoredStatus, UNTIL_REVOKED};
pub use grantee::{Grantee, GranteeEvent, GranteeStatus};
pub use id::{Address, ConsentId, Hash32, ScopeId, consent_id, keccak256};
pub use policy::{Policy, PolicyError};
pub use stop::Stop;
pub use subject::{Delegate, Subject, SubjectEvent};
