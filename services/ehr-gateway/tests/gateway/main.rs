//! A gateway between neighbours that fail or lie; the whole system runs in the end-to-end tests.

mod support;

mod bound_token;
mod deny;
mod facts_down;
mod grantees;
mod hostile_upstream;
mod journal;
mod journal_down;
mod leak_vectors;
mod openapi;
mod patient_stop;
mod permit;
mod revocations;
mod shipping;
mod signed_stops;
mod stops_on_the_bus;
mod wallets;
