//! How much anybody may ask of us: requests by network and by client, and ever slower failures.
//!
//! Nothing here locks an account: whoever fails waits, a minute at most, and mostly it is they alone who wait.

pub mod address;
pub mod backoff;

use std::time::Duration;

use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use self::address::Network;
use crate::config::Config;

/// Ask again after this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests: wait {} seconds", .0.as_secs())]
pub struct TooMany(pub Duration);

/// The limits of this process. What has to hold for all processes together is in the database, see [`backoff`].
pub struct Limits {
    /// Where a client's address is found.
    pub source: address::Source,
    networks: DefaultKeyedRateLimiter<Network>,
    clients: DefaultKeyedRateLimiter<String>,
}

impl Limits {
    /// As configured.
    pub fn new(config: &Config) -> Self {
        Self {
            source: address::Source::new(config.client_address_header.clone()),
            networks: RateLimiter::keyed(Quota::per_minute(config.page_requests_per_minute)),
            clients: RateLimiter::keyed(Quota::per_second(config.client_requests_per_second)),
        }
    }

    /// One more request for a page from this network.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn page(&self, network: Network) -> Result<(), TooMany> {
        check(&self.networks, &network, "network")
    }

    /// One more request of a client that has proven who it is.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn client(&self, id: &str) -> Result<(), TooMany> {
        check(&self.clients, &id.to_owned(), "client")
    }

    /// Forgets whoever has been quiet, so that memory does not grow with everybody who ever asked.
    pub fn forget_idle(&self) {
        self.networks.retain_recent();
        self.networks.shrink_to_fit();
        self.clients.retain_recent();
        self.clients.shrink_to_fit();
    }
}

fn check<K: Clone + std::hash::Hash + Eq>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
    limit: &'static str,
) -> Result<(), TooMany> {
    limiter.check_key(key).map_err(|until| {
        metrics::counter!("requests_limited_total", "limit" => limit).increment(1);
        TooMany(until.wait_time_from(limiter.clock().now()))
    })
}
