//! What an account can prove itself with, and how much of it each persona has to.

use access_token::{Acr, Amr, Persona};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::db::StoreError;
use crate::session::Proven;

/// What an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factors {
    /// A password.
    pub password: bool,
    /// An authenticator app.
    pub app: bool,
    /// So many passkeys.
    pub passkeys: i64,
}

impl Factors {
    /// The most that it can prove.
    pub fn strongest(self) -> Acr {
        if self.passkeys > 0 || (self.password && self.app) {
            Acr::Aal2
        } else {
            Acr::Aal1
        }
    }

    /// Whether somebody of this persona can still sign in.
    pub fn are_enough_for(self, persona: Persona) -> bool {
        match persona {
            Persona::Patient => self.password || self.passkeys > 0,
            Persona::Provider => self.strongest() >= Acr::Aal2,
            Persona::Admin => self.passkeys > 0,
            Persona::System => false,
        }
    }
}

/// Whether what was proven lets somebody of this persona in. Patients may come with one factor, providers need two,
/// administrators a passkey.
pub fn admits(persona: Persona, proven: &Proven) -> bool {
    match persona {
        Persona::Patient => !proven.amr.is_empty(),
        Persona::Provider => proven.acr() >= Acr::Aal2,
        Persona::Admin => proven.amr.contains(&Amr::Pop),
        Persona::System => false,
    }
}

/// What the account has.
///
/// # Errors
/// [`StoreError`].
pub async fn of(
    db: impl PgExecutor<'_>,
    tenant: &str,
    account: Uuid,
) -> Result<Factors, StoreError> {
    Ok(sqlx::query_as!(
        Factors,
        r#"select exists (select from passwords where tenant = $1 and account = $2) as "password!",
                  exists (select from authenticator_apps where tenant = $1 and account = $2) as "app!",
                  (select count(*) from passkeys where tenant = $1 and account = $2) as "passkeys!""#,
        tenant,
        account,
    )
    .fetch_one(db)
    .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_persona_has_its_floor() {
        let proofs: [&[Amr]; 4] = [&[], &[Amr::Pwd], &[Amr::Pwd, Amr::Otp], &[Amr::Pop]];
        let admitted = |persona| {
            proofs.map(|amr| {
                let proven = Proven { amr: amr.to_vec() };
                admits(persona, &proven)
            })
        };
        assert_eq!(admitted(Persona::Patient), [false, true, true, true]);
        assert_eq!(admitted(Persona::Provider), [false, false, true, true]);
        assert_eq!(admitted(Persona::Admin), [false, false, false, true]);
        assert_eq!(admitted(Persona::System), [false; 4]);
    }

    #[test]
    fn what_is_enough_to_sign_in_is_what_admits() {
        for password in [false, true] {
            for app in [false, true] {
                for passkeys in [0, 1] {
                    let factors = Factors {
                        password,
                        app,
                        passkeys,
                    };
                    let mut proofs = Vec::new();
                    if passkeys > 0 {
                        proofs.push(vec![Amr::Pop]);
                    }
                    match (password, app) {
                        (true, true) => proofs.push(vec![Amr::Pwd, Amr::Otp]),
                        (true, false) => proofs.push(vec![Amr::Pwd]),
                        (false, _) => {}
                    }
                    for persona in Persona::ALL {
                        let can = proofs
                            .iter()
                            .any(|amr| admits(persona, &Proven { amr: amr.clone() }));
                        assert_eq!(
                            factors.are_enough_for(persona),
                            can,
                            "{persona} {factors:?}"
                        );
                    }
                }
            }
        }
    }
}
