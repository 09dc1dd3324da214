//! People who can sign in: for whom they do so, and what they prove themselves with.

pub mod administration;
pub mod code;
mod common;
pub mod enrol;
pub mod enrolment;
pub mod factors;
pub mod invite;
pub mod passkey;
pub mod password;
pub mod store;
pub mod totp;

use std::sync::Arc;

use access_token::Persona;
use uuid::Uuid;

use crate::config::Config;
use crate::token::keys::seal::KeyProvider;

/// What checks people's proofs.
pub struct Means {
    /// What the pages call the custodian.
    pub site: String,
    /// Hashes passwords.
    pub passwords: password::Hasher,
    /// Asks for passkeys; none where the issuer is no domain.
    pub passkeys: Option<passkey::Passkeys>,
    /// Seals what has to be read again.
    pub provider: Arc<dyn KeyProvider>,
    /// On which terms enrolment codes are made.
    pub enrolments: enrolment::Terms,
}

impl Means {
    /// As configured.
    pub fn new(config: &Config, provider: Arc<dyn KeyProvider>) -> Self {
        let site = config.display_name.clone().unwrap_or(config.tenant.clone());
        let passkeys = passkey::Passkeys::for_origin(&config.issuer.0, &site);
        if passkeys.is_none() {
            tracing::warn!(
                "no passkeys: ISSUER is not at a domain (use localhost on one's own machine)"
            );
        }
        Self {
            passwords: password::Hasher::new(config.password_checks),
            provider,
            enrolments: enrolment::Terms {
                lifetimes: config.enrolment.lifetimes(),
                organization_per_hour: config.organization_enrolments_per_hour,
            },
            site,
            passkeys,
        }
    }
}

/// Whether a text can be a sign-in name; upper case is taken for lower case.
pub fn is_login(text: &str) -> bool {
    (3..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-+@".contains(&b))
}

/// The persona of an account: our own services are none's.
///
/// # Errors
/// In words.
pub fn persona(text: &str) -> Result<Persona, &'static str> {
    text.parse()
        .ok()
        .filter(|persona| *persona != Persona::System)
        .ok_or("must be patient, provider or admin")
}

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
