//! How often. What only protects a patient is never counted.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use alloy::primitives::Address;
use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use service_kit::Shutdown;

/// How often unused buckets are forgotten.
const TIDY: Duration = Duration::from_secs(60);
/// Most clients that are told to wait at the same time; beyond, the newest go free.
const MAX_WAITING: usize = 10_000;

/// Too often; how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooOften(pub Duration);

/// Token buckets.
pub struct Limits {
    subjects: DefaultKeyedRateLimiter<Address>,
    organizations: DefaultKeyedRateLimiter<String>,
    invalid: DefaultKeyedRateLimiter<IpAddr>,
    waiting: Mutex<HashMap<IpAddr, Instant>>,
}

impl Limits {
    /// So many a minute each.
    pub fn new(subject: u32, organization: u32, invalid: u32) -> Self {
        Self {
            subjects: RateLimiter::keyed(quota(subject)),
            organizations: RateLimiter::keyed(quota(organization)),
            invalid: RateLimiter::keyed(quota(invalid)),
            waiting: Mutex::default(),
        }
    }

    /// Counts an intent for an enrolled subject.
    ///
    /// # Errors
    /// [`TooOften`].
    pub fn subject(&self, subject: Address) -> Result<(), TooOften> {
        count(&self.subjects, &subject)
    }

    /// Counts an intent of an organisation, whose name is unique within its tenant.
    ///
    /// # Errors
    /// [`TooOften`].
    pub fn organization(&self, tenant: &str, organization: &str) -> Result<(), TooOften> {
        count(&self.organizations, &format!("{tenant}/{organization}"))
    }

    /// Counts something invalid from a client's address.
    ///
    /// # Errors
    /// [`TooOften`]: let it wait.
    pub fn invalid(&self, client: IpAddr) -> Result<(), TooOften> {
        let client = network(client);
        let outcome = count(&self.invalid, &client);
        if let Err(TooOften(wait)) = outcome {
            let mut waiting = self.waiting();
            if waiting.len() < MAX_WAITING {
                waiting.insert(client, Instant::now() + wait);
            }
        }
        outcome
    }

    /// Whether a client was told to wait and does not. Asked before what costs the chain's node something.
    ///
    /// # Errors
    /// [`TooOften`].
    pub fn waits(&self, client: IpAddr) -> Result<(), TooOften> {
        let left = self
            .waiting()
            .get(&network(client))
            .map(|until| until.saturating_duration_since(Instant::now()));
        match left {
            Some(left) if !left.is_zero() => Err(TooOften(left)),
            _ => Ok(()),
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, Instant>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets buckets that are full again, until the shutdown signal.
    ///
    /// # Errors
    /// Never.
    pub async fn tidy(&self, shutdown: Shutdown) -> anyhow::Result<()> {
        while !shutdown.sleep(TIDY).await {
            self.subjects.retain_recent();
            self.organizations.retain_recent();
            self.invalid.retain_recent();
            let now = Instant::now();
            self.waiting().retain(|_, until| *until > now);
        }
        Ok(())
    }
}

fn quota(per_minute: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN))
}

fn count<K: std::hash::Hash + Eq + Clone>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> Result<(), TooOften> {
    limiter
        .check_key(key)
        .map_err(|until| TooOften(until.wait_time_from(limiter.clock().now())))
}

/// Who has one IPv6 address has its whole /64.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            Ipv6Addr::from_bits(network).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subject_cannot_use_up_what_is_anothers() {
        let limits = Limits::new(2, 1, 1);
        let (one, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
        assert!(limits.subject(one).is_ok() && limits.subject(one).is_ok());
        assert!(limits.subject(one).is_err_and(|wait| !wait.0.is_zero()));
        assert!(limits.subject(other).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_addresses_is_one_client() {
        let limits = Limits::new(1, 1, 1);
        let client = |text: &str| limits.invalid(text.parse().unwrap());
        assert!(client("2001:db8::1").is_ok());
        assert!(client("2001:db8::2").is_err());
        assert!(client("2001:db8:0:1::1").is_ok());
        assert!(client("192.0.2.1").is_ok());
        assert!(client("::ffff:192.0.2.1").is_err());
        assert!(limits.waits("192.0.2.1".parse().unwrap()).is_err());
        assert!(limits.waits("192.0.2.2".parse().unwrap()).is_ok());
    }
}
