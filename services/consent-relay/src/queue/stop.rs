//! The event of a stop that was taken in: for those who deny before there is a block.

use alloy::primitives::B256;
use contract_bindings::intent::SignedIntent;
use serde::Serialize;
use service_kit::CorrId;
use service_kit::bus::Event;
use service_kit::event_schema::EventSchema;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::QueueError;
use crate::intent::Intent;
use crate::routes::post::SignedIntentBody;

/// Where signed stops are published at acceptance, keyed by subject.
pub const TOPIC: &str = "consent.intents.v1";
const KIND: &str = "consentry.consent.stop.v1";

/// A signed stop that the relay took in. Its signature is for the reader to verify.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StopAccepted<'a> {
    /// EIP-712 digest of what is signed, 0x-hex.
    #[schema(value_type = String, pattern = "^0x[0-9a-f]{64}$")]
    digest: B256,
    /// When it was taken in.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    accepted_at: OffsetDateTime,
    /// The stop, as it was handed in.
    #[schema(value_type = SignedIntentBody)]
    stop: &'a SignedIntent,
}

/// What is published to [`TOPIC`].
pub fn schemas() -> Vec<EventSchema> {
    let schema =
        EventSchema::of::<StopAccepted<'_>>(TOPIC, "the subject's address", &format!("`{KIND}`"));
    vec![schema]
}

/// The event of this stop.
pub(super) fn event(intent: &Intent, now: OffsetDateTime) -> Result<Event, QueueError> {
    let accepted = StopAccepted {
        digest: intent.digest,
        accepted_at: now,
        stop: &intent.signed,
    };
    let body = serde_json::to_vec(&accepted).map_err(|_| QueueError::Failed("none".to_owned()))?;
    Ok(Event {
        topic: TOPIC.to_owned(),
        // As consent.events.v1 writes it.
        key: format!("{:#x}", intent.signed.subject()),
        id: Uuid::now_v7(),
        kind: KIND.to_owned(),
        source: "consent-relay".to_owned(),
        time: now,
        tenant: None,
        corr_id: CorrId::current().to_string(),
        body,
    })
}
