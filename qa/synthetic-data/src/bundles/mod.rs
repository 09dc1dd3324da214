//! Reads FHIR R4 Bundles from a folder and hands out their single resources.
//!
//! Files end in `.json` or `.json.gz`; bundles are of type transaction, batch, collection or searchset. A resource
//! whose entry has a `urn:uuid:` fullUrl gets that UUID as its id (unless the entry is a PUT with an id), and references
//! to entries of a bundle become `Type/id`. Everything else (relative, conditional and contained references) stays as
//! it is. `manifest.json` is skipped: it is our generator's own.

mod file;
mod links;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::fs;
use std::hash::Hasher;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use serde_json::Value;

use crate::{json, manifest};

/// One resource, out of its bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// FHIR type.
    pub resource_type: String,
    /// Logical id.
    pub id: String,
    /// The whole resource, id included.
    pub body: Value,
}

impl Resource {
    /// `Type/id`.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.resource_type, self.id)
    }

    /// Id of the Patient that `subject` (else `patient`) refers to.
    pub fn patient(&self) -> Option<&str> {
        let about = self
            .body
            .get("subject")
            .or_else(|| self.body.get("patient"))?;
        about.get("reference")?.as_str()?.strip_prefix("Patient/")
    }

    /// Category codes, without repetitions.
    pub fn categories(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = Vec::new();
        for category in self.body["category"].as_array().into_iter().flatten() {
            for coding in category["coding"].as_array().into_iter().flatten() {
                codes.extend(coding["code"].as_str());
            }
        }
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

/// What went wrong, and in which file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading or writing failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds no bundle.
    #[error("{}: no FHIR bundle (*.json, *.json.gz) in this folder", .0.display())]
    NoBundles(PathBuf),
    /// Not JSON.
    #[error("{}: not valid JSON: {source}", path.display())]
    Json {
        /// Where.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// JSON, but not a bundle that can be used.
    #[error("{}: {reason}", path.display())]
    Bundle {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An entry of a bundle cannot be used.
    #[error("{}: entry {index}: {reason}", path.display())]
    Entry {
        /// Where.
        path: PathBuf,
        /// Which entry, from 0.
        index: usize,
        /// Why.
        reason: String,
    },
}

/// What a pass over a folder saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Bundles read.
    pub files: u64,
    /// Resources handed out.
    pub resources: u64,
    /// Resources that had been there already, in an earlier bundle.
    pub repeated: u64,
}

/// All resources of the bundles in `path` (a folder, or one file), ordered by file name and place in the bundle.
pub fn load_folder(path: &Path) -> Result<Vec<Resource>, Error> {
    let mut resources = Vec::new();
    for_each(path, |resource| {
        resources.push(resource);
        Ok(())
    })?;
    Ok(resources)
}

/// Hands out the resources of the bundles in `path` one by one, holding one bundle in memory at a time.
///
/// A resource that several bundles bring is handed out once. Bundles that disagree about one are an error, except
/// about resources that are about no patient (organisations and the like), where the first one counts.
pub fn for_each(
    path: &Path,
    mut take: impl FnMut(Resource) -> Result<(), Error>,
) -> Result<Summary, Error> {
    let files = bundle_files(path)?;
    let mut summary = Summary::default();
    let mut seen: HashMap<String, (u64, usize)> = HashMap::new();
    let everywhere = OnceCell::new();
    for (number, file) in files.iter().enumerate() {
        let entries = file::read(file)?;
        let local = links::index(file, &entries)?;
        for entry in entries {
            let index = entry.index;
            let at = |reason| Error::Entry {
                path: file.clone(),
                index,
                reason,
            };
            let mut resource = entry.into_resource().map_err(at)?;
            links::resolve(
                &mut resource.body,
                &mut |target| match local.get(&links::key(target)) {
                    Some(found) => Ok(Some(found.clone())),
                    None if links::is_urn(target) => {
                        if everywhere.get().is_none() {
                            let all = index_all(&files)?;
                            let _ = everywhere.set(all);
                        }
                        match everywhere
                            .get()
                            .and_then(|all| all.get(&links::key(target)))
                        {
                            Some(found) => Ok(Some(found.clone())),
                            None => Err(at(format!(
                                "the reference {target} leads to no entry of any bundle here"
                            ))),
                        }
                    }
                    None => Ok(None),
                },
            )?;
            match seen.entry(resource.reference()) {
                Entry::Vacant(place) => {
                    place.insert((digest(&resource.body), number));
                    summary.resources += 1;
                    take(resource)?;
                }
                Entry::Occupied(place) => {
                    let (known, first) = *place.get();
                    if known != digest(&resource.body)
                        && !is_about_no_patient(&resource.resource_type)
                    {
                        let reason = format!(
                            "{} differs from the one in {}",
                            resource.resource_type,
                            files[first].display()
                        );
                        return Err(at(reason));
                    }
                    summary.repeated += 1;
                }
            }
        }
        summary.files += 1;
    }
    Ok(summary)
}

/// Writes the resources of the bundles in `from` to `out`, one JSON object a line; gzipped when `out` ends in `.gz`.
/// `out` appears only when it is complete; an earlier one is replaced.
pub fn import(from: &Path, out: &Path, mut progress: impl FnMut(u64)) -> Result<Summary, Error> {
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let failed = |source| Error::Io {
        path: partial.clone(),
        source,
    };
    let file = BufWriter::new(fs::File::create(&partial).map_err(failed)?);
    let mut sink = if out.extension().is_some_and(|e| e == "gz") {
        Sink::Gzip(
            GzBuilder::new()
                .mtime(0)
                .write(file, Compression::default()),
        )
    } else {
        Sink::Plain(file)
    };
    let mut written = 0;
    let result = for_each(from, |resource| {
        let out = sink.writer();
        json::write(out, &resource.body)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(failed)?;
        written += 1;
        progress(written);
        Ok(())
    })
    .and_then(|summary| sink.finish().map(|()| summary).map_err(failed));
    match result {
        Ok(summary) => {
            fs::rename(&partial, out).map_err(|source| Error::Io {
                path: out.to_owned(),
                source,
            })?;
            Ok(summary)
        }
        Err(error) => {
            let _ = fs::remove_file(&partial);
            Err(error)
        }
    }
}

enum Sink {
    Plain(BufWriter<fs::File>),
    Gzip(flate2::write::GzEncoder<BufWriter<fs::File>>),
}

impl Sink {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Sink::Plain(out) => out,
            Sink::Gzip(out) => out,
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Sink::Plain(mut out) => out.flush(),
            Sink::Gzip(out) => out.finish()?.flush(),
        }
    }
}

fn bundle_files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(failed)?.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for item in fs::read_dir(path).map_err(failed)? {
        let file = item.map_err(failed)?.path();
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let wanted =
            (name.ends_with(".json") || name.ends_with(".json.gz")) && name != manifest::FILE_NAME;
        if wanted && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        Err(Error::NoBundles(path.to_owned()))
    } else {
        Ok(files)
    }
}

fn index_all(files: &[PathBuf]) -> Result<HashMap<String, String>, Error> {
    let mut all = HashMap::new();
    for file in files {
        all.extend(links::index(file, &file::read(file)?)?);
    }
    Ok(all)
}

fn digest(body: &Value) -> u64 {
    struct Digest(DefaultHasher);
    impl Write for Digest {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut digest = Digest(DefaultHasher::new());
    // Hashing cannot fail.
    let _ = json::write(&mut digest, body);
    digest.0.finish()
}

fn is_about_no_patient(resource_type: &str) -> bool {
    matches!(
        resource_type,
        "Organization"
            | "Practitioner"
            | "PractitionerRole"
            | "Location"
            | "HealthcareService"
            | "Medication"
            | "Substance"
    )
}
