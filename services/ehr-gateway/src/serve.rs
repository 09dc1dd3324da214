//! The one place where the order is written.
//!
//! A FHIR read: parse → token → scopes → (a read by id: fetch, to learn whose it is) → directory → facts and stops →
//! decide → fetch → inspect → directory, facts, stops and token again → journal → answer. Nothing is answered, allowed or refused, before its record is on
//! disk. What is refused before there is a token is not a decision: it is only counted.
//!
//! A decision runs to its record even if the client goes away meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use access_token::{Call, Challenge, TokenError};
use audit_core::pseudonym::PseudonymKey;
use audit_core::{Action as Asked, Outcome};
use axum::response::Response;
use consent_core::decide::{Ground, Permit};
use consent_core::resource::TypeRow;
use http::{HeaderValue, StatusCode, header};
use service_kit::CorrId;
use service_kit::issuer::TokenCheck;
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use crate::decision::authorize::{Authorizer, Question, Refusal, Standing, asker};
use crate::decision::rule::Rule;
use crate::journal::Journal;
use crate::record::Draft;
use crate::release::answer;
use crate::release::inspect::{Material, Released};
use crate::release::upstream::{Budget, Upstream};
use crate::request::intent::{self, Garbage, Intent};

/// The longest a decision may take; longer is undecidable. With the wait for its record it stays below the server's
/// limit for a request, so that the answer says why.
const DECISION: Duration = Duration::from_secs(10);
/// Stands in for the patient of a resource that does not exist, so that its absence costs the same calls.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// The clock, a parameter like any other.
#[derive(Clone)]
pub struct Clock(pub Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Arc::new(OffsetDateTime::now_utc))
    }

    /// The time.
    pub fn now(&self) -> OffsetDateTime {
        (self.0)()
    }
}

/// Everything a decision needs.
pub struct Gateway {
    /// Checks access tokens.
    pub tokens: TokenCheck,
    /// Directory, facts and decision.
    pub authorizer: Authorizer,
    /// The FHIR server.
    pub upstream: Upstream,
    /// The decision journal.
    pub journal: Journal,
    /// Patients' pseudonyms.
    pub pseudonyms: PseudonymKey,
    /// The custodian.
    pub tenant: String,
    /// This instance.
    pub gateway_id: String,
    /// Own address, without a slash at its end.
    pub public_url: String,
    /// The issuer of tokens.
    pub issuer: String,
    /// The clock.
    pub clock: Clock,
    /// Decisions under way at once.
    pub busy: Arc<Semaphore>,
}

/// What a permit released and on what ground.
struct Granted {
    ground: Option<Ground>,
    released: Released,
}

impl Gateway {
    /// Serves a FHIR request: `segments` behind the FHIR base.
    pub async fn fhir(
        self: Arc<Self>,
        call: Call<'_>,
        segments: &[&str],
        query: Option<&str>,
    ) -> Response {
        let arrived = Instant::now();
        let (row, intent) = match intent::parse(segments, query) {
            Ok(parsed) => parsed,
            Err(garbage) => return refuse_garbage(garbage),
        };
        let token = match self
            .tokens
            .verifier
            .verify_call(call, self.clock.now())
            .await
        {
            Ok(token) => token,
            Err(error) => return self.unauthenticated(error),
        };
        let Ok(turn) = self.busy.clone().try_acquire_owned() else {
            return overloaded();
        };
        let asked = match intent {
            Intent::Read { .. } => Asked::Read,
            Intent::Search(_) => Asked::Search,
        };
        let draft = Draft::new(arrived, asked, token, row.name, intent.categories());
        let gateway = self.clone();
        let work = CorrId::current().scope(async move {
            let _turn = turn;
            gateway.decide_and_answer(row, intent, draft).await
        });
        tokio::spawn(work).await.unwrap_or_else(|_| {
            tracing::error!("a decision ended in a panic");
            answer::denied(Rule::JournalUnavailable)
        })
    }

    async fn decide_and_answer(
        &self,
        row: &'static TypeRow,
        intent: Intent,
        mut draft: Draft,
    ) -> Response {
        let outcome =
            match tokio::time::timeout(DECISION, self.decide(row, &intent, &mut draft)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Rule::FactsUnavailable.into()),
            };
        let outcome = self
            .still_stands(&draft)
            .map_err(Refusal::from)
            .and(outcome);
        let id = draft.id();
        let (rule, ground, obligations) = match &outcome {
            Ok(granted) => (
                Rule::ConsentActive,
                granted.ground.clone(),
                granted.released.obligations(),
            ),
            Err(refusal) => (refusal.rule, refusal.ground.clone(), Vec::new()),
        };
        if self.record(draft, rule, ground, obligations).await.is_err() {
            return answer::with_decision(answer::denied(Rule::JournalUnavailable), id);
        }
        let response = match (outcome, &intent) {
            (Ok(granted), Intent::Read { .. }) => {
                match granted.released.resources.into_iter().next() {
                    Some((_, text)) => answer::resource(text),
                    None => answer::denied(Rule::Withheld.for_a_read()),
                }
            }
            (Ok(granted), Intent::Search(search)) => {
                let base = format!("{}/fhir/R4", self.public_url);
                let query = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair(row.patient_param(), &search.patient)
                    .extend_pairs(&search.params)
                    .finish();
                let self_link = format!("{base}/{}?{query}", row.name);
                answer::bundle(&base, row.name, &self_link, &granted.released, search.count)
            }
            (Err(refusal), Intent::Read { .. }) => self.denied(refusal.rule.for_a_read()),
            (Err(refusal), Intent::Search(_)) => self.denied(refusal.rule.for_a_provider()),
        };
        answer::with_decision(response, id)
    }

    /// Looks at the token once more, whatever was decided: a revocation meanwhile counts, and tells nothing about the
    /// decision.
    pub(crate) fn still_stands(&self, draft: &Draft) -> Result<(), Rule> {
        self.tokens
            .verifier
            .still_stands(draft.token(), self.clock.now())
            .map_err(Rule::from)
    }

    async fn decide(
        &self,
        row: &'static TypeRow,
        intent: &Intent,
        draft: &mut Draft,
    ) -> Result<Granted, Refusal> {
        let asker = asker(draft.claims(), &self.tenant, intent.action(), row.name)?;
        let mut budget = Budget::start();
        let question = |patient| Question {
            patient,
            action: intent.action(),
            resource_type: row.name,
            categories: intent.categories(),
        };
        match intent {
            Intent::Search(search) => {
                draft.about(&search.patient);
                let standing = self
                    .authorizer
                    .standing(asker, &question(&search.patient), self.clock.now())
                    .await?;
                let permit = self.authorizer.decide(&standing, self.clock.now()).await?;
                let material = Material::search(&self.upstream, row, search, &mut budget).await?;
                self.release(row, &standing, permit, material, &search.patient, budget)
                    .await
            }
            Intent::Read { id } => {
                // What is found out here, absence included, is kept until the same calls have been made for all.
                let found = match self.upstream.read(row, id, &mut budget).await {
                    Ok(Some(body)) => Material::resource(&body, id),
                    Ok(None) => Err(Rule::Absent),
                    Err(rule) => Err(rule),
                };
                if let Err(rule) = found
                    && rule.outcome() == Outcome::Indeterminate
                {
                    return Err(rule.into());
                }
                let patient = found
                    .as_ref()
                    .ok()
                    .and_then(|material| material.patient(row, self.upstream.base()));
                if let Some(patient) = &patient {
                    draft.about(patient);
                }
                let asked_about = patient.as_deref().unwrap_or(NOBODY);
                let standing = self
                    .authorizer
                    .standing(asker, &question(asked_about), self.clock.now())
                    .await?;
                let permit = self.authorizer.decide(&standing, self.clock.now()).await;
                let (material, patient) = match (found, patient) {
                    (Ok(material), Some(patient)) => (material, patient),
                    (found, _) => match permit {
                        Err(refusal) if refusal.rule.outcome() == Outcome::Indeterminate => {
                            return Err(refusal);
                        }
                        _ => return Err(found.err().unwrap_or(Rule::ForeignResource).into()),
                    },
                };
                let granted = self
                    .release(row, &standing, permit?, material, &patient, budget)
                    .await?;
                if granted.released.resources.is_empty() {
                    return Err(Refusal {
                        rule: Rule::Withheld,
                        ground: granted.ground,
                    });
                }
                Ok(granted)
            }
        }
    }

    /// Inspects what came, then decides once more: a consent that was ended while the server answered does not release
    /// anything.
    async fn release(
        &self,
        row: &'static TypeRow,
        standing: &Standing,
        permit: Permit,
        mut material: Material,
        patient: &str,
        mut budget: Budget,
    ) -> Result<Granted, Refusal> {
        let failed = |rule: Rule| Refusal {
            rule,
            ground: permit.grounds().next().cloned(),
        };
        material
            .complete(&permit, row, &self.upstream, patient, &mut budget)
            .await
            .map_err(failed)?;
        let released = material.inspect(&permit).map_err(failed)?;
        let renewed = self
            .authorizer
            .decide_again(standing, self.clock.now())
            .await?;
        let released = if renewed.rests_on_the_same(&permit) {
            released
        } else {
            material.inspect(&renewed).map_err(failed)?
        };
        Ok(Granted {
            ground: renewed.grounds().next().cloned(),
            released,
        })
    }

    fn denied(&self, rule: Rule) -> Response {
        if rule == Rule::TokenRevoked {
            return self.unauthenticated(TokenError::Revoked);
        }
        let mut response = answer::denied(rule);
        if rule == Rule::InsufficientScope {
            self.add_challenge(
                &mut response,
                Challenge::insufficient_scope(crate::decision::authorize::RECORDS_READ),
            );
        }
        response
    }

    /// 401, or 503 when what would tell is not available.
    fn unauthenticated(&self, error: TokenError) -> Response {
        metrics::counter!("gateway_unauthenticated_total", "check" => error.check()).increment(1);
        if error == TokenError::RevocationsStale {
            return answer::denied(Rule::RevocationsStale);
        }
        let challenge = Challenge::from(error);
        let status = StatusCode::from_u16(challenge.status()).unwrap_or(StatusCode::UNAUTHORIZED);
        let code = if status == StatusCode::SERVICE_UNAVAILABLE {
            "transient"
        } else {
            "login"
        };
        let mut response = answer::refused(
            status,
            code,
            "A valid access token for this service is required.",
        );
        self.add_challenge(&mut response, challenge);
        response
    }

    /// Adds `WWW-Authenticate` with the address of the resource metadata.
    pub fn add_challenge(&self, response: &mut Response, challenge: Challenge) {
        let metadata = format!("{}/.well-known/oauth-protected-resource", self.public_url);
        let value = challenge.resource_metadata(&metadata).www_authenticate();
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, value);
        }
    }
}

fn refuse_garbage(garbage: Garbage) -> Response {
    metrics::counter!("gateway_garbage_total").increment(1);
    match garbage {
        Garbage::Invalid(text) => answer::refused(StatusCode::BAD_REQUEST, "invalid", &text),
        Garbage::NotOffered(text) => answer::refused(StatusCode::NOT_FOUND, "not-supported", text),
    }
}

fn overloaded() -> Response {
    metrics::counter!("gateway_shed_total").increment(1);
    let mut response = answer::refused(
        StatusCode::SERVICE_UNAVAILABLE,
        "throttled",
        "Too many requests at once; try again shortly.",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
