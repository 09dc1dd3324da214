//! Which patients there are: read from FHIR Bundles, put into one file for the FHIR server.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use synthetic_data::{Resource, load_folder, pick_walkthrough_patient};

/// Reads `data` (a folder of Bundles, or one NDJSON file) and writes its resources to `out`, one a line.
/// Returns ids of at most `most` patients; the one to show the system on comes first.
///
/// # Errors
/// When the data cannot be read or holds no patient.
pub fn load(data: &Path, out: &Path, most: usize) -> Result<Vec<String>> {
    let resources = if data
        .extension()
        .is_some_and(|extension| extension == "ndjson")
    {
        read_lines(data)?
    } else {
        load_folder(data).with_context(|| format!("FHIR bundles in {}", data.display()))?
    };
    let mut file = BufWriter::new(File::create(out).with_context(|| format!("{}", out.display()))?);
    for resource in &resources {
        serde_json::to_writer(&mut file, &resource.body)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    let patients = choose(&resources, most);
    ensure!(
        !patients.is_empty(),
        "there is no Patient in {}",
        data.display()
    );
    Ok(patients)
}

fn choose(resources: &[Resource], most: usize) -> Vec<String> {
    let mut patients: Vec<String> = pick_walkthrough_patient(resources)
        .map(|patient| patient.id)
        .into_iter()
        .collect();
    let mut others: Vec<&str> = resources
        .iter()
        .filter(|resource| resource.resource_type == "Patient" && !patients.contains(&resource.id))
        .map(|resource| resource.id.as_str())
        .collect();
    others.sort_unstable();
    patients.extend(others.into_iter().map(str::to_owned));
    patients.truncate(most);
    patients
}

fn read_lines(file: &Path) -> Result<Vec<Resource>> {
    let reader = BufReader::new(File::open(file).with_context(|| format!("{}", file.display()))?);
    let mut resources = Vec::new();
    for (number, line) in reader.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let body: Value = serde_json::from_str(&line)
            .with_context(|| format!("{}: line {}", file.display(), number + 1))?;
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let (Some(resource_type), Some(id)) = (text("resourceType"), text("id")) else {
            anyhow::bail!(
                "{}: line {} is no resource with an id",
                file.display(),
                number + 1
            );
        };
        resources.push(Resource {
            resource_type,
            id,
            body,
        });
    }
    Ok(resources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ndjson_file_is_taken_as_it_is_and_patients_are_limited() {
        let folder = tempfile::tempdir().unwrap();
        let (data, out) = (
            folder.path().join("in.ndjson"),
            folder.path().join("out.ndjson"),
        );
        let lines =
            ["c", "a", "b"].map(|id| format!("{{\"id\":\"{id}\",\"resourceType\":\"Patient\"}}\n"));
        std::fs::write(&data, lines.concat()).unwrap();
        assert_eq!(load(&data, &out, 2).unwrap(), ["a", "b"]);
        assert_eq!(std::fs::read_to_string(&out).unwrap(), lines.concat());
    }

    #[test]
    fn data_without_a_patient_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("in.ndjson");
        std::fs::write(&data, "{\"id\":\"o\",\"resourceType\":\"Observation\"}\n").unwrap();
        let error = load(&data, &folder.path().join("out.ndjson"), 2)
            .unwrap_err()
            .to_string();
        assert!(error.contains("no Patient"), "{error}");
    }
}
