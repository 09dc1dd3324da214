//! The auth-service in this process or as its own, with a real database.
//!
//! `TEST_DATABASE_URL` names a server where each test makes a database for itself. The two that need Python, Node or a
//! browser (`oauth_clients`, `real_browser`) are ignored unless asked for.

mod support;

mod accounts_command;
mod assertion_attacks;
mod authorize;
mod backoff;
mod bindings;
mod blocks;
mod clients;
mod codes;
mod command_line;
mod directory_access;
mod enrolment;
mod events;
mod exchange;
mod grantees;
mod introspection;
mod keys;
mod languages;
mod logout;
mod oauth_clients;
mod openidconnect;
mod organization_enrolments;
mod organizations;
mod own_bindings;
mod passkeys;
mod practitioner_grantees;
mod proxies;
mod proxy_ends;
mod proxy_tokens;
mod real_browser;
mod rebinding;
mod refresh;
mod revocations;
mod sessions;
mod sign_in;
mod startup;
mod starvation;
mod stops;
mod tenants;
mod token;
mod token_attacks;
mod translations;
mod verification;
