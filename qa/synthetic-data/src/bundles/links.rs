//! References inside a bundle.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::Error;
use super::file::BundleEntry;

/// fullUrl → `Type/id` for the entries of one bundle.
pub fn index(path: &Path, entries: &[BundleEntry]) -> Result<HashMap<String, String>, Error> {
    let mut known = HashMap::new();
    for entry in entries {
        let at = |reason| Error::Entry {
            path: path.to_owned(),
            index: entry.index,
            reason,
        };
        let (kind, id) = entry.identity().map_err(at)?;
        if let Some(url) = &entry.full_url
            && known.insert(key(url), format!("{kind}/{id}")).is_some()
        {
            return Err(at("its fullUrl is used by an earlier entry too".to_owned()));
        }
    }
    Ok(known)
}

/// The form under which a fullUrl is looked up; UUIDs are the same in either case.
pub fn key(url: &str) -> String {
    if is_urn(url) {
        url.to_ascii_lowercase()
    } else {
        url.to_owned()
    }
}

/// Whether a reference can only be meant for an entry of a bundle.
pub fn is_urn(target: &str) -> bool {
    target
        .get(..9)
        .is_some_and(|head| head.eq_ignore_ascii_case("urn:uuid:"))
}

/// Replaces the target of every absolute reference in `value` for which `lookup` knows a better one.
pub fn resolve(
    value: &mut Value,
    lookup: &mut impl FnMut(&str) -> Result<Option<String>, Error>,
) -> Result<(), Error> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| resolve(item, lookup)),
        Value::Object(members) => members
            .iter_mut()
            .try_for_each(|(name, member)| match member {
                Value::String(target) if name == "reference" => {
                    if target.contains(':')
                        && let Some(better) = lookup(target)?
                    {
                        *target = better;
                    }
                    Ok(())
                }
                other => resolve(other, lookup),
            }),
        _ => Ok(()),
    }
}
