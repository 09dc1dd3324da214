//! One bundle file: read, unpack, parse, check.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use uuid::Uuid;

use super::{Error, Resource};

/// Largest bundle, unpacked.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// An entry of a bundle that holds a resource.
pub struct BundleEntry {
    /// Its place in the bundle.
    pub index: usize,
    /// Where the bundle says the resource lives.
    pub full_url: Option<String>,
    method: Option<String>,
    resource: Value,
}

/// Reads the entries of a bundle file; entries without a resource, and outcomes of a search, are left out.
pub fn read(path: &Path) -> Result<Vec<BundleEntry>, Error> {
    let bytes = bytes(path)?;
    let mut bundle: Value = serde_json::from_slice(&bytes).map_err(|source| Error::Json {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |reason: String| Error::Bundle {
        path: path.to_owned(),
        reason,
    };
    if bundle["resourceType"] != "Bundle" {
        return Err(wrong("not a FHIR Bundle".to_owned()));
    }
    let kind = bundle["type"].as_str().unwrap_or("(none)");
    if !matches!(kind, "transaction" | "batch" | "collection" | "searchset") {
        return Err(wrong(format!(
            "a Bundle of type {kind}; expected transaction, batch, collection or searchset"
        )));
    }
    let entries = match bundle["entry"].take() {
        Value::Array(entries) => entries,
        Value::Null => Vec::new(),
        _ => return Err(wrong("its entry member is not a list".to_owned())),
    };
    let mut kept = Vec::with_capacity(entries.len());
    for (index, mut entry) in entries.into_iter().enumerate() {
        if !entry.is_object() {
            return Err(Error::Entry {
                path: path.to_owned(),
                index,
                reason: "not an object".to_owned(),
            });
        }
        if entry["search"]["mode"] == "outcome" {
            continue;
        }
        let Some(resource) = entry
            .get_mut("resource")
            .map(Value::take)
            .filter(|resource| !resource.is_null())
        else {
            continue;
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        kept.push(BundleEntry {
            index,
            full_url: text(&entry["fullUrl"]),
            method: text(&entry["request"]["method"]),
            resource,
        });
    }
    Ok(kept)
}

fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let file = BufReader::new(File::open(path).map_err(failed)?);
    let mut bytes = Vec::new();
    let reader: Box<dyn Read> = if path.extension().is_some_and(|e| e == "gz") {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    reader
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        let reason = format!("larger than {} MiB", MAX_BYTES >> 20);
        return Err(Error::Bundle {
            path: path.to_owned(),
            reason,
        });
    }
    Ok(bytes)
}

impl BundleEntry {
    /// Type and id of the resource.
    pub fn identity(&self) -> Result<(String, String), String> {
        let kind = self.resource["resourceType"]
            .as_str()
            .filter(|kind| is_type(kind));
        let kind = kind.ok_or("its resource has no resourceType")?.to_owned();
        let own = self.resource["id"].as_str();
        let urn = self
            .full_url
            .as_deref()
            .and_then(|url| Uuid::try_parse(url.strip_prefix("urn:uuid:")?).ok());
        let id = match (own, urn) {
            (Some(own), _) if self.method.as_deref() == Some("PUT") => own.to_owned(),
            (_, Some(uuid)) => uuid.to_string(),
            (Some(own), None) => own.to_owned(),
            (None, None) => {
                return Err(format!(
                    "its {kind} has neither an id nor a urn:uuid fullUrl"
                ));
            }
        };
        if !is_id(&id) {
            return Err(format!("its {kind} has an id that FHIR does not allow"));
        }
        Ok((kind, id))
    }

    /// The resource under its final id, its references as they were.
    pub fn into_resource(self) -> Result<Resource, String> {
        let (resource_type, id) = self.identity()?;
        let mut body = self.resource;
        body["id"] = Value::String(id.clone());
        Ok(Resource {
            resource_type,
            id,
            body,
        })
    }
}

fn is_type(kind: &str) -> bool {
    kind.bytes().next().is_some_and(|b| b.is_ascii_uppercase())
        && kind.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}
