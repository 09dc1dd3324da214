//! People who can sign in, and for whom they do so.

pub mod store;

use access_token::Persona;
use uuid::Uuid;

/// Someone who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What tokens name as `sub`.
    pub id: Uuid,
    /// The custodian it belongs to.
    pub tenant: String,
    /// What the person types to say who they are, lower-cased.
    pub login: String,
    /// As whom they act.
    pub role: Role,
    /// Whether an administrator has closed it.
    pub disabled: bool,
    /// Raised by whatever must end all tokens and sessions (`sv`).
    pub version: i64,
}

/// As whom a person acts, with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A patient.
    Patient {
        /// Their id on the custodian's FHIR server.
        fhir_id: String,
    },
    /// Someone who works for an organisation.
    Provider {
        /// The organisation's id in the directory.
        organization: String,
        /// Their id as a FHIR Practitioner.
        practitioner: Option<String>,
    },
    /// An administrator of the tenant.
    Admin,
}

impl Role {
    /// The persona.
    pub fn persona(&self) -> Persona {
        match self {
            Self::Patient { .. } => Persona::Patient,
            Self::Provider { .. } => Persona::Provider,
            Self::Admin => Persona::Admin,
        }
    }

    /// The person as a FHIR resource, where they are one.
    pub fn fhir_user(&self) -> Option<String> {
        match self {
            Self::Patient { fhir_id } => Some(format!("Patient/{fhir_id}")),
            Self::Provider { practitioner, .. } => practitioner
                .as_ref()
                .map(|practitioner| format!("Practitioner/{practitioner}")),
            Self::Admin => None,
        }
    }
}
