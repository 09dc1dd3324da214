//! Who may stop for a subject: its controller, and delegates with the right to.

use std::collections::HashMap;

use consent_core::Address;
use consent_core::subject::rights;
use serde::Deserialize;
use time::OffsetDateTime;

use super::{Answer, AsOf, FactsError, FactsSource, MAX_PAGES, PAGE};

/// Who may decide for a subject at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Who decides everything: the subject itself unless control was handed over.
    pub controller: Address,
    /// [`rights`] of delegates whose mandate counts now.
    pub delegates: HashMap<Address, u8>,
}

/// What a stop takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// To be the controller.
    Control,
    /// To have all of these [`rights`].
    Rights(u8),
}

impl Authority {
    /// Whether `actor` has what is needed.
    pub fn allows(&self, actor: Address, needs: Needs) -> bool {
        actor == self.controller
            || match needs {
                Needs::Control => false,
                Needs::Rights(needed) => self
                    .delegates
                    .get(&actor)
                    .is_some_and(|has| has & needed == needed),
            }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Single {
    as_of: AsOf,
    subject: SubjectRow,
}

#[derive(Deserialize)]
struct SubjectRow {
    subject: Address,
    controller: Address,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DelegatePage {
    as_of: AsOf,
    delegates: Vec<DelegateRow>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct DelegateRow {
    delegate: Address,
    status: String,
    rights: Vec<String>,
}

impl FactsSource {
    /// Who may decide for `subject`. The delegates are asked for only if one of `actors` is not the controller.
    ///
    /// # Errors
    /// When that cannot be had whole and recent.
    pub async fn authority(
        &self,
        subject: Address,
        actors: &[Address],
        now: OffsetDateTime,
    ) -> Result<Authority, FactsError> {
        let name = subject.to_string();
        let path = ["v1", "subjects", &name];
        let Answer::Found(body) = self.peer.get(&path, &[], now).await? else {
            return Err(FactsError::Unavailable("does not know the path"));
        };
        let single: Single = serde_json::from_slice(&body).map_err(|_| UNREADABLE)?;
        self.check(&single.as_of, now)?;
        if single.subject.subject != subject {
            return Err(FactsError::Unavailable("its answer is about somebody else"));
        }
        let controller = single.subject.controller;
        let delegates = if actors.iter().all(|actor| *actor == controller) {
            HashMap::new()
        } else {
            self.delegates(&name, now).await?
        };
        Ok(Authority {
            controller,
            delegates,
        })
    }

    async fn delegates(
        &self,
        subject: &str,
        now: OffsetDateTime,
    ) -> Result<HashMap<Address, u8>, FactsError> {
        let mut delegates = HashMap::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![("limit", PAGE.to_string())];
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let path = ["v1", "subjects", subject, "delegates"];
            let Answer::Found(body) = self.peer.get(&path, &query, now).await? else {
                return Err(FactsError::Unavailable("does not know the path"));
            };
            let page: DelegatePage = serde_json::from_slice(&body).map_err(|_| UNREADABLE)?;
            self.check(&page.as_of, now)?;
            let active = page.delegates.iter().filter(|row| row.status == "ACTIVE");
            delegates.extend(active.map(|row| (row.delegate, bits(&row.rights))));
            match page.next {
                None => return Ok(delegates),
                next => cursor = next,
            }
        }
        Err(FactsError::Unavailable("too many delegates"))
    }
}

const UNREADABLE: FactsError = FactsError::Unavailable("its answer cannot be read");

/// A right that this code does not know is none.
fn bits(names: &[String]) -> u8 {
    names.iter().fold(0, |bits, name| {
        bits | match name.as_str() {
            "REVOKE" => rights::REVOKE,
            "DENY" => rights::DENY,
            "GRANT" => rights::GRANT,
            _ => 0,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delegate_needs_every_right_and_is_never_the_controller() {
        let (controller, delegate) = (Address([1; 20]), Address([2; 20]));
        let names = ["REVOKE".to_owned(), "CHANGE".to_owned()];
        let authority = Authority {
            controller,
            delegates: HashMap::from([(delegate, bits(&names))]),
        };
        let both = Needs::Rights(rights::REVOKE | rights::DENY);
        for needs in [Needs::Control, both, Needs::Rights(rights::REVOKE)] {
            assert!(authority.allows(controller, needs));
            assert!(!authority.allows(Address([3; 20]), needs));
        }
        assert!(authority.allows(delegate, Needs::Rights(rights::REVOKE)));
        assert!(!authority.allows(delegate, Needs::Rights(rights::DENY)));
        assert!(!authority.allows(delegate, both));
        assert!(!authority.allows(delegate, Needs::Control));
    }
}
