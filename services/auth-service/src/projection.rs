//! What the chain says of organisations and of patients' delegates, asked of the consent-indexer. Without a recent answer
//! no token is issued that would rest on one.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use access_token::{Claims, Persona};
use alloy::primitives::{Address, B256, U256};
use contract_bindings::intent::Proof;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use service_kit::http_client;
use service_kit::peer::{self, PeerError};
use url::Url;
use uuid::Uuid;

use crate::App;

/// How long one answer serves. Short: whoever is suspended gets no more tokens within two seconds.
const KEPT: Duration = Duration::from_secs(1);
const KEPT_AT_MOST: u64 = 10_000;
const TIMEOUT: Duration = Duration::from_secs(2);
/// Rows in a page of the indexer's lists, and pages at most.
const LISTED: &str = "500";
const PAGES_AT_MOST: usize = 200;
/// As whom this service calls the indexer, with a token that it signs itself.
const SELF: &str = "auth-service";
const SCOPE: &str = "system:consent.read";
const TOKEN_LIFETIME: i64 = 60;

/// The indexer gave no answer to rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the consent-indexer gave no answer: {0}")]
pub struct ProjectionError(#[from] PeerError);

/// What a delegate may do for a subject now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rights {
    /// Give consent.
    pub grant: bool,
}

/// Who was verified once and is not now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unverified {
    /// Organisations.
    pub organizations: BTreeSet<Address>,
    /// Practitioners, those of an organisation that is not verified included.
    pub practitioners: BTreeSet<Address>,
}

/// The consent-indexer, as this service uses it.
pub struct Projection {
    /// None where the platform has no TLS to offer: then there is no answer either.
    http: Option<reqwest::Client>,
    base: Url,
    verified: moka::future::Cache<Address, bool>,
    /// Those that were listed last.
    barred: RwLock<Unverified>,
}

/// A page of one of the two lists.
#[derive(Deserialize)]
struct ListAnswer {
    #[serde(alias = "organizations", alias = "practitioners")]
    rows: Vec<ListRow>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct ListRow {
    address: Address,
    verified: bool,
}

#[derive(Deserialize)]
struct OrganizationAnswer {
    organization: ListRow,
}

#[derive(Deserialize)]
struct PractitionerAnswer {
    practitioner: PractitionerRow,
}

#[derive(Deserialize)]
struct PractitionerRow {
    address: Address,
    verified: bool,
    organization: Option<Address>,
}

#[derive(Deserialize)]
struct SignatureVerdict {
    signed: bool,
}

#[derive(Deserialize)]
struct DelegatesAnswer {
    delegates: Vec<DelegateRow>,
}

#[derive(Deserialize)]
struct DelegateRow {
    delegate: Address,
    status: String,
    rights: Vec<String>,
}

impl Projection {
    /// The indexer at `base`.
    pub fn new(base: Url) -> Self {
        Self {
            http: http_client::build(TIMEOUT).ok(),
            base,
            verified: moka::future::Cache::builder()
                .max_capacity(KEPT_AT_MOST)
                .time_to_live(KEPT)
                .build(),
            barred: RwLock::default(),
        }
    }

    /// Those of an organisation's addresses that are verified on chain now.
    ///
    /// # Errors
    /// [`ProjectionError`].
    pub async fn verified(
        &self,
        app: &App,
        addresses: &[Address],
    ) -> Result<Vec<Address>, ProjectionError> {
        let mut found = Vec::new();
        for address in addresses {
            if self.is_verified(app, *address).await? {
                found.push(*address);
            }
        }
        // Last, so that no answer from before outlives the news.
        let barred = self.barred.read().unwrap_or_else(PoisonError::into_inner);
        found.retain(|address| !barred.organizations.contains(address));
        Ok(found)
    }

    /// Everybody who was verified once and is not now. From here on no token names any of them.
    ///
    /// # Errors
    /// [`ProjectionError`].
    pub async fn bar_unverified(&self, app: &App) -> Result<Unverified, ProjectionError> {
        let unverified = Unverified {
            organizations: self.unverified(app, "organizations").await?,
            practitioners: self.unverified(app, "practitioners").await?,
        };
        let mut barred = self.barred.write().unwrap_or_else(PoisonError::into_inner);
        barred.clone_from(&unverified);
        Ok(unverified)
    }

    async fn unverified(
        &self,
        app: &App,
        list: &str,
    ) -> Result<BTreeSet<Address>, ProjectionError> {
        let mut found = BTreeSet::new();
        let mut cursor = None;
        for _ in 0..PAGES_AT_MOST {
            let mut query = vec![
                ("verified", "false".to_owned()),
                ("limit", LISTED.to_owned()),
            ];
            query.extend(cursor.map(|cursor| ("cursor", cursor)));
            let page: Option<ListAnswer> = self.get(app, &["v1", list], &query).await?;
            let page = page.ok_or(PeerError("it has no list"))?;
            if page.rows.iter().any(|row| row.verified) {
                return Err(PeerError("it lists others than were asked for").into());
            }
            found.extend(page.rows.iter().map(|row| row.address));
            cursor = page.next;
            if cursor.is_none() {
                return Ok(found);
            }
        }
        Err(PeerError("its list has no end").into())
    }

    async fn is_verified(&self, app: &App, address: Address) -> Result<bool, ProjectionError> {
        // One question for everybody who asks at the same time.
        self.verified
            .try_get_with(address, self.ask_verified(app, address))
            .await
            .map_err(|error| *error)
    }

    async fn ask_verified(&self, app: &App, address: Address) -> Result<bool, ProjectionError> {
        let name = address.to_checksum(None);
        let answer: Option<OrganizationAnswer> =
            self.get(app, &["v1", "organizations", &name], &[]).await?;
        match answer {
            None => Ok(false),
            Some(answer) if answer.organization.address == address => {
                Ok(answer.organization.verified)
            }
            Some(_) => Err(PeerError("it answers about another").into()),
        }
    }

    /// The organisation that a practitioner's address belongs to on chain, while it and its organisation are verified.
    ///
    /// # Errors
    /// [`ProjectionError`].
    pub async fn employer(
        &self,
        app: &App,
        practitioner: Address,
    ) -> Result<Option<Address>, ProjectionError> {
        let name = practitioner.to_checksum(None);
        let answer: Option<PractitionerAnswer> =
            self.get(app, &["v1", "practitioners", &name], &[]).await?;
        match answer.map(|answer| answer.practitioner) {
            None => Ok(None),
            Some(row) if row.address == practitioner => {
                let barred = self.barred.read().unwrap_or_else(PoisonError::into_inner);
                let stands = row.verified && !barred.practitioners.contains(&practitioner);
                Ok(row.organization.filter(|_| stands))
            }
            Some(_) => Err(PeerError("it answers about another").into()),
        }
    }

    /// What a delegate may do for a subject now.
    ///
    /// # Errors
    /// [`ProjectionError`].
    pub async fn rights(
        &self,
        app: &App,
        subject: Address,
        delegate: Address,
    ) -> Result<Rights, ProjectionError> {
        // The rows after the address before it: the first is the delegate's, if it ever was one.
        let before = U256::from_be_slice(delegate.as_slice()).saturating_sub(U256::from(1));
        let before = Address::from_word(before.into()).to_checksum(None);
        let query = [("limit", "1".to_owned()), ("cursor", before)];
        let name = subject.to_checksum(None);
        let answer: Option<DelegatesAnswer> = self
            .get(app, &["v1", "subjects", &name, "delegates"], &query)
            .await?;
        let row = answer
            .into_iter()
            .flat_map(|answer| answer.delegates)
            .find(|row| row.delegate == delegate && row.status == "ACTIVE");
        Ok(row.map_or_else(Rights::default, |row| Rights {
            grant: row.rights.iter().any(|right| right == "GRANT"),
        }))
    }

    /// Whether an address signed a digest, as a contract wallet's own code says, or the verifier of a key.
    ///
    /// # Errors
    /// [`ProjectionError`].
    pub async fn is_signed(
        &self,
        app: &App,
        actor: Address,
        digest: B256,
        proof: &Proof,
    ) -> Result<bool, ProjectionError> {
        let url = peer::at(&self.base, &["v1", "signature-checks"], &[])?;
        let question = json!({
            "actor": actor, "digest": digest, "signer": proof.signer, "signature": proof.signature,
        });
        let request = self.http()?.post(url).json(&question);
        let answer = peer::send(request, &self.token(app).await?).await?;
        let verdict = answer.json::<SignatureVerdict>()?;
        Ok(verdict
            .ok_or(PeerError("it cannot check signatures"))?
            .signed)
    }

    /// 200 with its body; `None` for 404.
    async fn get<T: DeserializeOwned>(
        &self,
        app: &App,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Option<T>, ProjectionError> {
        let url = peer::at(&self.base, path, query)?;
        let request = self.http()?.get(url);
        let answer = peer::send(request, &self.token(app).await?).await?;
        Ok(answer.json()?)
    }

    fn http(&self) -> Result<&reqwest::Client, PeerError> {
        self.http.as_ref().ok_or(PeerError("no client"))
    }

    /// A token of our own, for this one call.
    async fn token(&self, app: &App) -> Result<String, ProjectionError> {
        let now = app.now();
        let iat = now.unix_timestamp();
        let claims = Claims {
            iss: app.issuer.clone(),
            aud: self.base.as_str().trim_end_matches('/').to_owned(),
            sub: SELF.to_owned(),
            client_id: SELF.to_owned(),
            jti: Uuid::now_v7().simple().to_string(),
            iat,
            nbf: None,
            exp: iat + TOKEN_LIFETIME,
            scope: SCOPE.parse().unwrap_or_default(),
            tenant: app.tenant.clone(),
            persona: Persona::System,
            org: None,
            grantees: Vec::new(),
            purpose: None,
            sign_in: None,
            patient: None,
            subjects: Vec::new(),
            fhir_user: None,
            act: None,
            cnf: None,
        };
        app.keys
            .sign("at+jwt", &claims, now)
            .await
            .map_err(|_| PeerError("our key does not sign").into())
    }
}
