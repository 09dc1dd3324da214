//! Who may do what in the directory. Each function of the directory demands one of these.

use access_token::{Acr, Claims, Persona};
use time::{Duration, OffsetDateTime};

use super::grantees::Owner;
use crate::client::Client;

/// May read one tenant's part of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPermit {
    pub(super) tenant: String,
}

/// May read what everybody may know of one tenant: its organisations. Patients see by it who asks them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicPermit(ReadPermit);

/// May change one tenant's part of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritePermit {
    pub(super) tenant: String,
    /// The token's subject.
    pub(super) administrator: String,
}

/// A patient who is signed in, for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientPermit {
    pub(super) tenant: String,
    pub(super) fhir_id: String,
    pub(super) account: String,
}

/// A practitioner who is signed in, for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PractitionerPermit {
    pub(super) tenant: String,
    pub(super) organization: String,
    pub(super) practitioner: String,
    pub(super) account: String,
}

/// May bind addresses to one practitioner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GranteePermit {
    practitioner: PractitionerPermit,
}

/// May bind keys to one patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindPermit {
    pub(super) tenant: String,
    pub(super) fhir_id: String,
    by_patient: bool,
}

/// The scopes that permit reading.
pub const READ_SCOPES: [&str; 2] = ["system:directory.read", "admin:directory.read"];
/// The scope that permits writing.
pub const WRITE_SCOPE: &str = "admin:directory.write";
/// The scope with which patients bind, stop and veto.
pub const PATIENT_SCOPE: &str = "patient:consent.write";
/// The scope with which practitioners bind their own addresses: those who may ask for consent by them.
pub const PRACTITIONER_SCOPE: &str = "provider:consent.request";
/// How surely, and how long ago at most, a person must have signed in to bind a key.
pub const FRESH: (Acr, Duration) = (Acr::Aal2, Duration::seconds(300));

impl ReadPermit {
    /// A permit for the token's tenant, if a scope allows it.
    pub fn from_claims(claims: &Claims) -> Option<Self> {
        let allowed = READ_SCOPES
            .iter()
            .any(|scope| claims.scope.allows_persona(scope));
        allowed.then(|| Self {
            tenant: claims.tenant.clone(),
        })
    }

    /// A permit for the service's own tenant, where another permit led here.
    pub(crate) fn for_tenant(tenant: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
        }
    }

    /// A permit for an authenticated client's own tenant, to look up its organisation.
    pub fn for_client(client: &Client) -> Self {
        Self {
            tenant: client.tenant.clone(),
        }
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }
}

impl PublicPermit {
    /// A permit for the token's tenant, whatever the token allows.
    pub fn from_claims(claims: &Claims) -> Self {
        Self(ReadPermit::for_tenant(&claims.tenant))
    }

    /// For organisations alone.
    pub fn read(&self) -> &ReadPermit {
        &self.0
    }
}

impl WritePermit {
    /// A permit for the token's tenant, if a scope allows it.
    pub fn from_claims(claims: &Claims) -> Option<Self> {
        claims.scope.allows_persona(WRITE_SCOPE).then(|| Self {
            tenant: claims.tenant.clone(),
            administrator: claims.sub.clone(),
        })
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The administrator: the token's subject.
    pub fn administrator(&self) -> &str {
        &self.administrator
    }

    /// Who may change may see what was changed.
    pub fn read(&self) -> ReadPermit {
        ReadPermit {
            tenant: self.tenant.clone(),
        }
    }
}

impl PatientPermit {
    /// A permit for the token's patient; none for a proxy, whose token names another as acting.
    pub fn from_claims(claims: &Claims) -> Option<Self> {
        let allowed = claims.persona == Persona::Patient
            && claims.act.is_none()
            && claims.scope.allows_persona(PATIENT_SCOPE);
        let fhir_id = claims.patient.clone().filter(|_| allowed)?;
        Some(Self {
            tenant: claims.tenant.clone(),
            fhir_id,
            account: claims.sub.clone(),
        })
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The patient.
    pub fn fhir_id(&self) -> &str {
        &self.fhir_id
    }

    /// The account that is signed in.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// A patient may see what the directory has of them.
    pub fn read(&self) -> ReadPermit {
        ReadPermit {
            tenant: self.tenant.clone(),
        }
    }
}

/// Whether somebody proved who they are surely and just now.
fn is_fresh(claims: &Claims, now: OffsetDateTime) -> bool {
    let (acr, age) = FRESH;
    claims.sign_in.as_ref().is_some_and(|sign_in| {
        sign_in.acr >= acr && now.unix_timestamp() - sign_in.auth_time <= age.whole_seconds()
    })
}

impl PractitionerPermit {
    /// A permit for the practitioner that the token's person is; none for a backend, nor for who acts for another.
    pub fn from_claims(claims: &Claims) -> Option<Self> {
        let allowed = claims.persona == Persona::Provider
            && claims.sign_in.is_some()
            && claims.act.is_none()
            && claims.scope.allows_persona(PRACTITIONER_SCOPE);
        let organization = claims.org.clone().filter(|_| allowed)?;
        let practitioner = claims.fhir_user.as_deref()?.strip_prefix("Practitioner/")?;
        // An empty one would stand for the organisation itself.
        super::text::is_fhir_id(practitioner).then(|| Self {
            tenant: claims.tenant.clone(),
            organization,
            practitioner: practitioner.to_owned(),
            account: claims.sub.clone(),
        })
    }

    /// What their addresses have to be signed for.
    pub fn owner(&self) -> Owner<'_> {
        Owner {
            tenant: &self.tenant,
            organization: &self.organization,
            practitioner: Some(&self.practitioner),
        }
    }
}

impl GranteePermit {
    /// For a practitioner who has proven who they are surely and just now; `None` when they have to do so again.
    pub fn of_practitioner(
        practitioner: &PractitionerPermit,
        claims: &Claims,
        now: OffsetDateTime,
    ) -> Option<Self> {
        is_fresh(claims, now).then(|| Self {
            practitioner: practitioner.clone(),
        })
    }

    /// Whose addresses.
    pub fn practitioner(&self) -> &PractitionerPermit {
        &self.practitioner
    }
}

impl BindPermit {
    /// For a patient who has proven who they are surely and just now; `None` when they have to do so again.
    pub fn of_patient(
        patient: &PatientPermit,
        claims: &Claims,
        now: OffsetDateTime,
    ) -> Option<Self> {
        is_fresh(claims, now).then(|| Self {
            tenant: patient.tenant.clone(),
            fhir_id: patient.fhir_id.clone(),
            by_patient: true,
        })
    }

    /// For taking over a custodian's existing enrolments, by an administrator. Where that is not switched on there is no
    /// such permit: nobody binds a key to somebody else.
    pub fn of_import(permit: &WritePermit, fhir_id: &str, import: bool) -> Option<Self> {
        import.then(|| Self {
            tenant: permit.tenant.clone(),
            fhir_id: fhir_id.to_owned(),
            by_patient: false,
        })
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The patient.
    pub fn fhir_id(&self) -> &str {
        &self.fhir_id
    }

    /// Whether a further key needs the signature of one that is bound already.
    pub fn needs_endorsement(&self) -> bool {
        self.by_patient
    }
}
