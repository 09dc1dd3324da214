//! What the generator promises: the same bytes for the same seed, a manifest that tells the truth, and traps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use synthetic_data::generate::{Error, Options, write_folder};
use synthetic_data::manifest::{Manifest, PatientEntry, Profile};
use synthetic_data::{Resource, load_folder};
use tempfile::{TempDir, tempdir};

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

fn options(seed: u64, patients: u32) -> Options {
    Options {
        seed,
        patients,
        observations_per_patient: 16,
        gzip: false,
        force: false,
    }
}

fn generated(options: &Options) -> TempDir {
    let folder = tempdir().unwrap();
    write_folder(folder.path(), options, |_| {}).unwrap();
    folder
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|item| item.unwrap().path());
    files
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read(&path).unwrap(),
            )
        })
        .collect()
}

/// Generated patients with the manifest that speaks about them.
struct World {
    manifest: Manifest,
    resources: BTreeMap<String, Resource>,
}

fn world(options: &Options) -> World {
    let folder = generated(options);
    let resources = load_folder(folder.path()).unwrap();
    World {
        manifest: Manifest::read(folder.path()).unwrap(),
        resources: resources.into_iter().map(|r| (r.reference(), r)).collect(),
    }
}

impl World {
    fn of(&self, kind: &str, patient: &str) -> BTreeSet<String> {
        let matching = self
            .resources
            .values()
            .filter(|r| r.resource_type == kind && r.patient() == Some(patient));
        matching.map(|r| r.id.clone()).collect()
    }

    fn with_profile(&self, profile: Profile) -> Vec<&PatientEntry> {
        self.manifest
            .patients
            .iter()
            .filter(|p| p.profile == profile)
            .collect()
    }

    /// The only trap of each patient of this profile, as resource and as manifest entry.
    fn traps(&self, profile: Profile) -> Vec<(&PatientEntry, &Resource, Option<&str>)> {
        let patients = self.with_profile(profile);
        assert!(!patients.is_empty());
        let found = patients.into_iter().map(|patient| {
            assert_eq!(patient.traps.len(), 1);
            let trap = &patient.traps[0];
            assert_eq!(trap.kind, profile);
            (
                patient,
                &self.resources[&trap.resource],
                trap.exposes.as_deref(),
            )
        });
        found.collect()
    }
}

fn set(ids: &[String]) -> BTreeSet<String> {
    let set: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(set.len(), ids.len(), "an id is listed twice");
    set
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for gzip in [false, true] {
        let options = Options {
            gzip,
            ..options(11, 8)
        };
        assert_eq!(
            contents(generated(&options).path()),
            contents(generated(&options).path())
        );
    }
}

#[test]
fn another_seed_gives_other_patients() {
    let ids = |seed| {
        world(&options(seed, 6))
            .resources
            .into_keys()
            .collect::<BTreeSet<_>>()
    };
    assert!(ids(1).is_disjoint(&ids(2)));
}

#[test]
fn a_patient_does_not_depend_on_how_many_follow() {
    let (few, many) = (
        contents(generated(&options(3, 2)).path()),
        contents(generated(&options(3, 9)).path()),
    );
    assert_eq!(few["patient-000001.json"], many["patient-000001.json"]);
}

#[test]
fn the_committed_data_is_what_the_generator_writes() {
    let committed = contents(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data"));
    let fresh = contents(generated(&options(7, 6)).path());
    assert!(
        committed == fresh,
        "stale; run: synthetic-data --seed 7 --patients 6 --force --out qa/synthetic-data/data"
    );
    assert!(committed.values().map(Vec::len).sum::<usize>() < 500_000);
}

#[test]
fn the_manifest_says_which_resources_are_whose() {
    for observations_per_patient in [2, 5, 16, 131] {
        let world = world(&Options {
            observations_per_patient,
            ..options(5, 13)
        });
        assert_eq!(world.manifest.patients.len(), 13);
        for patient in &world.manifest.patients {
            let observations = set(&patient.observations);
            assert_eq!(observations, world.of("Observation", &patient.id));
            assert_eq!(
                set(&patient.diagnostic_reports),
                world.of("DiagnosticReport", &patient.id)
            );
            let mut by_category: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for id in &observations {
                for category in world.resources[&format!("Observation/{id}")].categories() {
                    by_category
                        .entry(category.to_owned())
                        .or_default()
                        .insert(id.clone());
                }
            }
            let listed: BTreeMap<_, _> = patient
                .by_category
                .iter()
                .map(|(k, v)| (k.clone(), set(v)))
                .collect();
            assert_eq!(listed, by_category);
            assert!(
                by_category.contains_key("laboratory") && by_category.contains_key("vital-signs")
            );
            if patient.profile == Profile::Plain {
                assert_eq!(observations.len() as u32, observations_per_patient);
            }
        }
    }
}

#[test]
fn the_manifest_counts_what_is_there() {
    let world = world(&options(9, 13));
    let mut by_type: BTreeMap<String, u64> = BTreeMap::new();
    for resource in world.resources.values() {
        *by_type.entry(resource.resource_type.clone()).or_default() += 1;
    }
    assert_eq!(world.manifest.counts.by_type, by_type);
    assert_eq!(
        world.manifest.counts.resources,
        world.resources.len() as u64
    );
    assert_eq!(world.manifest.counts.patients, 13);
    assert_eq!(
        world.manifest.counts.traps,
        world
            .manifest
            .patients
            .iter()
            .map(|p| p.traps.len() as u64)
            .sum::<u64>()
    );
    assert_eq!(
        (world.manifest.seed, world.manifest.observations_per_patient),
        (9, 16)
    );
}

#[test]
fn every_reference_leads_to_a_resource() {
    fn check(value: &Value, world: &World) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| check(item, world)),
            Value::Object(members) => members.iter().for_each(|(name, member)| match member {
                Value::String(target) if name == "reference" && !target.starts_with('#') => {
                    assert!(world.resources.contains_key(target), "{target}");
                }
                other => check(other, world),
            }),
            _ => {}
        }
    }
    let world = world(&options(7, 7));
    world
        .resources
        .values()
        .for_each(|resource| check(&resource.body, &world));
}

#[test]
fn ordinary_reports_refer_to_their_own_patients_laboratory_results() {
    let world = world(&options(7, 6));
    for patient in world.with_profile(Profile::Plain) {
        let laboratory = set(&patient.by_category["laboratory"]);
        let mut referred = BTreeSet::new();
        for id in &patient.diagnostic_reports {
            let report = &world.resources[&format!("DiagnosticReport/{id}")].body;
            assert_eq!(report["category"][0]["coding"][0]["code"], "LAB");
            assert!(report["text"]["div"].as_str().unwrap().contains("<li>"));
            for result in report["result"].as_array().unwrap() {
                referred.insert(
                    result["reference"]
                        .as_str()
                        .unwrap()
                        .trim_start_matches("Observation/")
                        .to_owned(),
                );
            }
        }
        assert_eq!(referred, laboratory);
    }
}

#[test]
fn identifying_words_are_in_the_patient_and_unique() {
    let world = world(&options(7, 12));
    let mut seen = BTreeSet::new();
    for patient in &world.manifest.patients {
        let body = world.resources[&format!("Patient/{}", patient.id)]
            .body
            .to_string();
        for word in &patient.identifying {
            assert!(body.contains(word));
            assert!(seen.insert(word));
        }
    }
}

#[test]
fn sensitive_resources_are_labelled_or_known_by_code_as_the_manifest_says() {
    let world = world(&options(7, 6));
    for patient in &world.manifest.patients {
        let expected = if patient.profile == Profile::Sensitive {
            5
        } else {
            0
        };
        assert_eq!(patient.sensitive.len(), expected);
    }
    let labels = |resource: &Resource| -> BTreeSet<String> {
        let security = resource.body["meta"]["security"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        security
            .iter()
            .filter(|l| l["system"] == ACT_CODE)
            .map(|l| l["code"].as_str().unwrap().to_owned())
            .collect()
    };
    let patient = world.with_profile(Profile::Sensitive)[0];
    let mut labelled = BTreeSet::new();
    for (code, known) in &patient.sensitive {
        assert!(!known.labelled.is_empty() && !known.by_code.is_empty());
        for reference in &known.labelled {
            assert_eq!(
                labels(&world.resources[reference]),
                BTreeSet::from([code.clone()])
            );
            labelled.insert(reference.clone());
        }
        for reference in known.by_code.iter().chain(&known.by_reference) {
            assert!(labels(&world.resources[reference]).is_empty());
        }
    }
    let all = world
        .resources
        .values()
        .filter(|r| !labels(r).is_empty())
        .map(Resource::reference);
    assert_eq!(all.collect::<BTreeSet<_>>(), labelled);
    let viral_load = &world.resources[&patient.sensitive["HIV"].by_code[0]].body;
    assert_eq!(viral_load["code"]["coding"][0]["code"], "20447-9");
    let report = &world.resources[&patient.sensitive["HIV"].by_reference[0]].body;
    assert_eq!(
        report["result"][1]["reference"],
        patient.sensitive["HIV"].by_code[0].as_str()
    );
}

#[test]
fn plain_patients_have_no_traps() {
    let world = world(&options(7, 14));
    assert_eq!(world.with_profile(Profile::Plain).len(), 3);
    assert!(
        world
            .with_profile(Profile::Plain)
            .iter()
            .all(|p| p.traps.is_empty() && p.sensitive.is_empty())
    );
}

#[test]
fn trap_a_report_refers_to_another_patients_observation() {
    for observations_per_patient in [2, 16] {
        let world = world(&Options {
            observations_per_patient,
            ..options(7, 8)
        });
        for (patient, report, exposes) in world.traps(Profile::ReportForeignResult) {
            assert_eq!(report.resource_type, "DiagnosticReport");
            assert_eq!(report.patient(), Some(patient.id.as_str()));
            let results = report.body["result"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r["reference"].as_str().unwrap());
            let owners: Vec<_> = results
                .map(|r| format!("Patient/{}", world.resources[r].patient().unwrap()))
                .collect();
            assert_eq!(owners[0], format!("Patient/{}", patient.id));
            assert_ne!(owners[1], owners[0]);
            assert_eq!(exposes, Some(owners[1].as_str()));
        }
    }
}

#[test]
fn trap_an_observation_has_no_subject() {
    let world = world(&options(7, 9));
    for (patient, observation, exposes) in world.traps(Profile::ObservationWithoutSubject) {
        assert_eq!(observation.resource_type, "Observation");
        assert_eq!(observation.patient(), None);
        assert_eq!(exposes, None);
        assert!(!observation.body.to_string().contains(&patient.id));
        assert!(!patient.observations.contains(&observation.id));
    }
}

#[test]
fn trap_an_observation_is_performed_by_another_patient() {
    let world = world(&options(7, 10));
    for (patient, observation, exposes) in world.traps(Profile::ObservationForeignPerformer) {
        assert_eq!(observation.patient(), Some(patient.id.as_str()));
        let performer = observation.body["performer"][0]["reference"].as_str();
        assert_eq!(performer, exposes);
        assert!(
            performer.unwrap().starts_with("Patient/")
                && !performer.unwrap().ends_with(&patient.id)
        );
    }
}

#[test]
fn trap_an_observation_contains_another_patient() {
    let world = world(&options(7, 11));
    for (patient, observation, exposes) in world.traps(Profile::ObservationContainedPatient) {
        assert_eq!(observation.patient(), Some(patient.id.as_str()));
        let contained = &observation.body["contained"][0];
        assert_eq!(contained["resourceType"], "Patient");
        let other = &world.resources[exposes.unwrap()].body;
        assert_eq!(contained["name"][0]["family"], other["name"][0]["family"]);
        assert_ne!(exposes.unwrap(), format!("Patient/{}", patient.id));
    }
}

#[test]
fn a_folder_with_something_in_it_is_refused() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("mine.txt"), "x").unwrap();
    let refused = write_folder(folder.path(), &options(7, 1), |_| {});
    assert!(matches!(refused, Err(Error::NotEmpty(_))));
    assert_eq!(contents(folder.path()).len(), 1);
}

#[test]
fn force_replaces_an_earlier_run_and_nothing_else() {
    let folder = generated(&Options {
        gzip: true,
        ..options(7, 9)
    });
    for foreign in ["mine.json", "patient-x.json"] {
        fs::write(folder.path().join(foreign), "x").unwrap();
    }
    write_folder(
        folder.path(),
        &Options {
            force: true,
            ..options(7, 2)
        },
        |_| {},
    )
    .unwrap();
    let names: Vec<_> = contents(folder.path()).into_keys().collect();
    assert_eq!(
        names,
        [
            "manifest.json",
            "mine.json",
            "patient-000001.json",
            "patient-000002.json",
            "patient-x.json"
        ]
    );
}

#[test]
fn numbers_out_of_range_are_refused() {
    let folder = tempdir().unwrap();
    for wrong in [
        Options {
            patients: 0,
            ..options(7, 1)
        },
        Options {
            observations_per_patient: 1,
            ..options(7, 1)
        },
    ] {
        assert!(matches!(
            write_folder(folder.path(), &wrong, |_| {}),
            Err(Error::Range { .. })
        ));
    }
    assert!(contents(folder.path()).is_empty());
}

#[test]
fn an_unfinished_folder_has_no_manifest() {
    let folder = tempdir().unwrap();
    // A folder in the way of the second patient's file.
    fs::create_dir(folder.path().join("patient-000002.json")).unwrap();
    fs::create_dir(folder.path().join("patient-000002.json/x")).unwrap();
    assert!(
        write_folder(
            folder.path(),
            &Options {
                force: true,
                ..options(7, 3)
            },
            |_| {}
        )
        .is_err()
    );
    assert!(Manifest::read(folder.path()).is_err());
}
