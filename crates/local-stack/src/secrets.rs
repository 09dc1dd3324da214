//! Development keys and passwords: generated once per checkout, never leaving it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use access_token::key::SigningKey;
use alloy::primitives::{B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use anyhow::{Context, Result};
use p256::SecretKey;
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde_json::Value;

use crate::folders::{private_folder, write_private};
use crate::layout::Layout;

/// What [`crate::layout::Layout::render_env`] calls `{secrets}`, read into memory.
#[derive(Clone)]
pub struct Secrets {
    /// Where the files are.
    pub folder: PathBuf,
    /// Password of the database cluster's administrator.
    pub postgres_admin: String,
    /// Database (and role) → password.
    pub databases: BTreeMap<String, String>,
    /// The object store's access key.
    pub s3_access_key: String,
    /// The object store's secret key.
    pub s3_secret_key: String,
    /// OAuth client → private JWK (JSON text).
    pub client_keys: BTreeMap<String, String>,
    /// The account that the relay sends transactions from. Of its own key, since whoever else used it would use up its
    /// nonces.
    pub relay_account: PrivateKeySigner,
    chain_seed: B256,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Secrets {
    /// Reads what is there and generates what is missing.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn load_or_generate(folder: &Path, layout: &Layout) -> Result<Self> {
        private_folder(folder)?;
        let text = |name: &str| hexadecimal(&folder.join(name));
        let databases = layout.postgres.databases.iter();
        let client_keys = layout.clients.iter();
        text("key-encryption-key.hex")?;
        text("pseudonym-key.hex")?;
        let relay_account: B256 = text("relay-account-key.hex")?
            .parse()
            .context("relay-account-key.hex")?;
        Ok(Self {
            folder: folder.to_owned(),
            postgres_admin: text("postgres-admin.password")?,
            databases: databases
                .map(|name| Ok((name.clone(), text(&format!("postgres-{name}.password"))?)))
                .collect::<Result<_>>()?,
            s3_access_key: text("s3-access-key")?[..20].to_owned(),
            s3_secret_key: text("s3-secret-key")?,
            client_keys: client_keys
                .map(|client| {
                    let jwk = file(&folder.join(format!("{}.jwk.json", client.id)), || {
                        private_jwk(&random_p256()?)
                    })?;
                    Ok((client.id.clone(), jwk))
                })
                .collect::<Result<_>>()?,
            relay_account: PrivateKeySigner::from_bytes(&relay_account)
                .context("relay-account-key.hex; remove it to have a new one")?,
            chain_seed: text("chain-seed.hex")?.parse().context("chain-seed.hex")?,
        })
    }

    /// A copy of the key files for one running stack, which adds files of its own to them.
    ///
    /// # Errors
    /// When a file cannot be copied.
    pub fn copy_to(&self, folder: &Path) -> Result<()> {
        private_folder(folder)?;
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let name = entry.file_name();
            let is_key = [".jwk.json", "-key.hex"]
                .iter()
                .any(|end| name.to_string_lossy().ends_with(end));
            if is_key {
                write_private(&folder.join(&name), &fs::read_to_string(entry.path())?)?;
            }
        }
        Ok(())
    }

    /// The public half of a client's key.
    ///
    /// # Errors
    /// When there is no such client or its key is broken.
    pub fn public_jwk(&self, client: &str) -> Result<Value> {
        let private = self
            .client_keys
            .get(client)
            .with_context(|| format!("client {client} has no key"))?;
        let key =
            SigningKey::from_jwk(private).with_context(|| format!("the key of client {client}"))?;
        Ok(serde_json::to_value(key.public())?)
    }

    /// The chain key of an organisation: always the same in this checkout.
    ///
    /// # Errors
    /// Never in practice: one of 2^128 labels has no key.
    pub fn organization_key(&self, id: &str) -> Result<PrivateKeySigner> {
        self.chain_key("organization", id)
    }

    /// The chain key of a patient: always the same in this checkout.
    ///
    /// # Errors
    /// As [`Self::organization_key`].
    pub fn patient_key(&self, fhir_id: &str) -> Result<PrivateKeySigner> {
        self.chain_key("patient", fhir_id)
    }

    fn chain_key(&self, kind: &str, id: &str) -> Result<PrivateKeySigner> {
        let label = [
            self.chain_seed.as_slice(),
            kind.as_bytes(),
            b"/",
            id.as_bytes(),
        ]
        .concat();
        PrivateKeySigner::from_bytes(&keccak256(label)).context("chain key")
    }
}

/// A file's text; written by `make` when there is none.
fn file(path: &Path, make: impl FnOnce() -> Result<String>) -> Result<String> {
    if !path.exists() {
        write_private(path, &make()?)?;
    }
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    Ok(text.trim().to_owned())
}

/// 64 hexadecimal digits.
fn hexadecimal(path: &Path) -> Result<String> {
    let text = file(path, || Ok(alloy::hex::encode(random_bytes()?)))?;
    let sane = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    anyhow::ensure!(
        sane,
        "{} does not hold 64 hexadecimal digits; remove it to have a new one",
        path.display()
    );
    Ok(text)
}

fn random_bytes() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    OsRng
        .try_fill_bytes(&mut bytes)
        .context("the system's random numbers")?;
    Ok(bytes)
}

fn random_p256() -> Result<SecretKey> {
    loop {
        // Nearly every 32 bytes are a key.
        if let Ok(key) = SecretKey::from_slice(&random_bytes()?) {
            return Ok(key);
        }
    }
}

fn private_jwk(key: &SecretKey) -> Result<String> {
    let bare = key.to_jwk_string();
    let named = SigningKey::from_jwk(&bare)?;
    let mut jwk: Value = serde_json::from_str(&bare)?;
    for (name, value) in serde_json::to_value(named.public())?
        .as_object()
        .into_iter()
        .flatten()
    {
        jwk[name] = value.clone();
    }
    Ok(jwk.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn layout() -> Layout {
        Layout::parse(include_str!("../../../infra/stack.toml")).unwrap()
    }

    #[test]
    fn secrets_are_generated_once_and_only_their_owner_may_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = folder.path().join("secrets");
        let first = Secrets::load_or_generate(&secrets, &layout()).unwrap();
        let second = Secrets::load_or_generate(&secrets, &layout()).unwrap();
        assert_eq!(first.postgres_admin, second.postgres_admin);
        assert_eq!(first.client_keys, second.client_keys);
        assert_eq!(
            first.patient_key("p").unwrap(),
            second.patient_key("p").unwrap()
        );
        for entry in fs::read_dir(&secrets).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(
            fs::metadata(&secrets).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }

    #[test]
    fn two_checkouts_share_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let one = Secrets::load_or_generate(&folder.path().join("one"), &layout()).unwrap();
        let two = Secrets::load_or_generate(&folder.path().join("two"), &layout()).unwrap();
        assert_ne!(one.s3_secret_key, two.s3_secret_key);
        assert_ne!(one.client_keys["clinic-a"], two.client_keys["clinic-a"]);
        assert_ne!(one.patient_key("p").unwrap(), two.patient_key("p").unwrap());
    }

    #[test]
    fn a_clients_public_key_holds_no_private_part_and_every_party_has_its_own_key() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::load_or_generate(folder.path(), &layout()).unwrap();
        let public = secrets.public_jwk("clinic-a").unwrap();
        assert!(
            public.get("d").is_none() && public["kid"].is_string(),
            "{public}"
        );
        assert_ne!(
            secrets.patient_key("clinic-a").unwrap(),
            secrets.organization_key("clinic-a").unwrap()
        );
        assert_ne!(
            secrets.organization_key("clinic-b").unwrap(),
            secrets.organization_key("clinic-a").unwrap()
        );
    }
}
