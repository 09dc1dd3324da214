//! Signing and sending.

use std::time::Instant;

use alloy::consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::Encodable2718 as _;
use alloy::primitives::{B256, Bytes, TxKind, U256};
use alloy::signers::SignerSync as _;
use time::{Duration, OffsetDateTime};

use super::fees::Fees;
use super::{Round, RoundError, Session, nonces};
use crate::intent::judge::{Judgement, judge};
use crate::intent::{Intent, Rank};
use crate::queue::State;
use crate::queue::work::{self, Sent, Waiting};

/// A stop that cannot be sent now is asked about again after this.
const PAUSE: Duration = Duration::seconds(2);
/// Places under way that only what protects may take.
const RESERVED: usize = 8;
/// Added to an estimate, beside a quarter of it: the state may be a little different when it is mined.
const GAS_MARGIN: u64 = 30_000;
/// What a transaction without a call takes.
const PLAIN_GAS: u64 = 21_000;

impl Session<'_> {
    pub(super) async fn send_waiting(&mut self, round: &mut Round) -> Result<(), RoundError> {
        let free = |round: &Round, at_most: usize| at_most.saturating_sub(round.under_way.len());
        let at_most = self.at.settings.max_in_flight;
        let candidates = work::waiting(&mut self.db, free(round, at_most), round.now).await?;
        for waiting in candidates {
            let digest = waiting.digest;
            let intent = Intent {
                signed: waiting.signed.clone(),
                digest,
            };
            if intent.rank() == Rank::Other && free(round, at_most.saturating_sub(RESERVED)) == 0 {
                break; // they are sorted by rank
            }
            let cap = intent.gas_cap(self.at.settings.max_gas);
            let now = round.now;
            match judge(&self.at.node, &intent, cap).await? {
                Judgement::Send(estimate) => {
                    self.send_one(round, &waiting, &intent, estimate, cap)
                        .await?;
                }
                Judgement::Done(reason) => {
                    tracing::info!(%digest, reason, "an intent has had its effect already");
                    work::advance(&mut self.db, digest, State::Final, None, Some(reason), now)
                        .await?;
                }
                Judgement::Wait(reason) => {
                    work::postpone(&mut self.db, digest, reason, PAUSE, now).await?;
                }
                Judgement::Refused(reason) => {
                    tracing::warn!(%digest, reason, "the registry refuses an intent");
                    metrics::counter!("relay_refused_total", "reason" => reason).increment(1);
                    work::advance(&mut self.db, digest, State::Failed, None, Some(reason), now)
                        .await?;
                }
            }
        }
        Ok(())
    }

    async fn send_one(
        &mut self,
        round: &mut Round,
        waiting: &Waiting,
        intent: &Intent,
        estimate: u64,
        cap: u64,
    ) -> Result<(), RoundError> {
        let limit = if waiting.failures == 0 {
            (estimate + estimate / 4 + GAS_MARGIN).min(cap)
        } else {
            cap // it may have lacked gas
        };
        if intent.rank() == Rank::Stop && self.overtake(round, intent, limit).await? {
            return Ok(());
        }
        let nonce = nonces::next(round.view.confirmed, &round.under_way);
        let fees = Fees::market(&round.view, self.at.settings.max_fee_per_gas);
        let sent = self.sign(Some(intent), nonce, limit, fees, round.now)?;
        if self.submit(&sent, "new").await? {
            round.under_way.insert(nonce);
        }
        Ok(())
    }

    /// Puts a stop in the place of a rotation of the same subject that is not mined yet: behind it, the stop's signer
    /// would no longer decide. The rotation is sent again after it.
    async fn overtake(
        &mut self,
        round: &Round,
        intent: &Intent,
        limit: u64,
    ) -> Result<bool, RoundError> {
        let subject = intent.signed.subject();
        let Some(rotation) = work::rotation_under_way(&mut self.db, subject).await? else {
            return Ok(false);
        };
        let account = self.at.account.address();
        let pending = work::unsettled(&mut self.db, account).await?;
        let newest = pending.iter().find(|sent| sent.digest == Some(rotation));
        let cap = self.at.settings.max_fee_per_gas;
        let market = Fees::market(&round.view, cap);
        let Some((old, fees)) = newest.and_then(|old| Some((old, old.fees.raised(market, cap)?)))
        else {
            return Ok(false);
        };
        let sent = self.sign(Some(intent), old.nonce, limit, fees, round.now)?;
        if self.submit(&sent, "overtakes").await? {
            work::displaced(&mut self.db, rotation, old.nonce, round.now).await?;
        }
        Ok(true)
    }

    /// Nothing is mined behind a gap, so an empty transaction closes it.
    pub(super) async fn fill_gaps(&mut self, round: &mut Round) -> Result<(), RoundError> {
        for nonce in nonces::gaps(round.view.confirmed, &round.under_way) {
            tracing::warn!(nonce, "a gap in the nonces is filled");
            let fees = Fees::market(&round.view, self.at.settings.max_fee_per_gas);
            let sent = self.sign(None, nonce, PLAIN_GAS, fees, round.now)?;
            self.submit(&sent, "filler").await?;
            round.under_way.insert(nonce);
        }
        Ok(())
    }

    /// Writes a transaction down, then sends it. False if its intent needs none any more.
    pub(super) async fn submit(
        &mut self,
        sent: &Sent,
        kind: &'static str,
    ) -> Result<bool, RoundError> {
        let account = self.at.account.address();
        if !work::record(&mut self.db, account, sent).await? {
            return Ok(false);
        }
        metrics::counter!("relay_transactions_total", "kind" => kind).increment(1);
        tracing::info!(hash = %sent.hash, nonce = sent.nonce, kind, "a transaction is sent");
        self.transmit(sent.nonce, &sent.raw).await;
        Ok(true)
    }

    pub(super) async fn transmit(&mut self, nonce: u64, raw: &[u8]) {
        self.last_sent.insert(nonce, Instant::now());
        self.at.node.send(raw).await;
    }

    /// Signs the call of an intent, or an empty transaction to ourselves.
    fn sign(
        &self,
        intent: Option<&Intent>,
        nonce: u64,
        gas_limit: u64,
        fees: Fees,
        now: OffsetDateTime,
    ) -> Result<Sent, RoundError> {
        let (to, input) = match intent {
            Some(intent) => (self.at.node.registry(), intent.signed.calldata().into()),
            None => (self.at.account.address(), Bytes::new()),
        };
        let transaction = TxEip1559 {
            chain_id: self.at.node.chain_id(),
            nonce,
            gas_limit,
            max_fee_per_gas: fees.max.into(),
            max_priority_fee_per_gas: fees.tip.into(),
            to: TxKind::Call(to),
            value: U256::ZERO,
            access_list: Default::default(),
            input,
        };
        self.seal(transaction, intent.map(|intent| intent.digest), fees, now)
    }

    /// Signs the same call again, at other fees.
    pub(super) fn sign_again(
        &self,
        old: &Sent,
        fees: Fees,
        now: OffsetDateTime,
    ) -> Result<Sent, RoundError> {
        use alloy::eips::eip2718::Decodable2718 as _;
        let envelope = TxEnvelope::decode_2718(&mut old.raw.as_slice());
        let Ok(TxEnvelope::Eip1559(signed)) = envelope else {
            return Err(crate::queue::QueueError::Corrupt("transactions").into());
        };
        let mut transaction = signed.tx().clone();
        transaction.max_fee_per_gas = fees.max.into();
        transaction.max_priority_fee_per_gas = fees.tip.into();
        self.seal(transaction, old.digest, fees, now)
    }

    fn seal(
        &self,
        transaction: TxEip1559,
        digest: Option<B256>,
        fees: Fees,
        now: OffsetDateTime,
    ) -> Result<Sent, RoundError> {
        let signature = self
            .at
            .account
            .sign_hash_sync(&transaction.signature_hash())
            .map_err(|_| RoundError::Signing)?;
        let (nonce, gas_limit) = (transaction.nonce, transaction.gas_limit);
        let signed = transaction.into_signed(signature);
        Ok(Sent {
            hash: *signed.hash(),
            nonce,
            digest,
            raw: TxEnvelope::from(signed).encoded_2718(),
            gas_limit,
            fees,
            sent_at: now,
        })
    }
}
