//! What a row says of a decision, by who is told. Pure.
//!
//! Patients see why by the rules about their own consents and choices, and nothing about the inside of whoever asked or
//! of our services. Who acts for a patient is told no more than whoever asked was told: a stop that the patient placed
//! alone, and that something was kept back, stay the patient's.

use audit_core::{Action, Outcome, Record};

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// Who may read the whole trail: everything as archived.
    Auditor,
    /// The patient whom it is about.
    Patient,
    /// Somebody who acts for the patient.
    Proxy,
}

/// The requester's own rights or credentials failed.
pub const REQUESTER_REFUSED: &str = "requester-refused";
/// Refused for a reason that is not the patient's.
pub const NOT_RELEASED: &str = "not-released";
/// It could not be decided, so that nothing was released.
pub const UNDECIDED: &str = "undecided";
const NO_CONSENT: &str = "no-consent";

/// Denials by the patient's own consents and choices. A rule that is not listed here is not told to patients.
const OF_THE_PATIENT: [&str; 16] = [
    NO_CONSENT,
    "consent-denied",
    "consent-revoked",
    "consent-expired",
    "stopped",
    "consent-requested",
    "consent-scheduled",
    "consent-confirming",
    "policy-unknown",
    "policy-purpose",
    "policy-action",
    "policy-type",
    "policy-category",
    PATIENT_STOP,
    "absent",
    "withheld",
];
const PATIENT_STOP: &str = "patient-stop";
/// Denials by what the requester had.
const OF_THE_REQUESTER: [&str; 2] = ["insufficient-scope", "token-revoked"];

/// The rule that the recipient is told.
pub fn rule(record: &Record, recipient: Recipient) -> &str {
    let rule = record.rule.as_str();
    match (recipient, record.result) {
        (Recipient::Auditor, _) => rule,
        // Why something was released is always the patient's to know.
        (_, Outcome::Permit) => rule,
        (_, Outcome::Indeterminate) => UNDECIDED,
        (_, Outcome::Deny) if OF_THE_REQUESTER.contains(&rule) => REQUESTER_REFUSED,
        (Recipient::Proxy, Outcome::Deny)
            if record.action == Action::Read || rule == PATIENT_STOP =>
        {
            NO_CONSENT
        }
        (_, Outcome::Deny) if OF_THE_PATIENT.contains(&rule) => rule,
        (_, Outcome::Deny) => NOT_RELEASED,
    }
}

/// Whether the recipient is told how much was released and how much kept back.
pub fn shows_obligations(recipient: Recipient) -> bool {
    recipient != Recipient::Proxy
}

/// Whether the recipient is told where the record is kept and how its request is called in logs.
pub fn shows_operations(recipient: Recipient) -> bool {
    recipient == Recipient::Auditor
}

#[cfg(test)]
mod tests {
    use super::*;
    use audit_core::record::SCHEMA_VERSION;
    use audit_core::{Digest, Gateway};
    use time::OffsetDateTime;
    use uuid::Uuid;

    fn decided(action: Action, result: Outcome, rule: &str) -> Record {
        Record {
            v: SCHEMA_VERSION,
            event_id: Uuid::nil(),
            ts: OffsetDateTime::UNIX_EPOCH,
            tenant: "general-hospital".into(),
            gateway: Gateway {
                id: "gateway-1".into(),
                epoch: 1,
                seq: 0,
                prev_hash: Digest::ZERO,
            },
            actor: "clinic-a".into(),
            requester: None,
            role: "provider".into(),
            action,
            resource_type: None,
            categories: vec![],
            subject: None,
            purpose: None,
            scopes: vec![],
            result,
            rule: rule.into(),
            obligations: vec![],
            policy_hash: None,
            chain_ref: None,
            corr_id: String::new(),
            latency_us: 0,
            gap: None,
        }
    }

    #[test]
    fn everybody_is_told_what_each_may_know() {
        use Action::{Evaluate, Read, Search};
        use Outcome::{Deny, Indeterminate, Permit};
        // Action, result and rule as archived; as the patient and as a proxy are told.
        let cases = [
            (
                Search,
                Permit,
                "consent-active",
                "consent-active",
                "consent-active",
            ),
            (Search, Permit, "break-glass", "break-glass", "break-glass"),
            (Search, Deny, "policy-type", "policy-type", "policy-type"),
            (Read, Deny, "policy-type", "policy-type", NO_CONSENT),
            (Read, Deny, "withheld", "withheld", NO_CONSENT),
            (Search, Deny, "patient-stop", "patient-stop", NO_CONSENT),
            (Evaluate, Deny, "patient-stop", "patient-stop", NO_CONSENT),
            (
                Search,
                Deny,
                "token-revoked",
                REQUESTER_REFUSED,
                REQUESTER_REFUSED,
            ),
            (
                Read,
                Deny,
                "insufficient-scope",
                REQUESTER_REFUSED,
                REQUESTER_REFUSED,
            ),
            (Search, Deny, "foreign-resource", NOT_RELEASED, NOT_RELEASED),
            (
                Search,
                Deny,
                "a-rule-of-tomorrow",
                NOT_RELEASED,
                NOT_RELEASED,
            ),
            (Search, Indeterminate, "facts-stale", UNDECIDED, UNDECIDED),
        ];
        for (action, result, archived, patient, proxy) in cases {
            let record = decided(action, result, archived);
            assert_eq!(rule(&record, Recipient::Auditor), archived);
            assert_eq!(rule(&record, Recipient::Patient), patient, "{archived}");
            assert_eq!(rule(&record, Recipient::Proxy), proxy, "{archived}");
        }
    }
}
