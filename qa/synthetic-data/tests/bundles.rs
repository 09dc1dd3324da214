//! Reading bundles that others wrote: references, ids, and errors that name the file.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use synthetic_data::bundles::import;
use synthetic_data::generate::{Options, write_folder};
use synthetic_data::load_folder;
use tempfile::{TempDir, tempdir};

const PATIENT: &str = "11111111-1111-4111-8111-111111111111";
const OBSERVATION: &str = "22222222-2222-4222-8222-222222222222";

/// A folder with these files.
fn folder(files: &[(&str, &Value)]) -> TempDir {
    let folder = tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content.to_string()).unwrap();
    }
    folder
}

fn posted(uuid: &str, resource: Value) -> Value {
    let url = resource["resourceType"].clone();
    json!({"fullUrl": format!("urn:uuid:{uuid}"), "resource": resource, "request": {"method": "POST", "url": url}})
}

fn transaction(entries: Vec<Value>) -> Value {
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries})
}

fn two_entries() -> Value {
    transaction(vec![
        posted(PATIENT, json!({"resourceType": "Patient", "id": PATIENT})),
        posted(
            OBSERVATION,
            json!({
                "resourceType": "Observation",
                "subject": {"reference": format!("urn:uuid:{PATIENT}")},
                "performer": [{"reference": "Practitioner?identifier=sys|1"}, {"reference": "#inside"}],
                "identifier": [{"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{PATIENT}")}],
                "hasMember": [{"reference": "Observation/elsewhere"}, {"reference": "https://example.org/fhir/Observation/1"}],
            }),
        ),
    ])
}

fn assert_two_entries(folder: &Path) {
    let resources = load_folder(folder).unwrap();
    assert_eq!(resources.len(), 2);
    assert_eq!(resources[0].reference(), format!("Patient/{PATIENT}"));
    let observation = &resources[1];
    assert_eq!(
        observation.reference(),
        format!("Observation/{OBSERVATION}")
    );
    assert_eq!(observation.patient(), Some(PATIENT));
    assert_eq!(
        observation.body,
        json!({
            "resourceType": "Observation",
            "id": OBSERVATION,
            "subject": {"reference": format!("Patient/{PATIENT}")},
            "performer": [{"reference": "Practitioner?identifier=sys|1"}, {"reference": "#inside"}],
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{PATIENT}")}],
            "hasMember": [{"reference": "Observation/elsewhere"}, {"reference": "https://example.org/fhir/Observation/1"}],
        })
    );
}

/// The error of loading, which must name `file` and say `what`.
fn assert_fails(folder: &TempDir, file: &str, what: &str) {
    let error = load_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains(file), "{error}");
    assert!(error.contains(what), "{error}");
}

#[test]
fn urn_uuid_references_become_type_and_id() {
    assert_two_entries(folder(&[("a.json", &two_entries())]).path());
}

#[test]
fn gzipped_bundles_are_read() {
    let folder = tempdir().unwrap();
    let mut gz = GzEncoder::new(
        fs::File::create(folder.path().join("a.json.gz")).unwrap(),
        Compression::default(),
    );
    gz.write_all(two_entries().to_string().as_bytes()).unwrap();
    gz.finish().unwrap();
    assert_two_entries(folder.path());
}

#[test]
fn a_single_file_is_read() {
    let folder = folder(&[("a.json", &two_entries()), ("b.json", &json!("ignored"))]);
    assert_two_entries(&folder.path().join("a.json"));
}

#[test]
fn uuids_are_the_same_in_either_case() {
    let mut bundle = two_entries();
    bundle["entry"][1]["resource"]["subject"]["reference"] = json!(
        format!("urn:uuid:{PATIENT}")
            .to_uppercase()
            .replace("URN:UUID:", "urn:uuid:")
    );
    bundle["entry"][0]["fullUrl"] = json!(format!("URN:UUID:{PATIENT}"));
    assert_two_entries(folder(&[("a.json", &bundle)]).path());
}

#[test]
fn references_into_another_bundle_are_resolved() {
    let mut first = two_entries();
    let patient = first["entry"].as_array_mut().unwrap().remove(0);
    // The Observation is read before the Patient that it refers to.
    let folder = folder(&[("a.json", &first), ("b.json", &transaction(vec![patient]))]);
    let resources = load_folder(folder.path()).unwrap();
    assert_eq!(resources[0].patient(), Some(PATIENT));
}

#[test]
fn searchsets_and_collections_keep_ids_and_shorten_absolute_references() {
    for kind in ["searchset", "collection"] {
        let bundle = json!({"resourceType": "Bundle", "type": kind, "entry": [
            {"fullUrl": "https://example.org/fhir/Patient/p", "resource": {"resourceType": "Patient", "id": "p"}},
            {"fullUrl": "https://example.org/fhir/Observation/o", "resource": {"resourceType": "Observation", "id": "o",
                "subject": {"reference": "https://example.org/fhir/Patient/p"}}},
            {"search": {"mode": "outcome"}, "resource": {"resourceType": "OperationOutcome"}},
            {"request": {"method": "DELETE", "url": "Patient/x"}},
        ]});
        let resources = load_folder(folder(&[("a.json", &bundle)]).path()).unwrap();
        assert_eq!(
            resources.iter().map(|r| r.reference()).collect::<Vec<_>>(),
            ["Patient/p", "Observation/o"]
        );
        assert_eq!(resources[1].patient(), Some("p"));
    }
}

#[test]
fn a_put_keeps_its_id() {
    let mut bundle = two_entries();
    bundle["entry"][0]["resource"]["id"] = json!("chosen");
    bundle["entry"][0]["request"] = json!({"method": "PUT", "url": "Patient/chosen"});
    let resources = load_folder(folder(&[("a.json", &bundle)]).path()).unwrap();
    assert_eq!(resources[0].id, "chosen");
    assert_eq!(resources[1].patient(), Some("chosen"));
}

#[test]
fn a_resource_in_several_bundles_is_there_once() {
    let shared = |name: &str| {
        posted(
            "33333333-3333-4333-8333-333333333333",
            json!({"resourceType": "Organization", "name": name}),
        )
    };
    let folder = folder(&[
        ("a.json", &transaction(vec![shared("x")])),
        ("b.json", &transaction(vec![shared("y")])),
    ]);
    let resources = load_folder(folder.path()).unwrap();
    assert_eq!(resources.len(), 1);
    assert_eq!(resources[0].body["name"], "x");
}

#[test]
fn bundles_that_disagree_about_a_patients_resource_are_refused() {
    let mut other = two_entries();
    assert_eq!(
        load_folder(folder(&[("a.json", &other), ("b.json", &other)]).path())
            .unwrap()
            .len(),
        2
    );
    other["entry"][1]["resource"]["status"] = json!("final");
    assert_fails(
        &folder(&[("a.json", &two_entries()), ("b.json", &other)]),
        "b.json",
        "differs from the one in",
    );
}

#[test]
fn broken_input_is_named() {
    let mut dangling = two_entries();
    dangling["entry"][1]["resource"]["subject"]["reference"] =
        json!(format!("urn:uuid:{}", OBSERVATION.replace('2', "3")));
    let no_id = transaction(vec![json!({"resource": {"resourceType": "Patient"}})]);
    let bad_id = transaction(vec![
        json!({"resource": {"resourceType": "Patient", "id": "a/../b"}}),
    ]);
    let no_type = transaction(vec![json!({"resource": {"id": "a"}})]);
    let twice = transaction(vec![
        two_entries()["entry"][0].clone(),
        two_entries()["entry"][0].clone(),
    ]);
    let cases = [
        (
            json!({"resourceType": "Patient", "id": "a"}),
            "not a FHIR Bundle",
        ),
        (json!([1]), "not a FHIR Bundle"),
        (
            json!({"resourceType": "Bundle", "type": "history"}),
            "type history",
        ),
        (
            json!({"resourceType": "Bundle", "type": "batch", "entry": {}}),
            "not a list",
        ),
        (transaction(vec![json!(1)]), "entry 0: not an object"),
        (transaction(vec![json!({"resource": 1})]), "no resourceType"),
        (dangling, "leads to no entry"),
        (no_id, "neither an id nor"),
        (bad_id, "FHIR does not allow"),
        (no_type, "no resourceType"),
        (twice, "used by an earlier entry"),
    ];
    for (bundle, what) in cases {
        assert_fails(
            &folder(&[("good.json", &two_entries()), ("wrong.json", &bundle)]),
            "wrong.json",
            what,
        );
    }
}

#[test]
fn broken_json_and_broken_gzip_are_named() {
    let folder = folder(&[("good.json", &two_entries())]);
    fs::write(folder.path().join("wrong.json"), "{\"resourceType\":").unwrap();
    assert_fails(&folder, "wrong.json", "not valid JSON");
    fs::remove_file(folder.path().join("wrong.json")).unwrap();
    fs::write(folder.path().join("wrong.json.gz"), "not gzip").unwrap();
    assert_fails(&folder, "wrong.json.gz", "");
}

#[test]
fn an_absent_or_empty_folder_is_named() {
    let empty = tempdir().unwrap();
    fs::write(empty.path().join("notes.txt"), "x").unwrap();
    assert_fails(&empty, empty.path().to_str().unwrap(), "no FHIR bundle");
    let error = load_folder(&empty.path().join("absent"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("absent"), "{error}");
}

#[test]
fn import_writes_one_resource_a_line() {
    let source = tempdir().unwrap();
    let options = Options {
        seed: 7,
        patients: 3,
        observations_per_patient: 4,
        gzip: true,
        force: false,
    };
    let counts = write_folder(source.path(), &options, |_| {}).unwrap();
    let out = tempdir().unwrap();
    let file = out.path().join("all.ndjson");
    let summary = import(source.path(), &file, |_| {}).unwrap();
    let lines: Vec<Value> = fs::read_to_string(&file)
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let loaded: Vec<Value> = load_folder(source.path())
        .unwrap()
        .into_iter()
        .map(|r| r.body)
        .collect();
    assert_eq!(lines, loaded);
    assert_eq!((summary.files, summary.resources), (3, counts.resources));
    // Three bundles bring the same organisation and practitioner.
    assert_eq!(summary.repeated, 4);
}

#[test]
fn a_failed_import_leaves_the_earlier_file() {
    let out = tempdir().unwrap();
    let file = out.path().join("all.ndjson");
    fs::write(&file, "earlier").unwrap();
    let wrong = folder(&[("a.json", &two_entries()), ("b.json", &json!(1))]);
    assert!(import(wrong.path(), &file, |_| {}).is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "earlier");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
}
