//! Looking after the keys, under a lock that all processes share: each change is whole, and told with its transaction.

use p256::SecretKey;
use sqlx::PgConnection;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use access_token::SigningKey;

use super::seal::{Owner, SealError};
use super::state::{Key, Refusal, State, Step, Urgency, next_step};
use super::store::StoredKey;
use super::{Keys, KeysError, store};
use crate::db::StoreError;
use crate::events::{self, Event};
use crate::revocation;

/// What came of the wish for another key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The key that will sign.
    pub successor: Key,
    /// From when on.
    pub signs_from: OffsetDateTime,
    /// Whether it was made for this wish; false when one was on its way already.
    pub is_new: bool,
}

/// Whether keys are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Making {
    /// They are.
    Allowed,
    /// It is left to a process that can.
    Left,
}

/// Why a key was not declared compromised.
#[derive(Debug, thiserror::Error)]
pub enum CompromiseError {
    /// There is none of this name.
    #[error("there is no key of this kid")]
    NotFound,
    /// It is known already.
    #[error("this key is known to be compromised already")]
    Already,
    /// It could not be done.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl From<sqlx::Error> for CompromiseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Keys(error.into())
    }
}

impl From<StoreError> for CompromiseError {
    fn from(error: StoreError) -> Self {
        Self::Keys(error.into())
    }
}

impl Keys {
    /// Looks at the keys, and does what is to be done at this moment: the first key at the first start, a successor in
    /// time, the old one's end.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn look_after(&self, now: OffsetDateTime) -> Result<(), KeysError> {
        let looking = self.looking.lock().await;
        let view = self.look(now).await?;
        if next_step(&view.keys, &self.rules, now).is_some() {
            let mut transaction = self.db.begin().await?;
            store::lock(&mut transaction, &self.tenant).await?;
            self.settle(&mut transaction, Making::Allowed, now).await?;
            transaction.commit().await?;
            self.look(now).await?;
        }
        drop(looking);
        Ok(())
    }

    /// Has another key sign as soon as all verifiers know it.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn rotate(&self, now: OffsetDateTime) -> Result<Rotation, KeysError> {
        let mut transaction = self.db.begin().await?;
        store::lock(&mut transaction, &self.tenant).await?;
        self.settle(&mut transaction, Making::Allowed, now).await?;
        let on_its_way = self.on_its_way(&mut transaction).await?;
        let is_new = on_its_way.is_none();
        if is_new {
            self.make(&mut transaction, now).await?;
            self.settle(&mut transaction, Making::Allowed, now).await?;
        }
        let successor = self.on_its_way(&mut transaction).await?;
        transaction.commit().await?;
        let successor = successor.ok_or(StoreError::Corrupt("signing_keys"))?;
        self.look_again(now).await;
        Ok(Rotation {
            signs_from: successor.signs_from(&self.rules).unwrap_or(now),
            successor,
            is_new,
        })
    }

    /// Takes a key out of use at once, with everything that it ever signed. When it was the one that signs, another does
    /// from now on. A stop waits for nothing: where no key can be made here and now, nothing is signed until a service
    /// with the right key-encryption key has made one.
    ///
    /// # Errors
    /// [`CompromiseError`].
    pub async fn compromise(&self, kid: &str, now: OffsetDateTime) -> Result<(), CompromiseError> {
        let mut transaction = self.db.begin().await?;
        store::lock(&mut transaction, &self.tenant).await?;
        let stored = store::all(&mut transaction, &self.tenant).await?;
        let key = stored
            .iter()
            .map(|stored| &stored.key)
            .find(|key| key.kid == kid)
            .ok_or(CompromiseError::NotFound)?;
        let making = match self.check_provider(&stored).await {
            Ok(()) => Making::Allowed,
            Err(error) => {
                tracing::error!(%error, "no key can take the place of a compromised one");
                Making::Left
            }
        };
        let dead = key.compromise(now).map_err(|_| CompromiseError::Already)?;
        store::update(&mut transaction, &self.tenant, key.state, &dead).await?;
        let event = self
            .event(events::Kind::KeyCompromised, kid, now)
            .with("was", key.state.as_str());
        events::emit(&mut transaction, &event).await?;
        self.settle(&mut transaction, making, now).await?;
        revocation::record(
            &mut transaction,
            &self.tenant,
            revocation::Kind::Key,
            kid,
            now,
        )
        .await?;
        transaction.commit().await?;
        tracing::warn!(kid, "a signing key was declared compromised");
        self.look_again(now).await;
        Ok(())
    }

    /// What was changed counts in this process at once; the others see it at their next look.
    async fn look_again(&self, now: OffsetDateTime) {
        let _looking = self.looking.lock().await;
        if let Err(error) = self.look(now).await {
            // Nothing may be signed with what was seen before.
            *self
                .view
                .write()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = None;
            tracing::error!(%error, "the signing keys were changed and could not be looked at");
        }
    }

    /// Takes steps until there is none left to take. Only with the lock.
    async fn settle(
        &self,
        connection: &mut PgConnection,
        making: Making,
        now: OffsetDateTime,
    ) -> Result<(), KeysError> {
        loop {
            let keys = store::keys(&store::all(connection, &self.tenant).await?);
            match next_step(&keys, &self.rules, now) {
                None => return Ok(()),
                Some(Step::Make) if making == Making::Left => return Ok(()),
                Some(step) => self.take(connection, step, now).await?,
            }
        }
    }

    async fn take(
        &self,
        connection: &mut PgConnection,
        step: Step,
        now: OffsetDateTime,
    ) -> Result<(), KeysError> {
        match step {
            Step::Make => self.make(connection, now).await,
            Step::Publish(key) => self.change(connection, &key, key.publish(now)).await,
            Step::Destroy(key) => {
                let destroyed = key.destroy(&self.rules, now);
                self.change(connection, &key, destroyed).await
            }
            Step::Replace {
                active,
                successor,
                urgency,
            } => {
                if let Some(active) = &active {
                    self.change(connection, active, active.retire(now)).await?;
                }
                let activated = successor.activate(&self.rules, urgency, now);
                self.change(connection, &successor, activated).await?;
                let event = self
                    .event(events::Kind::KeyRotated, &successor.kid, now)
                    .with("replaces", active.map(|active| active.kid))
                    .with("announced", urgency == Urgency::Ordinary);
                events::emit(connection, &event).await?;
                tracing::info!(
                    kid = successor.kid,
                    ?urgency,
                    "another key signs from now on"
                );
                Ok(())
            }
        }
    }

    async fn change(
        &self,
        connection: &mut PgConnection,
        key: &Key,
        next: Result<Key, Refusal>,
    ) -> Result<(), KeysError> {
        store::update(connection, &self.tenant, key.state, &next?).await?;
        Ok(())
    }

    async fn make(
        &self,
        connection: &mut PgConnection,
        now: OffsetDateTime,
    ) -> Result<(), KeysError> {
        // Whoever cannot open the others would seal one that nobody else can open.
        let others = store::all(connection, &self.tenant).await?;
        self.check_provider(&others).await?;
        let jwk = self.random_jwk();
        let signing = SigningKey::from_jwk(&jwk)?;
        let owner = Owner {
            tenant: &self.tenant,
            kid: signing.kid(),
        };
        let sealed = self.provider.seal(owner, jwk.as_bytes()).await?;
        let key = Key::pending(signing.kid().to_owned(), now);
        store::insert(connection, &self.tenant, &key, signing.public(), &sealed).await?;
        Ok(())
    }

    /// Whether the key-encryption key is that of the keys there are, and can be used.
    async fn check_provider(&self, stored: &[StoredKey]) -> Result<(), SealError> {
        let newest = stored.iter().rev().find_map(|stored| {
            let sealed = stored.sealed.as_deref()?;
            Some((&stored.key.kid, sealed))
        });
        if let Some((kid, sealed)) = newest {
            let owner = Owner {
                tenant: &self.tenant,
                kid,
            };
            self.provider.open(owner, sealed).await?;
        }
        Ok(())
    }

    /// A new private key, as JSON. Without a `kid`, so that it is named by its thumbprint.
    fn random_jwk(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 32]);
        loop {
            (self.random)(&mut bytes[..]);
            // Nearly every 32 bytes are a key.
            if let Ok(key) = SecretKey::from_slice(&bytes[..]) {
                return key.to_jwk_string();
            }
        }
    }

    async fn on_its_way(&self, connection: &mut PgConnection) -> Result<Option<Key>, KeysError> {
        let keys = store::keys(&store::all(connection, &self.tenant).await?);
        Ok(keys.into_iter().find(|key| key.state == State::Published))
    }

    fn event(&self, kind: events::Kind, kid: &str, now: OffsetDateTime) -> Event {
        Event::new(&self.random, &self.tenant, kind, kid, now)
    }
}
