//! What everyone outside sees of a consent: the same row in answers, in `/v1/changes` and in the topic.

use consent_core::{
    Address, ConsentId, EffectiveStatus, EventKind, ScopeId, StoredStatus, UNTIL_REVOKED,
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::chain::node::FinalHeights;
use crate::projection::Projected;

/// How final a block is, or must be for a grant to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Finality {
    /// On the canonical chain.
    Latest,
    /// Under the chain's safe head.
    Safe,
    /// Under the chain's finalized head.
    Finalized,
}

impl std::str::FromStr for Finality {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "latest" => Ok(Self::Latest),
            "safe" => Ok(Self::Safe),
            "finalized" => Ok(Self::Finalized),
            _ => Err("expected latest, safe or finalized"),
        }
    }
}

/// All that the derived columns depend on besides the stored state.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// The reader's present.
    pub now: OffsetDateTime,
    /// The chain's safe and finalized heights.
    pub heights: FinalHeights,
    /// From which level on a grant counts.
    pub required: Finality,
}

impl View {
    /// How final a block is.
    pub fn finality(&self, block_no: u64) -> Finality {
        let under = |height: Option<u64>| height.is_some_and(|height| block_no <= height);
        if under(self.heights.finalized) {
            Finality::Finalized
        } else if under(self.heights.safe) {
            Finality::Safe
        } else {
            Finality::Latest
        }
    }

    /// The present in Unix seconds.
    pub fn unix(&self) -> u64 {
        u64::try_from(self.now.unix_timestamp()).unwrap_or(0)
    }
}

/// The status shown to people, derived at read time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Asked for and not answered.
    Requested,
    /// Granted, not yet final enough.
    Confirming,
    /// Granted, the window has not begun.
    Scheduled,
    /// Granted and inside the window. The only status that permits.
    Active,
    /// A request was refused.
    Denied,
    /// Ended by the subject.
    Revoked,
    /// Past its time.
    Expired,
    /// Only in changes: the canonical chain no longer knows this consent.
    Absent,
}

impl Status {
    /// Reads a filter's value. [`Status::Absent`] cannot be asked for.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "REQUESTED" => Self::Requested,
            "CONFIRMING" => Self::Confirming,
            "SCHEDULED" => Self::Scheduled,
            "ACTIVE" => Self::Active,
            "DENIED" => Self::Denied,
            "REVOKED" => Self::Revoked,
            "EXPIRED" => Self::Expired,
            _ => return None,
        })
    }
}

impl From<EffectiveStatus> for Status {
    fn from(status: EffectiveStatus) -> Self {
        match status {
            EffectiveStatus::Requested => Self::Requested,
            EffectiveStatus::Confirming => Self::Confirming,
            EffectiveStatus::Scheduled => Self::Scheduled,
            EffectiveStatus::Active => Self::Active,
            EffectiveStatus::Denied => Self::Denied,
            EffectiveStatus::Revoked => Self::Revoked,
            EffectiveStatus::Expired => Self::Expired,
        }
    }
}

/// One consent. Times are Unix seconds; the window is half-open, `[validFrom, validTo)`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentRow {
    /// keccak256(abi.encode(chainid, registry, subject, grantee, scopeId)).
    #[schema(value_type = String)]
    pub consent_id: ConsentId,
    /// The address that stands for the patient.
    #[schema(value_type = String)]
    pub patient_id: Address,
    /// The organisation's address.
    #[schema(value_type = String)]
    pub grantee_id: Address,
    /// Hash of the policy document.
    #[schema(value_type = String)]
    pub scope_id: ScopeId,
    /// Status at the time of the answer.
    pub status: Status,
    /// First second of the window.
    pub valid_from: u64,
    /// First second after the window; null until revoked.
    pub valid_to: Option<u64>,
    /// When an unanswered request lapses; null for a consent that was not opened by a request.
    pub respond_by: Option<u64>,
    /// Counts transitions.
    pub version: u32,
    /// The subject's epoch at the last opening.
    pub epoch: u32,
    /// The subject's epoch now. It grows when the subject takes everything back; what was requested or active in an
    /// earlier one is revoked.
    pub subject_epoch: u32,
    /// The transaction of the consent's own last event.
    pub tx_hash: String,
    /// Its block's height.
    pub block_no: u64,
    /// Its block's hash.
    pub block_hash: String,
    /// The event's position among the block's logs.
    pub log_index: u32,
    /// How final that block is.
    pub finality: Finality,
    /// The revision of this row; newer is greater, also across a reorganisation.
    pub rev: u64,
    /// When the status changes by time alone; null if it does not.
    pub effective_until: Option<u64>,
}

impl ConsentRow {
    /// The row as `view` sees it.
    pub fn new(projected: &Projected, rev: u64, view: &View) -> Self {
        let Projected {
            consent,
            position,
            subject_epoch,
        } = projected;
        let finality = view.finality(position.block_no);
        let status = consent.effective(*subject_epoch, view.unix(), finality >= view.required);
        Self {
            consent_id: consent.id,
            patient_id: consent.subject,
            grantee_id: consent.grantee,
            scope_id: consent.scope_id,
            status: status.map_or(Status::Absent, Status::from),
            valid_from: consent.valid_from,
            valid_to: (consent.valid_to != UNTIL_REVOKED).then_some(consent.valid_to),
            respond_by: (consent.respond_by != 0).then_some(consent.respond_by),
            version: consent.version,
            epoch: consent.epoch,
            subject_epoch: *subject_epoch,
            tx_hash: position.tx_hash.to_string(),
            block_no: position.block_no,
            block_hash: position.block_hash.to_string(),
            log_index: position.log_index,
            finality,
            rev,
            effective_until: consent.effective_until(*subject_epoch, view.unix()),
        }
    }

    /// The same consent after a rollback to before its first event; its place is that of the event now gone.
    #[must_use]
    pub fn absent(self) -> Self {
        Self {
            status: Status::Absent,
            finality: Finality::Latest,
            effective_until: None,
            ..self
        }
    }
}

/// Why a consent changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// An event of the registry.
    Log,
    /// A rollback: the row is what the events that remain lead to.
    Reorg,
}

/// The event that the state rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // the contract's events, named alike
pub enum ChangeKind {
    Requested,
    Created,
    Denied,
    Revoked,
    Expired,
    /// The subject took back everything that was requested or active.
    AllRevoked,
    /// None is left.
    Absent,
}

impl ChangeKind {
    /// The kind of an event.
    pub fn of(event: &EventKind) -> Self {
        match event {
            EventKind::Requested { .. } => Self::Requested,
            EventKind::Created { .. } => Self::Created,
            EventKind::Denied { .. } => Self::Denied,
            EventKind::Revoked { .. } => Self::Revoked,
            EventKind::Expired { .. } => Self::Expired,
        }
    }

    /// The kind of event that leads to a state. Of an untouched consent there is none.
    pub fn of_state(projected: &Projected) -> Self {
        match projected.consent.status {
            _ if projected.is_stale() => Self::AllRevoked,
            StoredStatus::Requested => Self::Requested,
            StoredStatus::Active => Self::Created,
            StoredStatus::Denied => Self::Denied,
            StoredStatus::Revoked => Self::Revoked,
            StoredStatus::Expired => Self::Expired,
            StoredStatus::None => Self::Absent,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Created => "created",
            Self::Denied => "denied",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::AllRevoked => "allrevoked",
            Self::Absent => "absent",
        }
    }
}

/// One change of a consent: the body of a `consent.events.v1` record and an item of `/v1/changes`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The event that the state now rests on.
    pub kind: ChangeKind,
    /// Why it changed.
    pub cause: Cause,
    /// The full state after it.
    pub consent: ConsentRow,
    /// Grows with every change, also when block numbers go back.
    pub rev: u64,
    /// Grows with every rollback.
    pub reorg_epoch: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::Position;
    use alloy::primitives::B256;
    use consent_core::{Consent, Hash32, StoredStatus};

    fn projected(status: StoredStatus, block_no: u64) -> Projected {
        let party = Address([1; 20]);
        let mut consent = Consent::untouched(Hash32::ZERO, party, party, Hash32::ZERO);
        (consent.status, consent.valid_from, consent.valid_to) = (status, 100, 200);
        Projected {
            consent,
            position: Position {
                tx_hash: B256::ZERO,
                block_no,
                block_hash: B256::ZERO,
                log_index: 0,
            },
            subject_epoch: 0,
        }
    }

    fn status(stored: StoredStatus, block_no: u64, now: i64, required: Finality) -> Status {
        let heights = FinalHeights {
            safe: Some(10),
            finalized: Some(5),
        };
        let now = OffsetDateTime::from_unix_timestamp(now).unwrap();
        ConsentRow::new(
            &projected(stored, block_no),
            1,
            &View {
                now,
                heights,
                required,
            },
        )
        .status
    }

    #[test]
    fn a_grant_counts_only_at_the_required_finality_and_a_stop_at_once() {
        for (block_no, required, expected) in [
            (11, Finality::Latest, Status::Active),
            (11, Finality::Safe, Status::Confirming),
            (10, Finality::Safe, Status::Active),
            (10, Finality::Finalized, Status::Confirming),
            (5, Finality::Finalized, Status::Active),
        ] {
            assert_eq!(
                status(StoredStatus::Active, block_no, 150, required),
                expected,
                "{block_no} {required:?}"
            );
            assert_eq!(
                status(StoredStatus::Revoked, block_no, 150, required),
                Status::Revoked
            );
        }
        // A chain without the tag: nothing is ever final enough.
        let view = View {
            now: OffsetDateTime::from_unix_timestamp(150).unwrap(),
            heights: FinalHeights::default(),
            required: Finality::Safe,
        };
        assert_eq!(
            ConsentRow::new(&projected(StoredStatus::Active, 0), 1, &view).status,
            Status::Confirming
        );
    }

    #[test]
    fn the_window_is_half_open() {
        for (now, expected) in [
            (99, Status::Scheduled),
            (100, Status::Active),
            (199, Status::Active),
            (200, Status::Expired),
        ] {
            assert_eq!(
                status(StoredStatus::Active, 1, now, Finality::Latest),
                expected,
                "{now}"
            );
        }
    }

    #[test]
    fn what_was_open_when_the_subject_took_everything_back_reads_revoked() {
        let view = View {
            now: OffsetDateTime::from_unix_timestamp(150).unwrap(),
            heights: FinalHeights::default(),
            required: Finality::Latest,
        };
        for (stored, expected, kind) in [
            (
                StoredStatus::Requested,
                Status::Revoked,
                ChangeKind::AllRevoked,
            ),
            (
                StoredStatus::Active,
                Status::Revoked,
                ChangeKind::AllRevoked,
            ),
            (StoredStatus::Denied, Status::Denied, ChangeKind::Denied),
            (StoredStatus::Expired, Status::Expired, ChangeKind::Expired),
        ] {
            let mut projected = projected(stored, 1);
            projected.subject_epoch = 1;
            let row = ConsentRow::new(&projected, 1, &view);
            assert_eq!((row.status, row.effective_until), (expected, None));
            assert_eq!(ChangeKind::of_state(&projected), kind);
        }
    }

    #[test]
    fn kinds_have_the_names_of_the_tables() {
        for kind in [
            EventKind::Expired { version: 1 },
            EventKind::Denied {
                version: 1,
                actor: Address::ZERO,
            },
        ] {
            assert_eq!(ChangeKind::of(&kind).as_str(), kind.name());
        }
    }
}
