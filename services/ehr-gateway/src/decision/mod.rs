//! From a token and an intent to a permit: who the patient is ([`directory`]), what consents there are ([`facts`]), and
//! the decision itself ([`authorize`]). [`rule`] names every way it can end.

pub mod authorize;
pub mod directory;
pub mod facts;
pub mod rule;
