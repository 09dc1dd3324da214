//! `auth keys`.

use std::sync::Arc;

use time::Duration;
use time::format_description::well_known::Rfc3339;

use super::{NOT_FOUND, OK, Place, table};
use crate::config::KeyEncryptionKey;
use crate::routes::keys::{KeyList, KeyView};
use crate::system_random;
use crate::token::keys::seal::FileKeyProvider;
use crate::token::keys::state::{Key, Rules};
use crate::token::keys::{self, CompromiseError, Keys};

/// As auth-service has them when nothing is said. Only the service ends the time of a key that signs; the other times are
/// the same for all.
fn rules() -> Rules {
    Rules::signing_for(Duration::days(30))
}

fn open(place: &Place, key: KeyEncryptionKey) -> Keys {
    let provider = Arc::new(FileKeyProvider::new(key.0));
    let (db, random) = (place.db.clone(), system_random());
    Keys::new(db, &place.tenant, provider, random, rules())
}

pub(super) async fn list(place: &Place, json: bool) -> anyhow::Result<u8> {
    let keys = keys::list(&place.db, &place.tenant).await?;
    print(&keys, json)?;
    if keys.is_empty() {
        eprintln!("auth: this tenant has no key yet; auth-service makes one at its first start.");
    }
    Ok(OK)
}

fn print(keys: &[Key], json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(&KeyList::of(keys, &rules()))?);
        return Ok(());
    }
    let mut table = table(["kid", "state", "since", "created"]);
    for key in keys {
        table.add_row([
            key.kid.clone(),
            key.state.to_string(),
            key.since.format(&Rfc3339)?,
            key.created_at.format(&Rfc3339)?,
        ]);
    }
    println!("{table}");
    Ok(())
}

pub(super) async fn rotate(place: &Place, key: KeyEncryptionKey, json: bool) -> anyhow::Result<u8> {
    let keys = open(place, key);
    let rotation = keys.rotate(place.now).await?;
    if json {
        let view = KeyView::of(&rotation.successor, keys.rules());
        println!("{}", serde_json::to_string(&view)?);
        return Ok(OK);
    }
    let how = if rotation.is_new {
        "is published now"
    } else {
        "was on its way already"
    };
    println!(
        "{} {how} and signs from {} on, once a running auth-service lets it.",
        rotation.successor.kid,
        rotation.signs_from.format(&Rfc3339)?
    );
    Ok(OK)
}

pub(super) async fn compromise(
    place: &Place,
    key: KeyEncryptionKey,
    kid: &str,
    json: bool,
) -> anyhow::Result<u8> {
    let keys = open(place, key);
    match keys.compromise(kid, place.now).await {
        Ok(()) => {}
        Err(CompromiseError::Already) => {
            eprintln!("auth: {kid} is known to be compromised already; nothing was changed.");
        }
        Err(CompromiseError::NotFound) => {
            eprintln!("auth: this tenant has no key {kid:?}; `auth keys list` shows all.");
            return Ok(NOT_FOUND);
        }
        Err(CompromiseError::Keys(error)) => return Err(error.into()),
    }
    print(&keys.list().await?, json)?;
    Ok(OK)
}
