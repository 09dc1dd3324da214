//! Who may see which rows. Each answer is a value that the query demands, so that none runs without it.

use access_token::{Call, Claims, Persona};
use consent_core::Address;
use service_kit::extract::Head;
use time::OffsetDateTime;

use super::App;
use super::error::ApiError;

const READ_ANY: [&str; 2] = ["system:consent.read", "admin:consent.read"];
const READ_OWN: [&str; 2] = ["provider:records.read", "provider:consent.request"];
const READ_OWN_SUBJECTS: &str = "patient:consent.read";
const STORE: [&str; 3] = [
    "provider:consent.request",
    "system:policy.write",
    "patient:consent.write",
];

/// Which consents a token shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visible {
    /// Every consent.
    All,
    /// Those of these grantees only.
    Grantees(Vec<Address>),
    /// Those of these subjects only.
    Subjects(Vec<Address>),
}

impl Visible {
    /// Whether a consent between these two may be shown.
    pub fn shows(&self, subject: Address, grantee: Address) -> bool {
        match self {
            Self::All => true,
            Self::Grantees(own) => own.contains(&grantee),
            Self::Subjects(own) => own.contains(&subject),
        }
    }
}

/// Checks the request's token.
pub async fn caller(app: &App, head: &Head, now: OffsetDateTime) -> Result<Claims, ApiError> {
    let call = Call {
        method: &head.method,
        uri: &head.uri,
        headers: &head.headers,
    };
    Ok(app.tokens.verifier.verify_call(call, now).await?.claims)
}

/// What the token shows of the consents: a patient's those of the subjects that it names. Of subjects it shows every
/// one, or those that one of these addresses is or may act for.
pub fn consents(claims: &Claims) -> Result<Visible, ApiError> {
    if allows_one(claims, &READ_ANY) {
        return Ok(Visible::All);
    }
    if claims.persona == Persona::Provider && allows_one(claims, &READ_OWN) {
        return Ok(Visible::Grantees(addresses(&claims.grantees)));
    }
    if claims.persona == Persona::Patient && claims.scope.allows_persona(READ_OWN_SUBJECTS) {
        return Ok(Visible::Subjects(addresses(&claims.subjects)));
    }
    Err(ApiError::insufficient_scope("system:consent.read"))
}

/// Whether the token may see everything, as for the sequence of all changes.
pub fn everything(claims: &Claims) -> Result<(), ApiError> {
    match consents(claims)? {
        Visible::All => Ok(()),
        Visible::Grantees(_) | Visible::Subjects(_) => {
            Err(ApiError::insufficient_scope("system:consent.read"))
        }
    }
}

/// In whose name a policy document is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploader {
    /// The tenant.
    pub tenant: String,
    /// The organisation; empty for everyone but providers.
    pub organization: String,
    /// The token's subject.
    pub name: String,
}

impl Uploader {
    fn of(claims: &Claims) -> Self {
        Self {
            tenant: claims.tenant.clone(),
            organization: claims.org.clone().unwrap_or_default(),
            name: claims.sub.clone(),
        }
    }
}

/// May the token store a policy document?
pub fn store_policy(claims: &Claims) -> Result<Uploader, ApiError> {
    if allows_one(claims, &STORE) {
        Ok(Uploader::of(claims))
    } else {
        Err(ApiError::insufficient_scope(STORE[0]))
    }
}

/// Which policy documents a token shows, all of its own tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyReader {
    /// Every document of the tenant.
    pub all: bool,
    /// Else those this one stored, or its organisation.
    pub own: Uploader,
    /// And those of a consent in which one of these is the grantee.
    pub grantees: Vec<Address>,
    /// And those that one of these was asked for, or gave consent under.
    pub subjects: Vec<Address>,
}

/// May the token read policy documents, and which?
pub fn read_policy(claims: &Claims) -> Result<PolicyReader, ApiError> {
    let all = allows_one(claims, &READ_ANY);
    if !all
        && !allows_one(claims, &READ_OWN)
        && !allows_one(claims, &STORE)
        && !claims.scope.allows_persona(READ_OWN_SUBJECTS)
    {
        return Err(ApiError::insufficient_scope("system:consent.read"));
    }
    Ok(PolicyReader {
        all,
        own: Uploader::of(claims),
        grantees: addresses(&claims.grantees),
        subjects: addresses(&claims.subjects),
    })
}

fn allows_one(claims: &Claims, scopes: &[&str]) -> bool {
    scopes
        .iter()
        .any(|scope| claims.scope.allows_persona(scope))
}

/// Claims hold well-formed addresses only.
fn addresses(claimed: &[String]) -> Vec<Address> {
    claimed
        .iter()
        .filter_map(|address| address.parse().ok())
        .collect()
}
