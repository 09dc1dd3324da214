//! Who makes one-time codes for whom: the one place where codes come from. The API and the command line both end here.

use access_token::{Claims, Persona};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::administration::AccountsPermit;
use super::code::Code;
use super::enrolment::{self, Enrolment, Terms};
use super::{Role, store};
use crate::db::StoreError;
use crate::directory::{ReadPermit, organizations, text};
use crate::events::{self, Event, Kind};
use crate::limit::TooMany;
use crate::{Random, random_id};

/// The scope with which an organisation's backend makes codes: for patients, and for its own practitioners.
pub const ORGANIZATION_SCOPE: &str = "provider:enrolments.write";
/// Who made a code at the database itself. No client and no account is called so: their ids have no space.
const COMMAND_LINE: &str = "command line";
/// Over which time an organisation's codes are counted.
const HOUR: Duration = Duration::hours(1);

/// May make codes: for anybody, or what an organisation may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitePermit {
    by: String,
    /// `None` where it is for anybody.
    organization: Option<String>,
}

impl InvitePermit {
    /// A permit, if a scope allows it. An organisation's is for its backend: no person speaks for all of it.
    pub fn from_claims(claims: &Claims) -> Option<Self> {
        if let Some(administrator) = AccountsPermit::from_claims(claims) {
            return Some(Self {
                by: administrator.by().to_owned(),
                organization: None,
            });
        }
        let is_backend = claims.persona == Persona::Provider
            && claims.sign_in.is_none()
            && claims.act.is_none()
            && claims.scope.allows_persona(ORGANIZATION_SCOPE);
        let organization = claims.org.clone().filter(|_| is_backend)?;
        Some(Self {
            by: claims.sub.clone(),
            organization: Some(organization),
        })
    }

    /// For whoever has the service's database, and so could write anything into it.
    pub fn of_database() -> Self {
        Self {
            by: COMMAND_LINE.to_owned(),
            organization: None,
        }
    }

    /// Who has it.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// An organisation opens the door to patients and to practitioners of its own whom it names. It makes no administrators,
    /// and touches no account that is there.
    fn covers(&self, whom: &Whom) -> Result<(), InviteError> {
        let Some(own) = &self.organization else {
            return Ok(());
        };
        let refused = match whom {
            Whom::New(Role::Patient { .. }) => return Ok(()),
            Whom::New(Role::Provider { organization, .. }) if organization != own => {
                "An organisation makes codes for its own practitioners only."
            }
            Whom::New(Role::Provider { practitioner, .. }) if practitioner.is_some() => {
                return Ok(());
            }
            Whom::New(Role::Provider { .. }) => {
                "An organisation names the practitioner for whom a code is."
            }
            Whom::New(Role::Admin) => "Only administrators make codes for administrators.",
            Whom::Again(_) => "Only administrators make codes for accounts that are there.",
        };
        Err(InviteError::NotYours(refused))
    }
}

/// Whom a code is wanted for: exactly one of `persona` with what belongs to it, or `account`.
#[derive(Debug, Default)]
pub struct Wanted {
    /// `patient`, `provider` or `admin`.
    pub persona: Option<String>,
    /// A patient's id on the custodian's FHIR server.
    pub fhir_id: Option<String>,
    /// A provider's organisation.
    pub organization: Option<String>,
    /// A provider's id as a FHIR Practitioner.
    pub practitioner: Option<String>,
    /// An account that is there.
    pub account: Option<Uuid>,
}

/// Whom a code is for.
#[derive(Debug)]
enum Whom {
    /// Somebody who gets an account.
    New(Role),
    /// Somebody who has one, and lost what it is opened with.
    Again(Uuid),
}

/// Why no code was made.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// A member is wrong. Never quotes its value.
    #[error("{member} {rule}")]
    Fault {
        /// Which, as the API calls it.
        member: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// The account that is to be opened anew is not there.
    #[error("this tenant has no account of this id")]
    UnknownAccount,
    /// An organisation may not do this.
    #[error("{0}")]
    NotYours(&'static str),
    /// Whom an organisation invites has an account.
    #[error("whom this code is for has an account already")]
    HasAccount,
    /// The organisation has made all that it may for now.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for InviteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

fn fhir_id(member: &'static str, value: Option<String>) -> Result<String, InviteError> {
    let rule = "must be a FHIR id: 1 to 64 letters, digits, dots or hyphens";
    value
        .filter(|id| text::is_fhir_id(id))
        .ok_or(InviteError::Fault { member, rule })
}

impl Wanted {
    fn whom(self) -> Result<Whom, InviteError> {
        let who = (
            self.persona.as_deref(),
            self.fhir_id,
            self.organization,
            self.practitioner,
        );
        if let Some(id) = self.account {
            return match who {
                (None, None, None, None) => Ok(Whom::Again(id)),
                _ => Err(InviteError::Fault {
                    member: "account",
                    rule: "stands alone: who it is was settled when it was made",
                }),
            };
        }
        let role = match who {
            (Some("patient"), id, None, None) => Role::Patient {
                fhir_id: fhir_id("fhirId", id)?,
            },
            (Some("provider"), None, Some(organization), practitioner) => {
                let member = "organization";
                Role::Provider {
                    organization: text::id(&organization)
                        .map_err(|rule| InviteError::Fault { member, rule })?,
                    practitioner: match practitioner {
                        Some(id) => Some(fhir_id("practitioner", Some(id))?),
                        None => None,
                    },
                }
            }
            (Some("admin"), None, None, None) => Role::Admin,
            _ => {
                return Err(InviteError::Fault {
                    member: "persona",
                    rule: "must be patient (with fhirId), provider (with organization, and practitioner if there is one) or \
                           admin, and nothing else may be there",
                });
            }
        };
        Ok(Whom::New(role))
    }
}

/// Makes a code, and says so to the audit.
///
/// # Errors
/// [`InviteError`].
pub async fn invite(
    db: &PgPool,
    tenant: &str,
    permit: &InvitePermit,
    wanted: Wanted,
    terms: &Terms,
    random: &Random,
    now: OffsetDateTime,
) -> Result<(Enrolment, Code), InviteError> {
    let whom = wanted.whom()?;
    permit.covers(&whom)?;
    let (role, account) = match whom {
        Whom::New(role) => (role, None),
        Whom::Again(id) => {
            let found = store::find(db, tenant, id).await?;
            (found.ok_or(InviteError::UnknownAccount)?.role, Some(id))
        }
    };
    if let (Role::Provider { organization, .. }, None) = (&role, account) {
        let permit = ReadPermit::for_tenant(tenant);
        let known = organizations::find(db, &permit, organization).await?;
        known.ok_or(InviteError::Fault {
            member: "organization",
            rule: "is not in the directory: store it there first",
        })?;
    }
    let enrolment = Enrolment {
        id: random_id(random),
        expires_at: now + terms.lifetimes.of(&role),
        role,
        account,
        invited_by: permit.organization.clone(),
    };
    let mut transaction = db.begin().await?;
    if let Some(organization) = &permit.organization {
        let made =
            enrolment::made_since(&mut transaction, tenant, organization, now - HOUR).await?;
        within(made, terms.organization_per_hour, now)?;
        if store::is_taken(&mut transaction, tenant, &enrolment.role).await? {
            return Err(InviteError::HasAccount);
        }
    }
    let by = permit.by();
    let code = enrolment::create(&mut transaction, tenant, &enrolment, by, random, now).await?;
    let event = Event::new(random, tenant, Kind::EnrolmentMade, enrolment.id, now)
        .with("by", by)
        .with("persona", enrolment.role.persona().as_str())
        .with("organization", permit.organization.clone())
        .with("account", account.map(|id| id.to_string()));
    events::emit(&mut transaction, &event).await?;
    transaction.commit().await?;
    Ok((enrolment, code))
}

/// Whether one more is within the limit, of so many that were made within the hour, the first at that time.
fn within(
    (made, first): (i64, Option<OffsetDateTime>),
    limit: i64,
    now: OffsetDateTime,
) -> Result<(), TooMany> {
    if made < limit {
        return Ok(());
    }
    metrics::counter!("requests_limited_total", "limit" => "enrolments").increment(1);
    let free = first.unwrap_or(now) + HOUR;
    let wait = std::time::Duration::try_from(free - now).unwrap_or_default();
    // Whole seconds, so that whoever waits as long as they are told comes late enough.
    Err(TooMany(std::time::Duration::from_secs(wait.as_secs() + 1)))
}
