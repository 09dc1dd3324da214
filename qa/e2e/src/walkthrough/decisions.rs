//! The patient's own decisions: signed for others to send, and sent by the patient.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, U256};
use anyhow::{Context, Result, ensure};
use local_stack::endpoints::{Client, Patient};
use uuid::Uuid;

use super::patient::{Person, document};
use super::{Walk, provider, transaction};
use crate::PATIENCE;
use crate::api::Api;
use crate::consent::wait_for_consent;
use crate::ledger::{Party, UNTIL_REVOKED, Which, now};
use crate::relay::{self, Held};
use crate::report::{Failed, Shown};
use crate::signed::Pen;

/// A read to try, and the token to try it with.
type Read<'a> = (&'a str, &'a str);

impl Walk<'_> {
    /// The patient reads the document, makes sure that it is the one asked for, and signs. The relay brings the grant
    /// onto the chain: the patient's account holds nothing and does nothing.
    pub(super) async fn approve_by_signature(
        &mut self,
        person: &mut Person,
        which: Which,
    ) -> Result<(), Failed> {
        let api = self.api;
        self.step(
            "patient reads it and signs, the relay sends",
            "a mined transaction, the patient's account untouched",
            "chain",
            async {
                document(api, person, which).await?;
                let patient = &person.patient;
                let chain = party(api, provider(api)?)?;
                let pen = pen(api, patient, which)?;
                let signed = pen
                    .grant(which, now().saturating_sub(1), UNTIL_REVOKED)
                    .await?;
                let (digest, answer) = relay::hand_in(api, signed).await?;
                let view = relay::brought(api, &digest, "included").await?;
                let shown = Shown::took(answer.latency)
                    .status(answer.status)
                    .fact("intent", digest)
                    .fact("tx", view["transaction"].as_str().unwrap_or_default());
                Ok((without_coins(shown, &chain, &pen).await?, ()))
            },
        )
        .await
    }

    /// The patient signs a revocation and hands it to the relay, while the chain makes no block at all: the gateway
    /// has to deny all the same. Then the chain goes on.
    pub(super) async fn revoke_by_signature(
        &mut self,
        patient: &Patient,
        which: Which,
        read: Read<'_>,
    ) -> Result<Duration, Failed> {
        let api = self.api;
        let (title, rule) = ("patient signs to revoke; denied before a block", "stopped");
        let (held, digest, waited) = {
            let held = Held::new(api).await;
            let mut digest = String::new();
            let waited = self
                .denied_after(title, rule, read, async {
                    let pen = pen(api, patient, which)?;
                    let (intent, _) = relay::hand_in(api, pen.revoke(which).await?).await?;
                    digest.clone_from(&intent);
                    Ok(Shown::default().fact("intent", intent))
                })
                .await?;
            (held, digest, waited)
        };
        self.step(
            "the chain makes the block with the revocation",
            "not before the denial, the patient's account untouched",
            "consent-relay",
            async {
                let held = held?;
                let early = held.still_active(api, which).await?;
                ensure!(early, "the revocation was on the chain before the denial");
                held.let_go().await?;
                let view = relay::brought(api, &digest, "included").await?;
                wait_for_consent(api, which, "REVOKED").await?;
                let chain = party(api, provider(api)?)?;
                let shown =
                    Shown::default().fact("tx", view["transaction"].as_str().unwrap_or_default());
                let pen = pen(api, patient, which)?;
                Ok((without_coins(shown, &chain, &pen).await?, ()))
            },
        )
        .await?;
        Ok(waited)
    }

    /// With coins, the patient may just as well send.
    pub(super) async fn grant_directly(
        &mut self,
        patient: &Patient,
        which: Which,
    ) -> Result<(), Failed> {
        let api = self.api;
        self.step(
            "patient gets coins and grants by sending",
            "a mined transaction",
            "chain",
            async {
                let giver = party(api, provider(api)?)?;
                giver.give_coins(which.subject).await?;
                let patient = Party::new(&api.endpoints().chain, &patient.private_key)?;
                let started = Instant::now();
                let receipt = patient
                    .grant(which, now().saturating_sub(1), UNTIL_REVOKED, false)
                    .await?;
                ensure!(
                    receipt.from == which.subject,
                    "somebody else sent the grant"
                );
                Ok((transaction(started, &receipt), ()))
            },
        )
        .await
    }

    /// The patient sends the revocation.
    pub(super) async fn revoke_directly(
        &mut self,
        patient: &Patient,
        which: Which,
        read: Read<'_>,
    ) -> Result<Duration, Failed> {
        let api = self.api;
        let title = "patient revokes by sending; the same GET";
        self.denied_after(title, "consent-revoked", read, async {
            let patient = Party::new(&api.endpoints().chain, &patient.private_key)?;
            let receipt = patient.revoke(which).await?;
            Ok(Shown::default().fact("tx", receipt.transaction_hash))
        })
        .await
    }

    /// Revokes, which has something to show, and asks again and again until the first denial. Returns how long that
    /// took.
    async fn denied_after(
        &mut self,
        title: &'static str,
        rule: &'static str,
        (path, token): Read<'_>,
        revoke: impl Future<Output = Result<Shown>>,
    ) -> Result<Duration, Failed> {
        let api = self.api;
        let (decisions, waited) = self
            .step(title, format!("403, rule {rule}"), "ehr-gateway", async {
                let started = Instant::now();
                let shown = revoke.await?;
                let mut decisions: Vec<Uuid> = Vec::new();
                loop {
                    let answer = api.fhir(path, token).await?;
                    decisions.extend(answer.decision_id());
                    if answer.status == 403 {
                        ensure!(answer.rule() == rule, "{}", answer.outline());
                        let waited = started.elapsed();
                        let mut shown = shown
                            .status(403)
                            .fact("revocation to denial", format!("{} ms", waited.as_millis()));
                        shown.latency = answer.latency;
                        return Ok((shown, (decisions, waited)));
                    }
                    ensure!(
                        started.elapsed() < PATIENCE,
                        "still {} after {PATIENCE:?}",
                        answer.status
                    );
                }
            })
            .await?;
        self.decisions.extend(decisions);
        Ok(waited)
    }
}

fn party(api: &Api, client: &Client) -> Result<Party> {
    let key = client.private_key.as_deref();
    Party::new(
        &api.endpoints().chain,
        key.context("the clinic has no chain key")?,
    )
}

fn pen(api: &Api, patient: &Patient, which: Which) -> Result<Pen> {
    let pen = Pen::new(&api.endpoints().chain, &patient.private_key)?;
    ensure!(
        pen.address() == which.subject,
        "the key is not the subject's"
    );
    Ok(pen)
}

/// Makes sure that an account has no coins and has never sent anything.
async fn untouched(chain: &Party, account: Address) -> Result<()> {
    let (coins, sent) = chain.account(account).await?;
    ensure!(
        coins == U256::ZERO && sent == 0,
        "the patient's account holds {coins} and has sent {sent} transactions"
    );
    Ok(())
}

/// Says so, once it is sure that the signer's account is as it was.
async fn without_coins(shown: Shown, chain: &Party, pen: &Pen) -> Result<Shown> {
    untouched(chain, pen.address()).await?;
    Ok(shown
        .fact("patient coins", 0)
        .fact("patient transactions", 0))
}
