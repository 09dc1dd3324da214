//! Every rule that a decision can rest on, with its code, its outcome and its words.

use access_token::TokenError;
use audit_core::Outcome;
use consent_core::decide::{CONSENT_ACTIVE, Rule as CoreRule};

/// The rule of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Allowed.
    ConsentActive,
    /// Refused by the consents or their policies.
    Core(CoreRule),
    /// The patient stopped everything without a key, at the directory.
    PatientStop,
    /// The token's scopes, persona or tenant do not allow this.
    InsufficientScope,
    /// The token was revoked while the decision was made.
    TokenRevoked,
    /// The server's answer is about another patient or none.
    ForeignResource,
    /// The server's answer cannot be read in one way only.
    UnreadableAnswer,
    /// A read: there is no such resource.
    Absent,
    /// A read: the resource is kept back under the patient's choices.
    Withheld,
    /// The indexer cannot be asked, or contradicts itself.
    FactsUnavailable,
    /// The indexer has not confirmed the chain's head recently.
    FactsStale,
    /// There may be stops that are not known.
    StopsUnknown,
    /// It is not known which tokens are revoked.
    RevocationsStale,
    /// The directory cannot be asked.
    DirectoryUnavailable,
    /// The FHIR server cannot be asked.
    UpstreamUnavailable,
    /// The journal cannot take the record.
    JournalUnavailable,
}

impl Rule {
    /// Its code in answers, records and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConsentActive => CONSENT_ACTIVE,
            Self::Core(rule) => rule.code(),
            Self::PatientStop => "patient-stop",
            Self::InsufficientScope => "insufficient-scope",
            Self::TokenRevoked => "token-revoked",
            Self::ForeignResource => "foreign-resource",
            Self::UnreadableAnswer => "unreadable-answer",
            Self::Absent => "absent",
            Self::Withheld => "withheld",
            Self::FactsUnavailable => "facts-unavailable",
            Self::FactsStale => "facts-stale",
            Self::StopsUnknown => "stops-unknown",
            Self::RevocationsStale => "revocations-stale",
            Self::DirectoryUnavailable => "directory-unavailable",
            Self::UpstreamUnavailable => "upstream-unavailable",
            Self::JournalUnavailable => "journal-unavailable",
        }
    }

    /// What it means for the decision.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::ConsentActive => Outcome::Permit,
            Self::FactsUnavailable
            | Self::FactsStale
            | Self::StopsUnknown
            | Self::RevocationsStale
            | Self::DirectoryUnavailable
            | Self::UpstreamUnavailable
            | Self::JournalUnavailable => Outcome::Indeterminate,
            _ => Outcome::Deny,
        }
    }

    /// Whether somebody should look: the FHIR server answered what was not asked.
    pub const fn is_alarming(self) -> bool {
        matches!(self, Self::ForeignResource | Self::UnreadableAnswer)
    }

    /// What a provider is told: not that the patient placed a stop. It looks as if there never was a consent.
    pub const fn for_a_provider(self) -> Self {
        match self {
            Self::PatientStop => Self::Core(CoreRule::NoConsent),
            _ => self,
        }
    }

    /// What the requester of a read is told: nothing that tells an absent resource from a forbidden one.
    pub const fn for_a_read(self) -> Self {
        match self {
            Self::ConsentActive | Self::InsufficientScope | Self::TokenRevoked => self,
            _ => match self.outcome() {
                Outcome::Deny => Self::Core(CoreRule::NoConsent),
                _ => self,
            },
        }
    }

    /// One plain sentence for the requester.
    pub const fn text(self) -> &'static str {
        match self {
            Self::ConsentActive => "The patient's consent allows this.",
            Self::Core(rule) => match rule {
                CoreRule::NoConsent => "There is no consent of the patient for this organisation.",
                CoreRule::ConsentDenied => "The patient denied the request for consent.",
                CoreRule::ConsentRevoked => "The patient ended the consent.",
                CoreRule::ConsentExpired => "The consent is past its time.",
                CoreRule::Stopped => "The consent was ended.",
                CoreRule::ConsentRequested => {
                    "The patient has not answered the request for consent."
                }
                CoreRule::ConsentScheduled => "The consent's time has not begun.",
                CoreRule::ConsentConfirming => "The consent is being confirmed on the chain.",
                CoreRule::PolicyUnknown => "What the patient agreed to is not known here.",
                CoreRule::PolicyPurpose => "The consent is for another purpose of use.",
                CoreRule::PolicyAction => "The consent does not cover this action.",
                CoreRule::PolicyType => "The consent does not cover this resource type.",
                CoreRule::PolicyCategory => "The consent covers none of these categories.",
            },
            Self::PatientStop => "The patient stopped all access.",
            Self::InsufficientScope => "The access token does not allow this.",
            Self::TokenRevoked => "The access token was revoked.",
            Self::ForeignResource | Self::UnreadableAnswer => {
                // The same words for both, and always: how much there is tells something too.
                "The records could not be released safely. If there are many, narrow the search by date or category."
            }
            Self::Absent | Self::Withheld => {
                "There is no consent of the patient for this organisation."
            }
            Self::FactsUnavailable => "The consents cannot be looked up at the moment.",
            Self::FactsStale => "The consents known here are not recent enough.",
            Self::StopsUnknown => {
                "It is not known here at the moment whether the consent was ended."
            }
            Self::RevocationsStale => "It is not known at the moment which tokens were revoked.",
            Self::DirectoryUnavailable => "The patient directory cannot be asked at the moment.",
            Self::UpstreamUnavailable => "The clinical system cannot be asked at the moment.",
            Self::JournalUnavailable => "The decision cannot be put on record at the moment.",
        }
    }
}

impl From<TokenError> for Rule {
    /// The rule of a decision whose token no longer stands at its end.
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::RevocationsStale => Self::RevocationsStale,
            _ => Self::TokenRevoked,
        }
    }
}

impl From<CoreRule> for Rule {
    fn from(rule: CoreRule) -> Self {
        Self::Core(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_read_always_looks_the_same() {
        for rule in [
            Rule::Absent,
            Rule::Withheld,
            Rule::ForeignResource,
            Rule::UnreadableAnswer,
            Rule::PatientStop,
        ] {
            assert_eq!(rule.for_a_read(), Rule::Core(CoreRule::NoConsent));
        }
        for rule in CoreRule::ALL {
            assert_eq!(
                Rule::from(*rule).for_a_read(),
                Rule::Core(CoreRule::NoConsent)
            );
        }
        assert_eq!(
            Rule::UpstreamUnavailable.for_a_read(),
            Rule::UpstreamUnavailable
        );
    }
}
