//! `auth clients`.

use std::io::Read;

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::{NOT_FOUND, OK, Place, REFUSED, table};
use crate::client::administer::{self, ChangeError};
use crate::client::document::ClientDocument;
use crate::client::register::Written;
use crate::client::store::{self, Registered};
use crate::directory::page::Page;
use crate::routes::clients::ClientView;
use crate::system_random;

/// Clients read at a time.
const PAGE: i64 = 200;
/// No description of a client is larger.
const MAX_FILE: u64 = 256 * 1024;

pub(super) async fn list(place: &Place, as_json: bool) -> anyhow::Result<u8> {
    let clients = all(place).await?;
    if as_json {
        let views: Vec<ClientView> = clients.into_iter().map(Into::into).collect();
        println!("{}", json!({ "clients": views }));
        return Ok(OK);
    }
    let mut table = table([
        "client",
        "status",
        "origin",
        "persona",
        "obtains tokens by",
        "changed",
    ]);
    for registered in &clients {
        let client = &registered.client;
        let grants: Vec<_> = client
            .grant_types
            .iter()
            .map(|grant| grant.as_str())
            .collect();
        table.add_row([
            client.id.clone(),
            registered.status.as_str().to_owned(),
            registered.origin.as_str().to_owned(),
            client.persona.to_string(),
            grants.join(" "),
            registered.updated_at.format(&Rfc3339)?,
        ]);
    }
    println!("{table}");
    Ok(OK)
}

async fn all(place: &Place) -> anyhow::Result<Vec<Registered>> {
    let mut clients: Vec<Registered> = Vec::new();
    loop {
        let after = clients.last().map(|last| last.client.id.clone());
        let page = Page {
            after: after.unwrap_or_default(),
            limit: PAGE,
        };
        let (part, next) = store::list(&place.db, &place.tenant, &page).await?;
        clients.extend(part);
        if next.is_none() {
            return Ok(clients);
        }
    }
}

/// Reads a file, or standard input.
fn read(file: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    let source: Box<dyn Read> = match file {
        "-" => Box::new(std::io::stdin()),
        path => {
            Box::new(std::fs::File::open(path).with_context(|| format!("{path} cannot be read"))?)
        }
    };
    let read = source.take(MAX_FILE).read_to_string(&mut text);
    read.with_context(|| format!("{file} cannot be read"))?;
    Ok(text)
}

pub(super) async fn add(place: &Place, file: &str) -> anyhow::Result<u8> {
    let text = read(file)?;
    let document = serde_json::from_str::<Value>(&text)
        .and_then(ClientDocument::deserialize)
        .map_err(|error| vec![format!("not one client as JSON: {error}")]);
    let client = match document.and_then(ClientDocument::check) {
        Ok(client) => client,
        Err(faults) => {
            eprintln!("auth: the client has faults:");
            for fault in faults {
                eprintln!("    {fault}");
            }
            return Ok(REFUSED);
        }
    };
    let id = client.client_id.clone();
    let written = administer::put(
        &place.db,
        &place.tenant,
        &client,
        &system_random(),
        place.now,
    )
    .await;
    told(&id, written, |written| match written {
        Written::Created => "is registered",
        Written::Changed => "is changed; its tokens have ended, it gets new ones",
        Written::Unchanged => "was so already",
    })
}

pub(super) async fn disable(place: &Place, id: &str) -> anyhow::Result<u8> {
    let done = administer::disable(&place.db, &place.tenant, id, &system_random(), place.now).await;
    told(id, done, |done| match done {
        true => "is disabled, and its tokens have ended",
        false => "was disabled already",
    })
}

pub(super) async fn enable(place: &Place, id: &str) -> anyhow::Result<u8> {
    let done = administer::enable(&place.db, &place.tenant, id, &system_random(), place.now).await;
    told(id, done, |done| match done {
        true => "may obtain tokens again",
        false => "was enabled already",
    })
}

/// Says what came of it.
fn told<T>(
    id: &str,
    outcome: Result<T, ChangeError>,
    words: impl FnOnce(T) -> &'static str,
) -> anyhow::Result<u8> {
    match outcome {
        Ok(done) => {
            println!("{id} {}.", words(done));
            Ok(OK)
        }
        Err(ChangeError::NotFound) => {
            eprintln!("auth: this tenant has no client {id:?}; `auth clients list` shows all.");
            Ok(NOT_FOUND)
        }
        Err(error @ (ChangeError::FromFile | ChangeError::Removed)) => {
            eprintln!("auth: {id}: {error}.");
            Ok(REFUSED)
        }
        Err(ChangeError::Store(error)) => Err(error.into()),
    }
}
