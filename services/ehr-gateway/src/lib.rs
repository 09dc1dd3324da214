//! # ehr-gateway
//!
//! Stands between a provider's application and a FHIR server, and makes every read prove the patient's consent before a
//! byte is released. Every decision, allowed or refused, is on disk before anybody hears of it.
//!
//! Follow a request through [`routes`] and [`serve`], where the order is written; [`request`] says what may be asked,
//! [`decision`] decides, [`stops`] hears of stops before the chain has them, [`release`] fetches and inspects, [`record`]
//! says what goes on record, [`journal`] keeps it.

pub mod app;
pub mod config;
pub mod decision;
pub mod evaluation;
pub mod journal;
pub mod record;
pub mod release;
pub mod request;
pub mod routes;
pub mod serve;
pub mod stops;
