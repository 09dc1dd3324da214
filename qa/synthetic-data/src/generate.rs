//! Writes a folder of transaction Bundles, one patient each, and their manifest. Streams: memory does not grow with
//! the number of patients.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use crate::chart::{Plan, chart, shared};
use crate::json;
use crate::manifest::{Counts, FILE_NAME, PatientEntry};

/// Fewest Observations of a patient: one vital sign and one laboratory result.
pub const MIN_OBSERVATIONS: u32 = 2;
/// Most Observations of a patient.
pub const MAX_OBSERVATIONS: u32 = 10_000;
/// Most patients of a run.
pub const MAX_PATIENTS: u32 = 1_000_000;

/// What to generate.
#[derive(Debug, Clone)]
pub struct Options {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// How many patients.
    pub patients: u32,
    /// Ordinary Observations of each patient.
    pub observations_per_patient: u32,
    /// Whether bundles are gzipped.
    pub gzip: bool,
    /// Whether an earlier run's files in the folder may be replaced.
    pub force: bool,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A number is out of its range.
    #[error("{what} must be between {low} and {high}")]
    Range {
        /// Which number.
        what: &'static str,
        /// Least allowed.
        low: u32,
        /// Most allowed.
        high: u32,
    },
    /// The folder has something in it.
    #[error("{} is not empty; --force replaces the files of an earlier run", .0.display())]
    NotEmpty(PathBuf),
    /// Reading or writing failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Generates into `out`. `progress` hears after each patient how many are done.
pub fn write_folder(
    out: &Path,
    options: &Options,
    mut progress: impl FnMut(u32),
) -> Result<Counts, Error> {
    check("the number of patients", options.patients, 1, MAX_PATIENTS)?;
    check(
        "observations per patient",
        options.observations_per_patient,
        MIN_OBSERVATIONS,
        MAX_OBSERVATIONS,
    )?;
    prepare(out, options.force)?;

    let plan = Plan {
        seed: options.seed,
        patients: options.patients,
        observations: options.observations_per_patient,
    };
    let shared = shared(&plan);
    let mut counts = Counts::default();
    shared
        .iter()
        .for_each(|resource| count(&mut counts, resource));

    // The manifest gets its name last: a folder without it was not finished.
    let partial = out.join(format!("{FILE_NAME}.partial"));
    let mut manifest = Listing::create(&partial, options).map_err(at(&partial))?;
    for index in 0..plan.patients {
        let name = format!(
            "patient-{:06}.json{}",
            index + 1,
            if options.gzip { ".gz" } else { "" }
        );
        let path = out.join(&name);
        let chart = chart(&plan, index, name);
        write_bundle(&path, &chart.entry.id, &shared, &chart.own, options.gzip)
            .map_err(at(&path))?;
        counts.patients += 1;
        counts.traps += chart.entry.traps.len() as u64;
        chart
            .own
            .iter()
            .for_each(|resource| count(&mut counts, resource));
        manifest.add(&chart.entry).map_err(at(&partial))?;
        progress(index + 1);
    }
    manifest.finish(&counts).map_err(at(&partial))?;
    let finished = out.join(FILE_NAME);
    fs::rename(&partial, &finished).map_err(at(&finished))?;
    Ok(counts)
}

fn check(what: &'static str, number: u32, low: u32, high: u32) -> Result<(), Error> {
    if (low..=high).contains(&number) {
        Ok(())
    } else {
        Err(Error::Range { what, low, high })
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io {
        path: path.clone(),
        source,
    }
}

/// Makes the folder, and with `force` removes from it what an earlier run wrote, and nothing else.
fn prepare(out: &Path, force: bool) -> Result<(), Error> {
    fs::create_dir_all(out).map_err(at(out))?;
    let mut stale = Vec::new();
    for item in fs::read_dir(out).map_err(at(out))? {
        if !force {
            return Err(Error::NotEmpty(out.to_owned()));
        }
        let path = item.map_err(at(out))?.path();
        if path
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(is_ours)
        {
            stale.push(path);
        }
    }
    stale
        .iter()
        .try_for_each(|path| fs::remove_file(path).map_err(at(path)))
}

fn is_ours(name: &str) -> bool {
    let number = name
        .strip_prefix("patient-")
        .and_then(|rest| rest.strip_suffix(".json.gz").or(rest.strip_suffix(".json")));
    number.is_some_and(|n| n.len() >= 6 && n.bytes().all(|b| b.is_ascii_digit()))
        || name
            .strip_prefix(FILE_NAME)
            .is_some_and(|rest| rest.is_empty() || rest == ".partial")
}

fn count(counts: &mut Counts, resource: &Value) {
    let kind = resource["resourceType"].as_str().unwrap_or_default();
    counts.resources += 1;
    *counts.by_type.entry(kind.to_owned()).or_default() += 1;
}

fn write_bundle(
    path: &Path,
    id: &str,
    shared: &[Value],
    own: &[Value],
    gzip: bool,
) -> io::Result<()> {
    let file = BufWriter::new(File::create(path)?);
    if gzip {
        // Neither time nor name is in the header: the same seed gives the same bytes.
        let mut out = GzBuilder::new()
            .mtime(0)
            .write(file, Compression::default());
        bundle(&mut out, id, shared, own)?;
        out.finish()?.flush()
    } else {
        let mut out = file;
        bundle(&mut out, id, shared, own)?;
        out.flush()
    }
}

/// One entry a line, so that a difference can be read. References within the bundle are `urn:uuid:`, to others
/// `Type/id`.
fn bundle(out: &mut impl Write, id: &str, shared: &[Value], own: &[Value]) -> io::Result<()> {
    let resources = || shared.iter().chain(own);
    let inside: BTreeMap<String, String> = resources()
        .filter_map(|resource| {
            let (kind, id) = (resource["resourceType"].as_str()?, resource["id"].as_str()?);
            Some((format!("{kind}/{id}"), format!("urn:uuid:{id}")))
        })
        .collect();
    writeln!(
        out,
        r#"{{"resourceType":"Bundle","id":"{id}","type":"transaction","entry":["#
    )?;
    for (n, resource) in resources().enumerate() {
        let mut resource = resource.clone();
        let kind = resource["resourceType"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let id = resource["id"].as_str().unwrap_or_default().to_owned();
        relink(&mut resource, &inside);
        let entry = json!({
            "fullUrl": format!("urn:uuid:{id}"),
            "resource": resource,
            "request": {"method": "PUT", "url": format!("{kind}/{id}")},
        });
        if n > 0 {
            out.write_all(b",\n")?;
        }
        json::write(out, &entry)?;
    }
    out.write_all(b"\n]}\n")
}

fn relink(value: &mut Value, inside: &BTreeMap<String, String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| relink(item, inside)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(target) if name == "reference" => {
                        if let Some(urn) = inside.get(target.as_str()) {
                            *target = urn.clone();
                        }
                    }
                    other => relink(other, inside),
                }
            }
        }
        _ => {}
    }
}

/// The manifest, written patient by patient in the form that [`crate::manifest::Manifest`] reads.
struct Listing {
    out: BufWriter<File>,
    patients: u32,
}

impl Listing {
    fn create(path: &Path, options: &Options) -> io::Result<Self> {
        let mut out = BufWriter::new(File::create(path)?);
        let (seed, per_patient) = (options.seed, options.observations_per_patient);
        write!(
            out,
            r#"{{"format":1,"seed":{seed},"observationsPerPatient":{per_patient},"patients":["#
        )?;
        Ok(Self { out, patients: 0 })
    }

    fn add(&mut self, entry: &PatientEntry) -> io::Result<()> {
        self.out
            .write_all(if self.patients == 0 { b"\n" } else { b",\n" })?;
        self.patients += 1;
        serde_json::to_writer(&mut self.out, entry).map_err(io::Error::from)
    }

    fn finish(mut self, counts: &Counts) -> io::Result<()> {
        self.out.write_all(b"\n],\"counts\":")?;
        serde_json::to_writer(&mut self.out, counts)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}
