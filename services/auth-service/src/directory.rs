//! The directory: which subject addresses stand for which patient, which addresses belong to which organisation.
//!
//! Every function demands a permit, and a permit names the one tenant that is visible.
//!
//! A patient binds a key while signed in; a further key needs the signature of one that is bound already. Where all are
//! lost, two administrators can name a new one, after a delay in which the patient can veto (`rebindings`). A patient
//! without a key can still stop everything (`stops`), and is not asked again by whom they block (`blocks`). An
//! organisation's address counts by its own signature (`grantees`) while the chain says that it is verified
//! (`verification`).

pub mod bindings;
pub mod blocks;
pub mod grantees;
pub mod organizations;
pub mod page;
pub mod patients;
pub mod permit;
pub mod proxies;
pub mod rebindings;
pub mod statement;
pub mod stops;
pub mod subjects;
pub mod text;
pub mod verification;

pub use permit::{
    BindPermit, GranteePermit, PatientPermit, PractitionerPermit, PublicPermit, ReadPermit,
    WritePermit,
};
