//! What is known of revocations: which tokens they are about, how long, and when nothing is known.

use crate::support::{NOW, at};
use access_token::revocation::{Kind, Known, Learned, Page, PageFault, Revocation};
use access_token::{Acr, Actor, Amr, Claims, SignIn, TokenError};
use serde_json::json;
use time::Duration;

/// A token with something for every kind to name.
fn claims() -> Claims {
    Claims {
        sub: "account-1".into(),
        sign_in: Some(SignIn {
            sid: "s-1".into(),
            auth_time: NOW,
            acr: Acr::Aal2,
            amr: vec![Amr::Pop],
            sv: 1,
        }),
        org: Some("organization-1".into()),
        ..crate::support::claims()
    }
}

const KID: &str = "key-1";
const AGE: Duration = Duration::seconds(10);

fn entry(seq: u64, kind: Kind, id: &str) -> Revocation {
    Revocation {
        seq,
        kind,
        id: id.to_owned(),
        before: NOW + 1,
        until: NOW + 600,
        tenant: Some(claims().tenant),
    }
}

fn page(next: u64, revocations: Vec<Revocation>) -> Page {
    Page {
        as_of: at(NOW),
        next,
        revocations,
        reset: false,
        more: Some(false),
    }
}

fn knowing(revocations: Vec<Revocation>) -> Known {
    let mut known = Known::new(100, AGE);
    let next = revocations.iter().map(|entry| entry.seq).max().unwrap_or(0);
    let learned = known.learn(page(next, revocations), at(NOW), at(NOW));
    assert_eq!(learned, Ok(Learned::Everything));
    known
}

fn check(known: &Known, claims: &Claims) -> Result<(), TokenError> {
    known.check(claims, KID, at(NOW))
}

#[test]
fn every_kind_names_its_own_claim_and_no_other() {
    let claims = claims();
    let named = [
        (Kind::Session, "s-1".to_owned()),
        (Kind::Token, claims.jti.clone()),
        (Kind::Client, claims.client_id.clone()),
        (Kind::Account, claims.sub.clone()),
        (Kind::Organization, claims.org.clone().unwrap()),
        (Kind::Key, KID.to_owned()),
    ];
    for (kind, id) in &named {
        let known = knowing(vec![entry(1, *kind, id)]);
        assert_eq!(check(&known, &claims), Err(TokenError::Revoked), "{kind:?}");
        let other = knowing(vec![entry(1, *kind, "another")]);
        assert_eq!(check(&other, &claims), Ok(()), "{kind:?}");
    }
    for (kind, _) in &named {
        for (other, id) in named.iter().filter(|(other, _)| other != kind) {
            let known = knowing(vec![entry(1, *kind, id)]);
            assert_eq!(check(&known, &claims), Ok(()), "{kind:?} {other:?}");
        }
    }
}

#[test]
fn who_acts_in_anothers_name_is_revoked_like_whom_they_act_for() {
    let claims = Claims {
        act: Some(Actor {
            sub: "proxy".into(),
        }),
        ..claims()
    };
    for kind in [Kind::Account, Kind::Client] {
        let known = knowing(vec![entry(1, kind, "proxy")]);
        assert_eq!(check(&known, &claims), Err(TokenError::Revoked));
    }
}

#[test]
fn only_tokens_issued_before_are_dead_but_of_a_key_all() {
    for (iat, dead) in [(NOW, true), (NOW + 1, false)] {
        let claims = Claims { iat, ..claims() };
        let known = knowing(vec![entry(1, Kind::Account, &claims.sub)]);
        assert_eq!(check(&known, &claims).is_err(), dead);
        let known = knowing(vec![entry(1, Kind::Key, KID)]);
        assert_eq!(check(&known, &claims), Err(TokenError::Revoked));
    }
}

#[test]
fn another_tenants_entry_is_not_about_this_token_unless_it_is_a_key() {
    let claims = claims();
    let tenant = |kind, id: &str, tenant: Option<&str>| {
        knowing(vec![Revocation {
            tenant: tenant.map(str::to_owned),
            ..entry(1, kind, id)
        }])
    };
    let client = |of| check(&tenant(Kind::Client, &claims.client_id, of), &claims);
    assert_eq!(client(Some("another")), Ok(()));
    assert_eq!(client(Some(&claims.tenant)), Err(TokenError::Revoked));
    assert_eq!(client(None), Err(TokenError::Revoked));
    let key = tenant(Kind::Key, KID, Some("another"));
    assert_eq!(check(&key, &claims), Err(TokenError::Revoked));
}

#[test]
fn of_two_entries_about_the_same_the_later_time_counts() {
    let claims = Claims {
        iat: NOW + 30,
        ..claims()
    };
    let later = Revocation {
        before: NOW + 31,
        until: NOW + 900,
        ..entry(1, Kind::Client, &claims.client_id)
    };
    let known = knowing(vec![later, entry(2, Kind::Client, &claims.client_id)]);
    assert_eq!(check(&known, &claims), Err(TokenError::Revoked));
    assert_eq!(known.len(), 1);
}

#[test]
fn an_entry_is_forgotten_only_when_its_time_is_over() {
    let mut known = knowing(vec![
        entry(1, Kind::Token, "a"),
        Revocation {
            until: NOW + 60,
            ..entry(2, Kind::Token, "b")
        },
    ]);
    let mut len_at = |seconds| {
        let page = Page {
            as_of: at(NOW + seconds),
            ..page(2, vec![])
        };
        known
            .learn(page, at(NOW + seconds), at(NOW + seconds))
            .unwrap();
        known.len()
    };
    assert_eq!(
        (len_at(59), len_at(60), len_at(599), len_at(600)),
        (2, 1, 1, 0)
    );
}

#[test]
fn an_entry_made_here_outlives_every_token_that_it_is_about() {
    for kind in Kind::ALL {
        let made = Revocation::new(1, kind, "x", None, at(NOW));
        assert!(made.before > NOW);
        assert!(made.until >= made.before + access_token::MAX_TOKEN_LIFETIME);
    }
    let key = Revocation::new(1, Kind::Key, KID, None, at(NOW));
    assert!(key.until >= NOW + access_token::jwks::STALE_AFTER + access_token::MAX_TOKEN_LIFETIME);
}

#[test]
fn nothing_stands_before_the_first_answer_nor_after_the_last_is_too_old() {
    let never = Known::new(100, AGE);
    assert_eq!(check(&never, &claims()), Err(TokenError::RevocationsStale));
    let known = knowing(vec![]);
    for (after, outcome) in [
        (0, Ok(())),
        (10, Ok(())),
        (11, Err(TokenError::RevocationsStale)),
        (-11, Err(TokenError::RevocationsStale)),
    ] {
        assert_eq!(
            known.check(&claims(), KID, at(NOW + after)),
            outcome,
            "{after}"
        );
    }
}

#[test]
fn what_is_known_to_be_revoked_is_revoked_and_not_merely_unknown() {
    let known = knowing(vec![entry(1, Kind::Token, &claims().jti)]);
    let later = known.check(&claims(), KID, at(NOW + 100));
    assert_eq!(later, Err(TokenError::Revoked));
}

#[test]
fn the_age_counts_from_when_the_poll_began() {
    let mut known = Known::new(100, AGE);
    known.learn(page(0, vec![]), at(NOW - 8), at(NOW)).unwrap();
    assert_eq!(check(&known, &claims()), Ok(()));
    assert!(known.is_recent(at(NOW + 3)).is_err());
}

#[test]
fn a_part_is_not_everything() {
    let mut known = Known::new(100, AGE);
    let part = |more, revocations| Page {
        more,
        ..page(1, revocations)
    };
    let one = || vec![entry(1, Kind::Token, "a")];
    assert_eq!(
        known.learn(part(Some(true), one()), at(NOW), at(NOW)),
        Ok(Learned::Part)
    );
    assert_eq!(check(&known, &claims()), Err(TokenError::RevocationsStale));
    // An issuer that does not say whether there is more: only an empty answer is the end.
    let mut known = Known::new(100, AGE);
    assert_eq!(
        known.learn(part(None, one()), at(NOW), at(NOW)),
        Ok(Learned::Part)
    );
    assert!(known.is_recent(at(NOW)).is_err());
    assert_eq!(
        known.learn(part(None, vec![]), at(NOW), at(NOW)),
        Ok(Learned::Everything)
    );
    assert!(known.is_recent(at(NOW)).is_ok());
}

#[test]
fn a_feed_that_began_anew_is_read_from_its_beginning_and_nothing_is_forgotten() {
    let claims = claims();
    type Sign = fn(&mut Known) -> Result<Learned, PageFault>;
    let signs: [Sign; 4] = [
        |known| known.restart(),
        |known| {
            let page = Page {
                reset: true,
                ..page(9, vec![])
            };
            known.learn(page, at(NOW), at(NOW))
        },
        |known| known.learn(page(2, vec![]), at(NOW), at(NOW)),
        |known| known.learn(page(7, vec![entry(3, Kind::Token, "b")]), at(NOW), at(NOW)),
    ];
    for sign in signs {
        let mut known = knowing(vec![entry(5, Kind::Token, &claims.jti)]);
        assert_eq!(sign(&mut known), Ok(Learned::Restarted));
        assert_eq!(known.cursor(), 0);
        assert_eq!(check(&known, &claims), Err(TokenError::Revoked));
        let again = known.learn(page(1, vec![entry(1, Kind::Token, "c")]), at(NOW), at(NOW));
        assert_eq!((again, known.cursor()), (Ok(Learned::Everything), 1));
        assert_eq!(check(&known, &claims), Err(TokenError::Revoked));
    }
}

#[test]
fn a_full_set_lets_nothing_stand_until_everything_fits_again() {
    let mut known = Known::new(2, AGE);
    let ids = |ids: &[&str]| -> Vec<_> {
        ids.iter()
            .zip(1..)
            .map(|(id, seq)| entry(seq, Kind::Token, id))
            .collect()
    };
    known
        .learn(page(2, ids(&["a", "b"])), at(NOW), at(NOW))
        .unwrap();
    assert_eq!(check(&known, &claims()), Ok(()));
    let more = page(3, vec![entry(3, Kind::Token, "c")]);
    assert_eq!(known.learn(more, at(NOW), at(NOW)), Err(PageFault::Full));
    assert_eq!(check(&known, &claims()), Err(TokenError::RevocationsStale));
    let all = || page(3, ids(&["a", "b", "c"]));
    assert_eq!(known.learn(all(), at(NOW), at(NOW)), Err(PageFault::Full));
    // Their time is over: there is room again, once the whole feed was read.
    let later = at(NOW + 600);
    let page = Page {
        as_of: later,
        ..all()
    };
    assert_eq!(known.learn(page, later, later), Ok(Learned::Everything));
    assert!(known.is_recent(later).is_ok());
}

#[test]
fn an_answer_that_makes_no_sense_or_is_old_does_not_count() {
    let two = |a, b| vec![entry(a, Kind::Token, "a"), entry(b, Kind::Token, "b")];
    let bad = [
        (page(3, two(2, 1)), PageFault::Disordered),
        (page(1, two(1, 2)), PageFault::Disordered),
        (
            Page {
                more: Some(true),
                ..page(0, vec![])
            },
            PageFault::Disordered,
        ),
        (
            Page {
                as_of: at(NOW - 11),
                ..page(2, two(1, 2))
            },
            PageFault::Old,
        ),
    ];
    for (page, fault) in bad {
        let mut known = Known::new(100, AGE);
        assert_eq!(known.learn(page, at(NOW), at(NOW)), Err(fault));
        assert_eq!(check(&known, &claims()), Err(TokenError::RevocationsStale));
    }
    assert_eq!(
        Known::new(100, AGE).restart(),
        Err(PageFault::Disordered),
        "a feed without a beginning"
    );
}

#[test]
fn the_wire_form_is_the_one_agreed() {
    let text = json!({"asOf": "2030-03-17T17:46:40Z", "next": 7, "revocations": [
        {"seq": 7, "kind": "session", "id": "s-1", "before": NOW + 1, "until": NOW + 600, "tenant": "general-hospital"},
    ]});
    let parsed: Page = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(parsed.revocations, vec![entry(7, Kind::Session, "s-1")]);
    assert_eq!(parsed.as_of, at(NOW));
    assert_eq!(serde_json::to_value(parsed).unwrap(), text);
    for (kind, name) in Kind::ALL.into_iter().zip([
        "session",
        "token",
        "client",
        "account",
        "organization",
        "key",
    ]) {
        assert_eq!(json!(kind), json!(name));
    }
    let mut unknown = text;
    unknown["revocations"][0]["kind"] = json!("building");
    assert!(serde_json::from_value::<Page>(unknown).is_err());
}
