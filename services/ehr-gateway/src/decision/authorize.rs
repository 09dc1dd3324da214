//! Who asks, what their token allows, and the decision.

use access_token::{Claims, Context, Interaction, Persona, SmartAccess};
use consent_core::Address;
use consent_core::decide::{CategoryFilter, Denial, Facts, Ground, Permit, Request, decide};
use consent_core::policy::{Action, Purpose};
use std::sync::Arc;
use time::OffsetDateTime;

use super::directory::{Directory, Patient};
use super::facts::{FactsError, FactsSource};
use super::rule::Rule;
use crate::stops::Stops;

/// The persona scope without which no record is read.
pub const RECORDS_READ: &str = "provider:records.read";

/// On whose behalf a decision is asked for.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The grantee addresses it proves.
    pub grantees: Vec<Address>,
    /// The purpose of use; `None` when it is not one we know.
    pub purpose: Option<Purpose>,
    /// What the scopes narrow it to.
    pub scope_categories: Option<Vec<CategoryFilter>>,
}

/// What is asked about whom.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// FHIR id of the patient.
    pub patient: &'a str,
    /// Read or search.
    pub action: Action,
    /// FHIR resource type.
    pub resource_type: &'a str,
    /// Category codes asked for; `None` = all.
    pub categories: Option<Vec<String>>,
}

/// Why there is no permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// The consent that came nearest, if there is one.
    pub ground: Option<Ground>,
}

impl From<Rule> for Refusal {
    fn from(rule: Rule) -> Self {
        Self { rule, ground: None }
    }
}

impl From<Denial> for Refusal {
    fn from(Denial { rule, ground }: Denial) -> Self {
        Self {
            rule: rule.into(),
            ground,
        }
    }
}

impl From<FactsError> for Refusal {
    fn from(error: FactsError) -> Self {
        tracing::warn!(%error, "no facts");
        match error {
            FactsError::Unavailable(_) => Rule::FactsUnavailable.into(),
            FactsError::Stale => Rule::FactsStale.into(),
        }
    }
}

/// What a provider's token allows on a resource type: the persona scope and a SMART scope, both.
///
/// # Errors
/// [`Rule::InsufficientScope`].
pub fn asker(
    claims: &Claims,
    tenant: &str,
    action: Action,
    resource_type: &str,
) -> Result<Asker, Rule> {
    let is_provider = claims.persona == Persona::Provider && claims.tenant == tenant;
    if !is_provider || !claims.scope.allows_persona(RECORDS_READ) {
        return Err(Rule::InsufficientScope);
    }
    let interaction = match action {
        Action::Read => Interaction::Read,
        Action::Search => Interaction::Search,
    };
    let scope_categories = match claims.scope.smart_access(
        &[Context::User, Context::System],
        interaction,
        resource_type,
    ) {
        SmartAccess::None => return Err(Rule::InsufficientScope),
        SmartAccess::All => None,
        SmartAccess::Categories(categories) => Some(
            categories
                .iter()
                .map(|category| CategoryFilter {
                    system: category.system().map(str::to_owned),
                    code: category.code().to_owned(),
                })
                .collect(),
        ),
    };
    let grantees = claims
        .grantees
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    let purpose = claims.purpose.as_deref().and_then(Purpose::from_code);
    Ok(Asker {
        grantees,
        purpose,
        scope_categories,
    })
}

/// What decisions are made from.
pub struct Authorizer {
    /// The patient directory.
    pub directory: Directory,
    /// The consents.
    pub facts: Arc<FactsSource>,
    /// Stops that the chain may not have yet.
    pub stops: Arc<Stops>,
    /// Address of the FHIR server, without a slash at its end.
    pub fhir_base: String,
}

/// A decision that can be made again on newer facts.
#[derive(Debug, Clone)]
pub struct Standing {
    request: Request,
    is_stopped: bool,
}

impl Authorizer {
    /// Whom the patient's records may be bound to. An unknown patient has no subject, and is then decided like any
    /// other, so that it looks exactly like one who gave no consent.
    ///
    /// # Errors
    /// [`Rule::DirectoryUnavailable`].
    pub async fn standing(
        &self,
        asker: Asker,
        question: &Question<'_>,
        now: OffsetDateTime,
    ) -> Result<Standing, Refusal> {
        let Patient {
            subjects,
            is_stopped,
        } = self.patient(question.patient, now).await?;
        let request = Request {
            patient: question.patient.to_owned(),
            base: self.fhir_base.clone(),
            subjects,
            grantees: asker.grantees,
            purpose: asker.purpose,
            action: question.action,
            resource_type: question.resource_type.to_owned(),
            categories: question.categories.clone(),
            scope_categories: asker.scope_categories,
        };
        Ok(Standing {
            request,
            is_stopped,
        })
    }

    async fn patient(&self, patient: &str, now: OffsetDateTime) -> Result<Patient, Refusal> {
        self.directory.patient(patient, now).await.map_err(|error| {
            tracing::warn!(%error, "no answer from the directory");
            Rule::DirectoryUnavailable.into()
        })
    }

    /// Decides on the facts of this moment.
    ///
    /// # Errors
    /// The refusal with its rule.
    pub async fn decide(
        &self,
        standing: &Standing,
        now: OffsetDateTime,
    ) -> Result<Permit, Refusal> {
        let Request {
            subjects, grantees, ..
        } = &standing.request;
        let mut facts: Facts = self.facts.facts(subjects, grantees, now).await?;
        // After the consents: what came while they were asked for counts, too.
        facts.add_stops(self.stops.between(subjects, grantees, now).await?);
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
        let decided = decide(&standing.request, &facts, seconds);
        // Whatever the consents say, and after the same calls as without it.
        if standing.is_stopped {
            let ground = match decided {
                Ok(permit) => permit.grounds().next().cloned(),
                Err(denial) => denial.ground,
            };
            return Err(Refusal {
                rule: Rule::PatientStop,
                ground,
            });
        }
        Ok(decided?)
    }

    /// Decides again, on what directory, indexer and bus say at this moment: what was placed or taken back since
    /// `standing` counts, what was added does not.
    ///
    /// # Errors
    /// The refusal with its rule.
    pub async fn decide_again(
        &self,
        standing: &Standing,
        now: OffsetDateTime,
    ) -> Result<Permit, Refusal> {
        let patient = self.patient(&standing.request.patient, now).await?;
        let mut standing = standing.clone();
        standing.is_stopped |= patient.is_stopped;
        standing
            .request
            .subjects
            .retain(|subject| patient.subjects.contains(subject));
        self.decide(&standing, now).await
    }
}
