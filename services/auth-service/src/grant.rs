//! What apps get from people: authorization requests, codes, refresh families, and what a person allowed which app.
//!
//! [`params`] → [`request`] (what is asked for, or who may be told why not) → [`step`] (sign in, ask, answer, refuse) →
//! [`scopes`] (what is granted) → [`refresh`] (how long). All of that is pure; [`pushed`], [`codes`], [`families`] and
//! [`consents`] keep it.

pub mod params;
pub mod redirect;
pub mod refresh;
pub mod request;
pub mod scopes;
pub mod step;

pub mod authorizations;
pub mod codes;
pub mod consents;
pub mod pending;
pub mod secret;
pub mod words;
