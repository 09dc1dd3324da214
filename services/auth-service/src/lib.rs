//! # auth-service
//!
//! Says who is calling: people who sign in on its own pages and the apps that they let in (authorization code with PKCE),
//! organisations' backends and our own services by `private_key_jwt`; and keeps the directory of patients and organisations,
//! each address with its own signed binding. Consent is never in a token; the gateway decides it live.
//!
//! A token request walks `routes` → `token::endpoint` → `client::authenticate` (assertion, replay) →
//! `token::issue` (scopes, audience, organisation) → `token::keys`. A directory request walks `routes` →
//! `routes::access` (token → permit) → `directory`. A sign-in walks `routes` (limits) → `pages::browser` (whose form is
//! it) → `routes::sign_in` → `limit::backoff` → `account` (the proof) → `session::sign_in`.

pub mod account;
pub mod cli;
pub mod client;
pub mod config;
pub mod db;
pub mod directory;
pub mod events;
pub mod grant;
pub mod limit;
pub mod pages;
pub mod projection;
pub mod revocation;
pub mod routes;
pub mod session;
pub mod token;

use std::sync::Arc;

use access_token::Verifier;
use alloy::sol_types::Eip712Domain;
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::token::keys::Keys;
use crate::token::keys::seal::FileKeyProvider;
use crate::token::keys::state::Rules;

/// Where the time comes from; tests set their own.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// Where secrets and ids come from: fills its argument with bytes that nobody can guess.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// The operating system's randomness.
pub fn system_random() -> Random {
    Arc::new(|bytes: &mut [u8]| rand::Rng::fill(&mut rand::rng(), bytes))
}

/// An id that tells nothing, not even when it was made (UUID version 4).
pub fn random_id(random: &Random) -> Uuid {
    let mut bytes = [0; 16];
    random(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// What the handlers share.
pub struct App {
    /// The service's own database.
    pub db: PgPool,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// The custodian whose people and clients these are.
    pub tenant: String,
    /// The issuer's identifier, an origin without trailing slash.
    pub issuer: String,
    /// Signs tokens and publishes the public halves.
    pub keys: Keys,
    /// Checks tokens presented to the directory.
    pub verifier: Verifier,
    /// What the chain says.
    pub projection: projection::Projection,
    /// Whether administrators may take over bindings that were enrolled elsewhere.
    pub directory_import: bool,
    /// Readers of the revocation feed that wait for news.
    pub waiting: revocation::feed::Waiting,
    /// Under which patients sign their bindings.
    pub domain: Eip712Domain,
    /// The audiences that are our own services.
    pub internal_audiences: Vec<String>,
    /// What checks people's proofs.
    pub means: account::Means,
    /// How much anybody may ask.
    pub limits: limit::Limits,
}

impl App {
    /// Puts the parts together.
    pub fn new(config: &config::Config, db: PgPool, clock: Clock, random: Random) -> Self {
        let provider = Arc::new(FileKeyProvider::new(config.key_encryption_key.0.clone()));
        let keys = Keys::new(
            db.clone(),
            &config.tenant,
            provider.clone(),
            random.clone(),
            Rules::signing_for(time::Duration::hours(config.signing_key_hours.into())),
        );
        let issuer = config.issuer.0.clone();
        Self {
            verifier: Verifier::with_live_jwks(
                issuer.clone(),
                config.audience.clone(),
                keys.live(),
            )
            .origin(config.issuer.url()),
            domain: contract_bindings::intent::domain(config.chain_id, config.registry_address),
            means: account::Means::new(config, provider),
            limits: limit::Limits::new(config),
            db,
            clock,
            random,
            tenant: config.tenant.clone(),
            internal_audiences: config.internal_audiences.0.clone(),
            directory_import: config.directory_import,
            projection: projection::Projection::new(config.indexer_url.clone()),
            issuer,
            keys,
            waiting: revocation::feed::Waiting::default(),
        }
    }

    /// Whether an audience is one of our own services, which may know whose address on chain is whose.
    pub fn is_internal(&self, audience: &str) -> bool {
        self.internal_audiences.iter().any(|own| own == audience)
    }

    /// The address of an endpoint.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// Now.
    pub fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    /// The token endpoint's address.
    pub fn token_endpoint(&self) -> String {
        format!("{}/oauth2/token", self.issuer)
    }
}
