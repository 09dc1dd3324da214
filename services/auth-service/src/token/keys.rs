//! The keys that sign tokens: one signs, those that verifiers need are shown, the private halves rest sealed.
//!
//! [`state`] says what a key can become and what is to be done next, [`tend`] does it, one process at a time. Every
//! process signs and verifies with a view of the keys that is never older than [`MAX_AGE`].

pub mod seal;
pub mod state;
mod store;
mod tend;

pub use tend::{CompromiseError, Rotation};

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration as StdDuration;

use access_token::{Claims, Jwks, KeyError, LiveJwks, SigningKey};
use serde::Serialize;
use service_kit::{Problem, Shutdown};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use self::seal::{KeyProvider, Owner, SealError};
use self::state::{Key, Rules, State};
use self::store::StoredKey;
use crate::db::StoreError;
use crate::{App, Random};

/// How old a view may be with which something is signed.
pub const MAX_AGE: Duration = Duration::seconds(3);
/// How old a view may be that is shown while the database does not answer: as long as verifiers would keep it anyway.
const MAX_SHOWN_AGE: Duration = Duration::seconds(access_token::jwks::REFRESH_AFTER);
/// Between two looks at the keys.
const LOOK_EVERY: StdDuration = StdDuration::from_secs(1);

/// Why nothing was signed, or the keys not looked after.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The private key cannot be had.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// No key signs.
    #[error("there is no signing key yet")]
    None,
    /// The key does not sign, or is none.
    #[error("the signing key does not work: {0}")]
    Key(#[from] KeyError),
    /// The keys are not what [`state`] lets them be.
    #[error("the signing keys are in disorder: {0}")]
    Disorder(#[from] state::Refusal),
}

impl From<sqlx::Error> for KeysError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl KeysError {
    /// Whether trying again may help.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Unavailable) | Self::Seal(SealError::Unavailable) | Self::None
        )
    }
}

impl From<KeysError> for Problem {
    fn from(error: KeysError) -> Self {
        if let KeysError::Store(error) = error {
            return error.into();
        }
        tracing::error!(corr_id = %service_kit::CorrId::current(), %error, "signing keys");
        if error.is_passing() {
            Self::unavailable("The signing keys are not available. Try again shortly.")
        } else {
            Self::internal()
        }
    }
}

/// May see and change the tenant's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysPermit(());

/// The scope that permits it.
pub const WRITE_SCOPE: &str = "admin:keys.write";

impl KeysPermit {
    /// A permit if the scope allows it.
    pub fn from_claims(claims: &Claims) -> Option<Self> {
        claims.scope.allows_persona(WRITE_SCOPE).then_some(Self(()))
    }
}

/// The keys as one process saw them at one moment.
struct View {
    keys: Vec<Key>,
    shown: Jwks,
    signer: Option<SigningKey>,
    seen_at: OffsetDateTime,
}

impl View {
    fn is_younger_than(&self, age: Duration, now: OffsetDateTime) -> bool {
        // A clock that jumped back is as doubtful as one that ran on.
        (now - self.seen_at).abs() <= age
    }
}

/// The tenant's signing keys.
pub struct Keys {
    db: PgPool,
    tenant: String,
    provider: Arc<dyn KeyProvider>,
    random: Random,
    rules: Rules,
    view: RwLock<Option<Arc<View>>>,
    looking: Mutex<()>,
    live: LiveJwks,
}

impl Keys {
    /// The keys in this database. Nothing is read yet.
    pub fn new(
        db: PgPool,
        tenant: &str,
        provider: Arc<dyn KeyProvider>,
        random: Random,
        rules: Rules,
    ) -> Self {
        Self {
            db,
            tenant: tenant.to_owned(),
            provider,
            random,
            rules,
            view: RwLock::default(),
            looking: Mutex::default(),
            live: LiveJwks::default(),
        }
    }

    /// The keys that a verifier in this process believes; they follow every view.
    pub fn live(&self) -> LiveJwks {
        self.live.clone()
    }

    /// For how long keys stay where they are.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    fn seen(&self) -> Option<Arc<View>> {
        self.view
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A view that is young enough to sign and verify with.
    async fn current(&self, now: OffsetDateTime) -> Result<Arc<View>, KeysError> {
        let young = |view: &Arc<View>| view.is_younger_than(MAX_AGE, now);
        if let Some(view) = self.seen().filter(young) {
            return Ok(view);
        }
        let _looking = self.looking.lock().await;
        match self.seen().filter(young) {
            Some(view) => Ok(view),
            None => self.look(now).await,
        }
    }

    /// Looks at the keys anew. What is seen counts from then on for everybody in this process.
    async fn look(&self, now: OffsetDateTime) -> Result<Arc<View>, KeysError> {
        let mut connection = self.db.acquire().await?;
        let stored = store::all(&mut connection, &self.tenant).await?;
        drop(connection);
        let shown = stored.iter().filter(|stored| stored.key.state.is_shown());
        let view = Arc::new(View {
            shown: Jwks::new(shown.map(|stored| stored.public.clone()).collect()),
            signer: self.signer(&stored).await?,
            keys: store::keys(&stored),
            seen_at: now,
        });
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Some(view.clone());
        self.live.replace(&view.shown);
        Ok(view)
    }

    /// The key that signs; opened only when it is another than before.
    async fn signer(&self, stored: &[StoredKey]) -> Result<Option<SigningKey>, KeysError> {
        let Some(active) = stored
            .iter()
            .find(|stored| stored.key.state == State::Active)
        else {
            return Ok(None);
        };
        let known = self.seen().and_then(|view| view.signer.clone());
        if let Some(known) = known.filter(|known| known.kid() == active.key.kid) {
            return Ok(Some(known));
        }
        let owner = Owner {
            tenant: &self.tenant,
            kid: &active.key.kid,
        };
        let sealed = active.sealed.as_deref().ok_or(SealError::Damaged)?;
        let secret = self.provider.open(owner, sealed).await?;
        let secret = std::str::from_utf8(&secret).map_err(|_| SealError::Damaged)?;
        let key = SigningKey::from_jwk(secret)?;
        if key.kid() == active.key.kid {
            Ok(Some(key))
        } else {
            Err(SealError::Damaged.into())
        }
    }

    /// Signs claims with the active key; `typ` says what they are, `at+jwt` for an access token (RFC 9068).
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn sign(
        &self,
        typ: &str,
        claims: &impl Serialize,
        now: OffsetDateTime,
    ) -> Result<String, KeysError> {
        let view = self.current(now).await?;
        let signer = view.signer.as_ref().ok_or(KeysError::None)?;
        Ok(signer.sign(typ, claims)?)
    }

    /// What `/oauth2/jwks` answers.
    ///
    /// # Errors
    /// [`KeysError`], once the keys have not been seen for a while.
    pub async fn shown(&self, now: OffsetDateTime) -> Result<Jwks, KeysError> {
        match self.current(now).await {
            Ok(view) => Ok(view.shown.clone()),
            Err(error) => self
                .seen()
                .filter(|view| view.is_younger_than(MAX_SHOWN_AGE, now))
                .map(|view| view.shown.clone())
                .ok_or(error),
        }
    }

    /// Makes sure that [`Keys::live`] is up to date, as far as the database answers.
    pub async fn refresh(&self, now: OffsetDateTime) -> Result<(), KeysError> {
        self.current(now).await.map(drop)
    }

    /// Whether something can be signed; for a readiness check.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn ready(&self, now: OffsetDateTime) -> Result<(), KeysError> {
        let view = self.current(now).await?;
        view.signer.as_ref().map(drop).ok_or(KeysError::None)
    }

    /// All keys there ever were, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self) -> Result<Vec<Key>, StoreError> {
        list(&self.db, &self.tenant).await
    }
}

/// All keys that a tenant ever had, oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list(db: &PgPool, tenant: &str) -> Result<Vec<Key>, StoreError> {
    let mut connection = db.acquire().await?;
    Ok(store::keys(&store::all(&mut connection, tenant).await?))
}

/// Follows the keys and looks after them until the service stops.
///
/// # Errors
/// None; a failed round is logged once and the next one tried.
pub async fn follow(app: Arc<App>, shutdown: Shutdown) -> anyhow::Result<()> {
    let mut fails = false;
    while !shutdown.sleep(LOOK_EVERY).await {
        let done = app.keys.look_after(app.now()).await;
        match &done {
            Err(error) if !fails => {
                tracing::error!(%error, "the signing keys are not looked after")
            }
            _ => {}
        }
        fails = done.is_err();
    }
    Ok(())
}
