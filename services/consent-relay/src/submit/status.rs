//! What the submitter last saw, for readiness, metrics and whoever takes intents in.

use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

use super::node::View;

/// Shared by the submitter and the routes.
pub struct Status {
    min_balance: u128,
    seen: Mutex<Seen>,
}

/// What the account had when the chain was last asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// In wei.
    pub wei: u128,
    /// When the chain said so.
    pub seen_at: OffsetDateTime,
}

#[derive(Debug, Clone)]
struct Seen {
    balance: Option<Balance>,
    trouble: Option<String>,
    low: bool,
}

impl Status {
    /// Nothing seen yet.
    pub fn new(min_balance: u128) -> Self {
        Self {
            min_balance,
            seen: Mutex::new(Seen {
                balance: None,
                trouble: Some("not seen yet".to_owned()),
                low: false,
            }),
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chain answered.
    pub fn saw(&self, view: &View, now: OffsetDateTime) {
        let mut seen = self.seen();
        seen.balance = Some(Balance {
            wei: view.balance,
            seen_at: now,
        });
        seen.trouble = None;
        let low = view.balance < self.min_balance;
        if low != seen.low {
            if low {
                tracing::error!(
                    balance = %view.balance, alarm_below = %self.min_balance,
                    "the relay's account runs out of coins; fund it, see docs/runbooks/relay.md"
                );
            } else {
                tracing::info!(balance = %view.balance, "the relay's account has coins again");
            }
        }
        seen.low = low;
        drop(seen);
        // A gauge is a float; it need not be exact.
        metrics::gauge!("relay_balance_wei").set(view.balance as f64);
        metrics::gauge!("relay_balance_low").set(if low { 1.0 } else { 0.0 });
        metrics::gauge!("relay_chain_height").set(view.head as f64);
    }

    /// The chain did not answer, or not as it should.
    pub fn trouble(&self, said: &str) {
        self.seen().trouble = Some(said.to_owned());
        metrics::counter!("relay_chain_trouble_total").increment(1);
    }

    /// So many intents wait or are on their way.
    pub fn waits(&self, count: i64) {
        metrics::gauge!("relay_unfinished_intents").set(count as f64);
        metrics::gauge!("relay_is_submitter").set(1.0);
    }

    /// Another instance sends.
    pub fn standby(&self) {
        metrics::gauge!("relay_is_submitter").set(0.0);
    }

    /// For readiness: what is wrong with the chain.
    pub fn chain(&self) -> Result<(), String> {
        self.seen().trouble.clone().map_or(Ok(()), Err)
    }

    /// What the account had, once the chain was asked.
    pub fn balance(&self) -> Option<Balance> {
        self.seen().balance
    }

    /// Below what the alarm sounds, in wei.
    pub fn min_balance(&self) -> u128 {
        self.min_balance
    }

    /// For readiness: whether the balance is low. The figure is at `/v1/account`.
    pub fn has_enough(&self) -> Result<(), String> {
        match self.seen().low {
            true => Err("low".to_owned()),
            false => Ok(()),
        }
    }

    /// Whether what is left is kept for what protects patients.
    pub fn is_reserved(&self) -> bool {
        self.seen()
            .balance
            .is_some_and(|balance| balance.wei < self.min_balance / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_alarms_threshold_is_kept_for_what_protects() {
        let status = Status::new(100);
        let view = |balance| View {
            head: 1,
            head_hash: Default::default(),
            final_height: 1,
            base_fee: 1,
            tip: 1,
            confirmed: 0,
            confirmed_finally: 0,
            balance,
        };
        assert!(!status.is_reserved() && status.chain().is_err());
        for (balance, low, reserved) in [(100, false, false), (99, true, false), (49, true, true)] {
            status.saw(&view(balance), OffsetDateTime::UNIX_EPOCH);
            assert_eq!(
                (status.has_enough().is_err(), status.is_reserved()),
                (low, reserved)
            );
            assert!(status.chain().is_ok());
        }
    }
}
