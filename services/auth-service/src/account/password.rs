//! Passwords: which ones we take, and how they are hashed without holding up anything else.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::common;
use crate::Random;
use crate::db::StoreError;

/// The fewest characters of a password.
pub const FEWEST: usize = 12;
/// The most characters of a password.
pub const MOST: usize = 256;

/// Requests that may wait for their turn; more are turned away.
const QUEUE: usize = 32;
/// How long a request waits for its turn.
const WAIT: Duration = Duration::from_secs(5);
/// Stands in where there is no salt because there is no password.
const NO_SALT: &[u8; 16] = b"no password here";

/// A password in the form in which it is hashed: NFKC, so that it is the same on every keyboard (NIST SP 800-63B §5.1.1.2).
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Why a new password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Fewer characters than [`FEWEST`].
    TooShort,
    /// More characters than [`MOST`].
    TooLong,
    /// Among the first that anybody would try.
    Common,
}

impl Password {
    /// What somebody typed; `None` when no password of ours can be so long.
    pub fn typed(text: &str) -> Option<Self> {
        // Normal forms can be 18 times as long as what they are made of; that is bounded by what a form may hold.
        let password = Zeroizing::new(text.nfkc().collect::<String>());
        (password.chars().count() <= MOST).then_some(Self(password))
    }

    /// A password that somebody chose.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn chosen(text: &str, login: &str) -> Result<Self, Fault> {
        let password = Self::typed(text).ok_or(Fault::TooLong)?;
        if password.0.chars().count() < FEWEST {
            Err(Fault::TooShort)
        } else if common::is_common(&password.0, login) {
            Err(Fault::Common)
        } else {
            Ok(password)
        }
    }
}

/// Too many passwords are being hashed: ask again shortly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at once")]
pub struct Busy;

/// Hashes passwords (Argon2id with OWASP's parameters: 19 MiB, 2 passes), a few at once, away from the threads that serve
/// requests. Whoever cannot be served soon is turned away.
#[derive(Clone)]
pub struct Hasher {
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Hasher {
    /// One that hashes so many at once.
    pub fn new(at_once: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once.max(1))),
            queue: Arc::new(Semaphore::new(at_once.max(1) + QUEUE)),
        }
    }

    /// The hash to store.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn hash(&self, password: Password, random: &Random) -> Result<String, Busy> {
        let mut salt = [0; 16];
        random(&mut salt);
        let hash = self.run(move || {
            Argon2::default()
                .hash_password_with_salt(password.0.as_bytes(), &salt)
                .map(|hash| hash.to_string())
        });
        // The parameters are the library's own and the lengths are bounded: hashing does not fail.
        hash.await?.map_err(|_| Busy)
    }

    /// Whether it is the password of this hash. Without a hash it takes as long, and is not.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn verify(&self, password: Password, hash: Option<String>) -> Result<bool, Busy> {
        self.run(move || {
            let argon2 = Argon2::default();
            let password = password.0.as_bytes();
            match hash.as_deref().map(PasswordHash::new) {
                Some(Ok(hash)) => argon2.verify_password(password, &hash).is_ok(),
                Some(Err(_)) | None => {
                    let mut out = [0; 32];
                    let _ = argon2.hash_password_into(password, NO_SALT, &mut out);
                    std::hint::black_box(out);
                    false
                }
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let _place = self.queue.clone().try_acquire_owned().map_err(|_| Busy)?;
        let turn = tokio::time::timeout(WAIT, self.turns.clone().acquire_owned());
        let turn: OwnedSemaphorePermit = turn.await.map_err(|_| Busy)?.map_err(|_| Busy)?;
        // The turn goes along: a client that hangs up does not make room for another while its work goes on.
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| Busy)
    }
}

/// The hash of an account's password.
///
/// # Errors
/// [`StoreError`].
pub async fn find(db: &PgPool, tenant: &str, account: Uuid) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select hash from passwords where tenant = $1 and account = $2",
        tenant,
        account,
    )
    .fetch_optional(db)
    .await?)
}

/// Gives an account a password, in place of the one it has.
///
/// # Errors
/// [`StoreError`].
pub async fn put(
    connection: &mut PgConnection,
    tenant: &str,
    account: Uuid,
    hash: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into passwords (account, tenant, hash, changed_at) values ($1, $2, $3, $4)
         on conflict (account) do update set hash = excluded.hash, changed_at = excluded.changed_at",
        account,
        tenant,
        hash,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    fn random() -> Random {
        Arc::new(|bytes: &mut [u8]| bytes.fill(7))
    }

    #[test]
    fn a_new_password_is_long_and_not_common() {
        let fault = |text: &str| Password::chosen(text, "jane").err();
        assert_eq!(fault("elevenchars"), Some(Fault::TooShort));
        assert_eq!(fault("password2024"), Some(Fault::Common));
        assert_eq!(fault(&"ab cd ef ".repeat(40)), Some(Fault::TooLong));
        assert_eq!(fault("twelve chars"), None);
        // Characters are counted, not bytes.
        assert_eq!(fault("ключи от дом"), None);
        assert_eq!(fault("ключи от до"), Some(Fault::TooShort));
    }

    #[tokio::test]
    async fn a_password_is_the_same_on_every_keyboard() {
        let hasher = Hasher::new(1);
        // e with an accent in one character, and full-width digits.
        let hash = hasher
            .hash(password("caf\u{e9} 1234 morning"), &random())
            .await
            .unwrap();
        let typed = password("cafe\u{301} \u{ff11}\u{ff12}\u{ff13}\u{ff14} morning");
        assert!(hasher.verify(typed, Some(hash.clone())).await.unwrap());
        assert!(
            !hasher
                .verify(password("cafe 1234 morning"), Some(hash))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn hashes_follow_owasp_and_no_hash_is_never_right() {
        let hasher = Hasher::new(1);
        let hash = hasher
            .hash(password("twelve chars"), &random())
            .await
            .unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        for none in [None, Some(String::new()), Some("$argon2id$".to_owned())] {
            assert!(!hasher.verify(password("twelve chars"), none).await.unwrap());
        }
    }

    #[tokio::test]
    async fn whoever_would_wait_too_long_is_turned_away() {
        let hasher = Hasher::new(1);
        let taken = hasher
            .queue
            .clone()
            .acquire_many_owned(1 + QUEUE as u32)
            .await
            .unwrap();
        assert_eq!(
            hasher.verify(password("twelve chars"), None).await,
            Err(Busy)
        );
        drop(taken);
        assert_eq!(
            hasher.verify(password("twelve chars"), None).await,
            Ok(false)
        );
    }
}
