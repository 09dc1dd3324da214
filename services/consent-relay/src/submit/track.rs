//! What became of the transactions under way.

use time::OffsetDateTime;

use super::fees::Fees;
use super::{Round, RoundError, Session};
use crate::queue::State;
use crate::queue::work::{self, Sent};

/// Parts of the time after which fees are raised, after which an unmined transaction is only sent again.
const RESENDS: u32 = 4;

impl Session<'_> {
    pub(super) async fn track(&mut self, round: &mut Round) -> Result<(), RoundError> {
        let account = self.at.account.address();
        let all = work::unsettled(&mut self.db, account).await?;
        let mut stuck = 0u32;
        // What is mined changes with the head only.
        let mut is_whole = true;
        let is_new_head = self.tracked != Some(round.view.head_hash);
        for group in all.chunk_by(|one, other| one.nonce == other.nonce) {
            let nonce = group[0].nonce;
            if nonce < round.view.confirmed {
                if is_new_head {
                    is_whole &= self.track_mined(round, group).await?;
                }
            } else {
                round.under_way.insert(nonce);
                stuck += u32::from(self.track_pending(round, group).await?);
            }
        }
        self.tracked = is_whole.then_some(round.view.head_hash);
        metrics::gauge!("relay_in_flight_transactions").set(round.under_way.len() as f64);
        metrics::gauge!("relay_stuck_transactions").set(f64::from(stuck));
        Ok(())
    }

    /// A nonce that the chain has used. False if it cannot be told by what.
    async fn track_mined(&mut self, round: &Round, group: &[Sent]) -> Result<bool, RoundError> {
        let account = self.at.account.address();
        let (nonce, now) = (group[0].nonce, round.now);
        let is_final = nonce < round.view.confirmed_finally;
        let mut found = None;
        for sent in group {
            if let Some(mined) = self.at.node.mined(sent.hash).await? {
                found = Some((sent.digest, mined));
                break;
            }
        }
        // A nonce carries another intent where a stop took a rotation's place.
        let carried = found.and_then(|(digest, _)| digest);
        if found.is_some() || is_final {
            for other in group.iter().filter_map(|sent| sent.digest) {
                if carried != Some(other) {
                    work::displaced(&mut self.db, other, nonce, now).await?;
                }
            }
        }
        match found {
            Some((None, _)) => {
                if is_final {
                    work::settle(&mut self.db, account, nonce).await?;
                }
            }
            Some((Some(digest), mined)) if mined.worked => {
                let is_final = is_final && mined.block_no <= round.view.final_height;
                let state = if is_final {
                    State::Final
                } else {
                    State::Included
                };
                let block_no = Some(mined.block_no);
                if work::advance(&mut self.db, digest, state, block_no, None, now).await? {
                    tracing::info!(%digest, state = state.as_str(), "an intent came further");
                    metrics::counter!("relay_progress_total", "state" => state.as_str())
                        .increment(1);
                }
                if is_final {
                    work::settle(&mut self.db, account, nonce).await?;
                }
            }
            Some((Some(digest), _)) => {
                let given_up = work::failed_on_chain(&mut self.db, digest, now).await?;
                tracing::warn!(%digest, given_up, "a transaction was mined and failed");
                metrics::counter!("relay_failed_transactions_total").increment(1);
                work::settle(&mut self.db, account, nonce).await?;
            }
            None if is_final => {
                tracing::error!(
                    nonce,
                    "somebody else uses the relay's account; its intent is sent again"
                );
                work::settle(&mut self.db, account, nonce).await?;
            }
            // The node has not caught up with itself, or a foreign transaction is not final yet.
            None => return Ok(false),
        }
        Ok(true)
    }

    /// A nonce that the chain has not used, or no longer. True if it has been offered long enough.
    async fn track_pending(&mut self, round: &Round, group: &[Sent]) -> Result<bool, RoundError> {
        let newest = &group[0];
        let mut resend = false;
        if let Some(digest) = newest.digest
            && work::advance(
                &mut self.db,
                digest,
                State::Submitted,
                None,
                None,
                round.now,
            )
            .await?
        {
            // It had been included.
            tracing::warn!(%digest, "a reorganisation took an intent off the chain; it is sent again");
            metrics::counter!("relay_reorganized_total").increment(1);
            resend = true;
        }
        let bump_after = self.at.settings.bump_after;
        let is_due = age(newest, round.now) >= bump_after;
        if is_due && self.raise(round, newest).await? {
            return Ok(true);
        }
        let resend_after = bump_after / RESENDS;
        let last = self.last_sent.get(&newest.nonce);
        if resend || last.is_none_or(|last| last.elapsed() >= resend_after) {
            self.transmit(newest.nonce, &newest.raw).await;
        }
        Ok(is_due)
    }

    /// Sends the same again for more. False if the cap is reached.
    async fn raise(&mut self, round: &Round, old: &Sent) -> Result<bool, RoundError> {
        let cap = self.at.settings.max_fee_per_gas;
        let market = Fees::market(&round.view, cap);
        let Some(fees) = old.fees.raised(market, cap) else {
            tracing::error!(
                nonce = old.nonce,
                "a transaction is not mined although it offers MAX_FEE_PER_GAS"
            );
            return Ok(false);
        };
        let again = self.sign_again(old, fees, round.now)?;
        self.submit(&again, "raised").await?;
        Ok(true)
    }
}

fn age(sent: &Sent, now: OffsetDateTime) -> std::time::Duration {
    (now - sent.sent_at).try_into().unwrap_or_default()
}
