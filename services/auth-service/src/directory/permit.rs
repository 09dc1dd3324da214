//! Who may do what in the directory. Each function of the directory demands one of these.

use access_token::{Acr, Claims, Persona};
use time::{Duration, OffsetDateTime};

use crate::client::Client;

/// May read one tenant's part of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPermit {
    pub(super) tenant: String,
}

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
/// How surely, and how long ago at most, a patient must have signed in to bind a key.
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

impl BindPermit {
    /// For a patient who has proven who they are surely and just now; `None` when they have to do so again.
    pub fn of_patient(
        patient: &PatientPermit,
        claims: &Claims,
        now: OffsetDateTime,
    ) -> Option<Self> {
        let (acr, age) = FRESH;
        let fresh = claims.sign_in.as_ref().is_some_and(|sign_in| {
            sign_in.acr >= acr && now.unix_timestamp() - sign_in.auth_time <= age.whole_seconds()
        });
        fresh.then(|| Self {
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
