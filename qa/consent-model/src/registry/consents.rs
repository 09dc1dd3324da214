//! The rules of one consent: a stop always wins, an opening happens once.

use super::Registry;
use super::apply::{Decision, Outcome};
use crate::command::{Grant, Request};
use crate::event::Event;
use crate::refusal::{Objections, Refusal};
use crate::words::{Address, Consent, ConsentKey, FOR_EVER, Status, Window, right};

impl Registry {
    pub(super) fn request(&mut self, by: Decision, request: &Request) -> Outcome {
        let Request {
            key,
            window,
            respond_by,
            version,
        } = *request;
        let (status, time) = (self.status_of(&key, by.now), by.now);
        let latest = time + self.limits.response_time;
        let verified = self
            .verified
            .as_ref()
            .is_none_or(|grantees| grantees.contains(&key.grantee));
        let mut objections = Objections::default();
        check_key(&key, &mut objections);
        objections.unless(
            by.actor == key.grantee,
            Refusal::NotGrantee {
                actor: by.actor,
                grantee: key.grantee,
            },
        );
        check_shape(window, &mut objections);
        check_ahead(window, time, &mut objections);
        objections.unless(
            respond_by > time,
            Refusal::RespondByPassed { respond_by, time },
        );
        objections.unless(
            respond_by <= latest,
            Refusal::RespondByTooFar { respond_by, latest },
        );
        objections.unless(
            !matches!(status, Status::Requested | Status::Active),
            Refusal::NotRequestable { status },
        );
        // Seq voids what the subject signed, and a request is the grantee's.
        self.check_epoch(key.subject, &mut objections);
        let next = self.consent(&key).version.saturating_add(1);
        self.check_version(version, next, &mut objections);
        objections.unless(
            verified,
            Refusal::GranteeNotVerified {
                grantee: key.grantee,
            },
        );
        objections.none()?;

        let mut events = self.record_lapse(&key, by.now);
        self.open(&key, Status::Requested, window, respond_by, version, by.now);
        events.push(Event::ConsentRequested {
            key,
            window,
            respond_by,
            version,
            actor: by.actor,
        });
        Ok(events)
    }

    pub(super) fn grant(&mut self, by: Decision, grant: &Grant, names_seq: bool) -> Outcome {
        let Grant {
            key,
            window,
            version,
            seq,
        } = *grant;
        let mut objections = Objections::default();
        self.check_may_grant(by, &key, window, &mut objections);
        let (subject, now) = (self.subject(key.subject), by.now);
        let (_, mandate_end) = self.rights_of(key.subject, by.actor, now);
        check_ahead(window, now, &mut objections);
        objections.unless(
            window.to <= mandate_end,
            Refusal::BeyondMandate {
                valid_to: window.to,
                mandate_end,
            },
        );
        objections.unless(
            !subject.is_frozen(now),
            Refusal::Frozen {
                until: subject.frozen_until,
            },
        );
        objections.unless(
            !names_seq || seq == subject.seq,
            Refusal::WrongSeq {
                given: seq,
                expected: subject.seq,
            },
        );
        // A seq that is used up could not void this any more.
        objections.unless(subject.seq < self.limits.seq, Refusal::SeqExhausted);
        self.check_epoch(key.subject, &mut objections);
        let current = self.consent(&key).version;
        let target = match self.status_of(&key, now) {
            Status::Requested => current,
            _ => current.saturating_add(1),
        };
        self.check_version(version, target, &mut objections);
        objections.none()?;

        let mut events = self.record_lapse(&key, now);
        self.open(&key, Status::Active, window, 0, version, now);
        events.push(Event::ConsentCreated {
            key,
            window,
            version,
            actor: by.actor,
        });
        Ok(events)
    }

    /// Deny or revoke, as `needs` tells. `through` is the version signed; a direct stop has none and always applies.
    pub(super) fn stop(
        &mut self,
        by: Decision,
        key: &ConsentKey,
        needs: u8,
        through: Option<u32>,
    ) -> Outcome {
        let version = self.consent(key).version;
        let mut objections = Objections::default();
        check_key(key, &mut objections);
        self.check_right(by, key.subject, needs, &mut objections);
        if let Some(through_version) = through {
            let applies = match self.rules.stops_reach_through {
                true => version <= through_version && version < self.limits.version,
                false => version == through_version,
            };
            objections.unless(
                applies,
                Refusal::StaleStop {
                    through_version,
                    version,
                },
            );
        }
        objections.none()?;

        let refuses = needs == right::DENY && self.status_of(key, by.now) == Status::Requested;
        let mut events = self.record_lapse(key, by.now);
        let version = self.closed_version(through.unwrap_or(version));
        let (key, actor) = (*key, by.actor);
        if refuses {
            self.close(&key, Status::Denied, version, by.now);
            events.push(Event::ConsentDenied {
                key,
                version,
                actor,
            });
        } else {
            self.close(&key, Status::Revoked, version, by.now);
            events.push(Event::ConsentRevoked {
                key,
                version,
                actor,
            });
        }
        Ok(events)
    }

    pub(super) fn relinquish(
        &mut self,
        by: Decision,
        key: &ConsentKey,
        given: Option<u32>,
    ) -> Outcome {
        let (status, current) = (self.status_of(key, by.now), self.consent(key).version);
        let mut objections = Objections::default();
        check_key(key, &mut objections);
        objections.unless(
            by.actor == key.grantee,
            Refusal::NotGrantee {
                actor: by.actor,
                grantee: key.grantee,
            },
        );
        objections.unless(
            matches!(status, Status::Requested | Status::Active),
            Refusal::NotRelinquishable { status },
        );
        let given = given.unwrap_or(current);
        objections.unless(
            given == current,
            Refusal::WrongVersion {
                given,
                expected: current,
            },
        );
        objections.none()?;

        let version = self.closed_version(current);
        self.close(key, Status::Revoked, version, by.now);
        Ok(vec![Event::ConsentRevoked {
            key: *key,
            version,
            actor: by.actor,
        }])
    }

    pub(super) fn expire(&mut self, by: Decision, key: &ConsentKey) -> Outcome {
        let events = self.record_lapse(key, by.now);
        if events.is_empty() {
            let status = self.status_of(key, by.now);
            return Err(vec![Refusal::NotLapsed { status }]);
        }
        Ok(events)
    }

    /// What must hold of a grant whatever the state of its consent: it is well formed, and the actor may give it.
    pub(super) fn check_may_grant(
        &self,
        by: Decision,
        key: &ConsentKey,
        window: Window,
        objections: &mut Objections,
    ) {
        check_key(key, objections);
        self.check_right(by, key.subject, right::GRANT, objections);
        objections.unless(
            by.actor != key.grantee,
            Refusal::GranteeCannotGrant {
                grantee: key.grantee,
            },
        );
        check_shape(window, objections);
    }

    pub(super) fn check_right(
        &self,
        by: Decision,
        subject: Address,
        needs: u8,
        objections: &mut Objections,
    ) {
        let (rights, _) = self.rights_of(subject, by.actor, by.now);
        objections.unless(
            rights & needs != 0,
            Refusal::NotAuthorized {
                actor: by.actor,
                subject,
            },
        );
    }

    /// Nothing opens once the subject's epoch is used up: no later revokeAll could end it.
    fn check_epoch(&self, subject: Address, objections: &mut Objections) {
        let epoch = self.subject(subject).epoch;
        objections.unless(epoch < self.limits.epoch, Refusal::EpochExhausted);
    }

    /// The largest version is left to stops.
    fn check_version(&self, given: u32, expected: u32, objections: &mut Objections) {
        if expected >= self.limits.version {
            objections.unless(false, Refusal::VersionExhausted);
        }
        objections.unless(given == expected, Refusal::WrongVersion { given, expected });
    }

    fn closed_version(&self, through: u32) -> u32 {
        through.saturating_add(1).min(self.limits.version)
    }

    fn open(
        &mut self,
        key: &ConsentKey,
        status: Status,
        window: Window,
        respond_by: u64,
        version: u32,
        now: u64,
    ) {
        let epoch = self.subject(key.subject).epoch;
        let consent = Consent {
            status,
            window,
            version,
            epoch,
            changed_at: now,
            respond_by,
        };
        self.consents.insert(*key, consent);
    }

    fn close(&mut self, key: &ConsentKey, status: Status, version: u32, now: u64) {
        let consent = self.consents.entry(*key).or_default();
        (consent.status, consent.version, consent.changed_at) = (status, version, now);
    }

    /// Records a lapse that nobody has recorded. A consent of an earlier epoch has none: it was revoked.
    fn record_lapse(&mut self, key: &ConsentKey, now: u64) -> Vec<Event> {
        let stored = self.consent(key);
        if self.status_of(key, now) != Status::Expired || stored.status == Status::Expired {
            return Vec::new();
        }
        self.close(key, Status::Expired, stored.version, now);
        vec![Event::ConsentExpired {
            key: *key,
            version: stored.version,
        }]
    }
}

pub(super) fn check_key(key: &ConsentKey, objections: &mut Objections) {
    objections.unless(!key.subject.is_zero(), Refusal::ZeroSubject);
    objections.unless(!key.grantee.is_zero(), Refusal::ZeroGrantee);
    objections.unless(
        key.subject != key.grantee,
        Refusal::SelfConsent { party: key.subject },
    );
}

fn check_shape(window: Window, objections: &mut Objections) {
    objections.unless(
        window.from < window.to,
        Refusal::EmptyWindow {
            valid_from: window.from,
            valid_to: window.to,
        },
    );
}

fn check_ahead(window: Window, time: u64, objections: &mut Objections) {
    debug_assert!(time < FOR_EVER);
    objections.unless(
        window.to > time,
        Refusal::WindowOver {
            valid_to: window.to,
            time,
        },
    );
}
