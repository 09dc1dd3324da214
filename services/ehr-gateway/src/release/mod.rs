//! From a permit to an answer: fetch ([`upstream`]), check every resource against the permit ([`inspect`]), and say it
//! in FHIR ([`answer`]).

pub mod answer;
pub mod inspect;
pub mod upstream;
