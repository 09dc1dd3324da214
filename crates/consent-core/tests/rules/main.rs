//! The rules of consent against hand-written cases, vectors shared between languages, and properties.

mod support;

mod decision;
mod grantees;
mod inspection;
mod policy_hash;
mod states;
mod stops;
mod subjects;
