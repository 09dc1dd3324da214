//! Passkeys (WebAuthn). The person unlocks one with a finger, a face or a PIN, so it counts for two factors.

use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, CreationChallengeResponse, CredentialID, DiscoverableAuthentication,
    DiscoverableKey, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, RequestChallengeResponse,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::db::StoreError;

/// The most passkeys of an account.
pub const MOST: i64 = 20;

/// Why a passkey was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the passkey's answer does not hold")]
pub struct Refused;

/// Asks for passkeys and checks what comes back.
#[derive(Debug, Clone)]
pub struct Passkeys(Webauthn);

/// A passkey of an account.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id with us.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub added_at: OffsetDateTime,
    /// When it was last used.
    pub used_at: Option<OffsetDateTime>,
}

impl Passkeys {
    /// For the pages of this origin. `None` where there can be none: browsers bind passkeys to a domain, and an IP address
    /// is none.
    pub fn for_origin(origin: &str, site: &str) -> Option<Self> {
        let origin: Url = origin.parse().ok()?;
        let domain = origin.domain()?.to_owned();
        let builder = WebauthnBuilder::new(&domain, &origin).ok()?.rp_name(site);
        Some(Self(builder.build().ok()?))
    }

    /// What the browser is asked, so that it makes a passkey; and what to remember until it answers.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn ask_for_new(
        &self,
        account: Uuid,
        login: &str,
        known: Vec<CredentialID>,
    ) -> Result<(CreationChallengeResponse, PasskeyRegistration), Refused> {
        let (mut asked, state) = self
            .0
            .start_passkey_registration(account, login, login, Some(known))
            .map_err(refused)?;
        // It has to be found without a name being typed.
        if let Some(selection) = &mut asked.public_key.authenticator_selection {
            selection.require_resident_key = true;
            selection.resident_key = serde_json::from_value(Value::from("required")).ok();
        }
        Ok((asked, state))
    }

    /// Checks the browser's answer.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn made(
        &self,
        answer: &RegisterPublicKeyCredential,
        state: &PasskeyRegistration,
    ) -> Result<Passkey, Refused> {
        self.0
            .finish_passkey_registration(answer, state)
            .map_err(refused)
    }

    /// What the browser is asked, so that it shows any passkey it has for us.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn ask(&self) -> Result<(RequestChallengeResponse, DiscoverableAuthentication), Refused> {
        self.0.start_discoverable_authentication().map_err(refused)
    }

    /// Whose passkey the browser says it is, not proven yet: the account's id and the credential's.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn claimed<'a>(
        &self,
        answer: &'a PublicKeyCredential,
    ) -> Result<(Uuid, &'a [u8]), Refused> {
        self.0
            .identify_discoverable_authentication(answer)
            .map_err(refused)
    }

    /// Checks the browser's answer against the passkey: the signature, the challenge, the origin, that the person unlocked
    /// it, and that its counter went up.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn shown(
        &self,
        answer: &PublicKeyCredential,
        state: DiscoverableAuthentication,
        passkey: &Passkey,
    ) -> Result<AuthenticationResult, Refused> {
        let key = DiscoverableKey::from(passkey);
        let shown = self
            .0
            .finish_discoverable_authentication_v2(answer, state, &key)
            .map_err(refused)?;
        if shown.user_verified() {
            Ok(shown)
        } else {
            Err(Refused)
        }
    }
}

fn refused(error: webauthn_rs::prelude::WebauthnError) -> Refused {
    tracing::info!(check = %error, "passkey refused");
    Refused
}

/// The account's passkeys, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list(db: &PgPool, tenant: &str, account: Uuid) -> Result<Vec<Stored>, StoreError> {
    Ok(sqlx::query_as!(
        Stored,
        "select id, name, added_at, used_at from passkeys where tenant = $1 and account = $2 order by added_at, id",
        tenant,
        account,
    )
    .fetch_all(db)
    .await?)
}

/// The ids by which authenticators know the account's passkeys.
///
/// # Errors
/// [`StoreError`].
pub async fn credentials(
    db: &PgPool,
    tenant: &str,
    account: Uuid,
) -> Result<Vec<CredentialID>, StoreError> {
    let ids = sqlx::query_scalar!(
        "select credential_id from passkeys where tenant = $1 and account = $2",
        tenant,
        account,
    )
    .fetch_all(db)
    .await?;
    Ok(ids)
}

/// The passkey of this account and credential.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    tenant: &str,
    account: Uuid,
    credential: &[u8],
) -> Result<Option<Passkey>, StoreError> {
    let found = sqlx::query_scalar!(
        "select credential from passkeys where tenant = $1 and account = $2 and credential_id = $3",
        tenant,
        account,
        credential,
    )
    .fetch_optional(db)
    .await?;
    found
        .map(|value| serde_json::from_value(value).map_err(|_| StoreError::Corrupt("passkeys")))
        .transpose()
}

/// Gives an account one more passkey; false when the authenticator has one already, or there are too many.
///
/// # Errors
/// [`StoreError`].
pub async fn add(
    connection: &mut PgConnection,
    tenant: &str,
    account: Uuid,
    id: Uuid,
    passkey: &Passkey,
    name: &str,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let credential = serde_json::to_value(passkey).map_err(|_| StoreError::Corrupt("passkeys"))?;
    let done = sqlx::query!(
        "insert into passkeys (id, tenant, account, credential_id, credential, counter, name, added_at)
         select $1, $2, $3, $4, $5, 0, $6, $7
         where (select count(*) from passkeys where tenant = $2 and account = $3) < $8
         on conflict (tenant, credential_id) do nothing",
        id,
        tenant,
        account,
        &passkey.cred_id()[..],
        credential,
        name,
        now,
        MOST,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Remembers that a passkey was used. False when its counter did not go up: another process saw the same or a later use,
/// or the passkey was copied.
///
/// # Errors
/// [`StoreError`].
pub async fn used(
    connection: &mut PgConnection,
    tenant: &str,
    passkey: &mut Passkey,
    shown: &AuthenticationResult,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    passkey.update_credential(shown);
    let credential =
        serde_json::to_value(&*passkey).map_err(|_| StoreError::Corrupt("passkeys"))?;
    let done = sqlx::query!(
        "update passkeys set credential = $3, counter = $4, used_at = $5
         where tenant = $1 and credential_id = $2 and (counter < $4 or (counter = 0 and $4 = 0))",
        tenant,
        &passkey.cred_id()[..],
        credential,
        i64::from(shown.counter()),
        now,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a passkey away; false when the account has none of this id.
///
/// # Errors
/// [`StoreError`].
pub async fn remove(
    connection: &mut PgConnection,
    tenant: &str,
    account: Uuid,
    id: Uuid,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "delete from passkeys where tenant = $1 and account = $2 and id = $3",
        tenant,
        account,
        id,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_passkeys_where_there_is_a_domain() {
        let works = |origin| Passkeys::for_origin(origin, "Test").is_some();
        assert!(works("https://auth.example"));
        assert!(works("http://localhost:7001"));
        assert!(!works("http://127.0.0.1:7001"));
        assert!(!works("http://[::1]:7001"));
    }

    #[test]
    fn a_new_passkey_is_found_without_a_name_and_unlocked_by_the_person() {
        let passkeys = Passkeys::for_origin("https://auth.example", "Test").unwrap();
        let (asked, _) = passkeys
            .ask_for_new(Uuid::nil(), "jane", Vec::new())
            .unwrap();
        let asked = serde_json::to_value(asked).unwrap();
        let selection = &asked["publicKey"]["authenticatorSelection"];
        assert_eq!(selection["residentKey"], "required");
        assert_eq!(selection["requireResidentKey"], true);
        assert_eq!(selection["userVerification"], "required");
        let (asked, _) = passkeys.ask().unwrap();
        let asked = serde_json::to_value(asked).unwrap();
        assert_eq!(asked["publicKey"]["userVerification"], "required");
    }
}
