//! Codes of authenticator apps (RFC 6238): six digits, every half minute another.

use qrcode::QrCode;
use qrcode::render::svg;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use totp_rs::{Builder, Totp};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::code::latin_digit;
use crate::Random;
use crate::db::StoreError;
use crate::token::keys::seal::{KeyProvider, Owner, SealError};

const BYTES: usize = 20;

/// What is sealed for one account opens for no other, and for nothing else.
fn name(account: Uuid) -> String {
    format!("authenticator app of {account}")
}

/// What an app and we share.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A new one.
    pub fn generate(random: &Random) -> Self {
        let mut bytes = Zeroizing::new(vec![0; BYTES]);
        random(&mut bytes);
        Self(bytes)
    }

    /// Sealed for an account.
    ///
    /// # Errors
    /// [`SealError`].
    pub async fn seal(
        &self,
        provider: &dyn KeyProvider,
        tenant: &str,
        account: Uuid,
    ) -> Result<String, SealError> {
        let kid = name(account);
        provider.seal(Owner { tenant, kid: &kid }, &self.0).await
    }

    /// What was sealed for an account.
    ///
    /// # Errors
    /// [`SealError`].
    pub async fn open(
        provider: &dyn KeyProvider,
        tenant: &str,
        account: Uuid,
        sealed: &str,
    ) -> Result<Self, SealError> {
        let kid = name(account);
        let bytes = provider.open(Owner { tenant, kid: &kid }, sealed).await?;
        if bytes.len() == BYTES {
            Ok(Self(bytes))
        } else {
            Err(SealError::Damaged)
        }
    }

    /// The time step of which this is the code; one step early or late is tolerated, for clocks that differ.
    pub fn step_of(&self, code: &str, now: OffsetDateTime) -> Option<i64> {
        let typed = code.chars().filter(|c| !c.is_whitespace());
        let digits: String = typed.map(latin_digit).collect();
        let six = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
        if !six {
            return None;
        }
        let seconds = u64::try_from(now.unix_timestamp()).ok()?;
        let step = self.totp("", "")?.check(&digits, seconds)?;
        i64::try_from(step).ok()
    }

    /// For people who type it: base 32 in groups of four.
    pub fn show(&self) -> String {
        let Some(totp) = self.totp("", "") else {
            return String::new();
        };
        let text = totp.secret().to_base32();
        let groups: Vec<&str> = (0..text.len())
            .step_by(4)
            .map(|at| &text[at..(at + 4).min(text.len())])
            .collect();
        groups.join(" ")
    }

    /// For apps: the address that names site and account, as the picture to be photographed (SVG).
    pub fn picture(&self, site: &str, login: &str) -> Option<String> {
        let address = Zeroizing::new(self.totp(site, login)?.to_url().ok()?);
        let code = QrCode::new(address.as_bytes()).ok()?;
        // Black on white in any colour scheme: cameras insist.
        let picture = code
            .render::<svg::Color<'_>>()
            .min_dimensions(200, 200)
            .build();
        // The XML declaration has no place within a page.
        picture.find("<svg").map(|at| picture[at..].to_owned())
    }

    fn totp(&self, site: &str, login: &str) -> Option<Totp> {
        Builder::new()
            .with_secret(self.0.to_vec())
            .with_skew(1)
            .with_account_name(login)
            .with_issuer((!site.is_empty()).then_some(site))
            .build()
            .ok()
    }
}

/// The account's app as it is stored: its sealed secret.
///
/// # Errors
/// [`StoreError`].
pub async fn find(db: &PgPool, tenant: &str, account: Uuid) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select sealed from authenticator_apps where tenant = $1 and account = $2",
        tenant,
        account,
    )
    .fetch_optional(db)
    .await?)
}

/// Gives an account an app, in place of the one it has. `step` is that of the code that proved it.
///
/// # Errors
/// [`StoreError`].
pub async fn put(
    connection: &mut PgConnection,
    tenant: &str,
    account: Uuid,
    sealed: &str,
    step: i64,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into authenticator_apps (account, tenant, sealed, last_step, added_at) values ($1, $2, $3, $4, $5)
         on conflict (account) do update
             set sealed = excluded.sealed, last_step = excluded.last_step, added_at = excluded.added_at",
        account,
        tenant,
        sealed,
        step,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Uses up a step; false when it, or a later one, was used before. One statement, so that two requests cannot both pass.
///
/// # Errors
/// [`StoreError`].
pub async fn use_step(
    connection: &mut PgConnection,
    tenant: &str,
    account: Uuid,
    step: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update authenticator_apps set last_step = $3 where tenant = $1 and account = $2 and last_step < $3",
        tenant,
        account,
        step,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the app away; false when there is none.
///
/// # Errors
/// [`StoreError`].
pub async fn remove(
    connection: &mut PgConnection,
    tenant: &str,
    account: Uuid,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "delete from authenticator_apps where tenant = $1 and account = $2",
        tenant,
        account,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    /// The secret of RFC 6238, appendix B.
    fn secret() -> Secret {
        Secret(Zeroizing::new(b"12345678901234567890".to_vec()))
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(
                secret().step_of(code, at(seconds)),
                Some(seconds / 30),
                "{seconds}"
            );
        }
    }

    #[test]
    fn a_code_counts_one_step_early_or_late_and_no_more() {
        let taken = |shift: i64| secret().step_of("081804", at(1_111_111_109 + shift * 30));
        assert_eq!(
            [-2, -1, 0, 1, 2].map(|shift| taken(shift).is_some()),
            [false, true, true, true, false]
        );
        assert_eq!(taken(1), Some(1_111_111_109 / 30));
    }

    #[test]
    fn what_is_no_code_is_not_taken() {
        for text in ["", "81804", "0818040", "08180a", "+81804", "０８１８０４"] {
            assert_eq!(secret().step_of(text, at(1_111_111_109)), None, "{text}");
        }
        for text in [" 081 804 ", "۰۸۱۸۰۴", "٠٨١٨٠٤"] {
            assert!(
                secret().step_of(text, at(1_111_111_109)).is_some(),
                "{text}"
            );
        }
    }

    #[test]
    fn the_picture_is_an_image_for_a_page() {
        let picture = secret()
            .picture("General Hospital", "jane@example.org")
            .unwrap();
        assert!(
            picture.starts_with("<svg") && picture.ends_with("</svg>"),
            "{picture:.60}"
        );
        assert_eq!(secret().show(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }
}
