//! No container engine runs the compose file here, so it is kept honest another way: names, images,
//! ports, dependencies and variables must be those of `infra/stack.toml`, rendered for containers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use local_stack::layout::{Addresses, Layout};
use serde_yaml_ng::Value;

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn compose() -> Value {
    let text = std::fs::read_to_string(checkout().join("docker-compose.yml")).unwrap();
    serde_yaml_ng::from_str(&text).unwrap()
}

fn layout() -> Layout {
    Layout::load(&checkout()).unwrap()
}

/// Inside the compose network every part is reached by its name, on the same port as anywhere.
fn addresses(layout: &Layout) -> Addresses {
    let components = layout
        .components
        .iter()
        .map(|(name, part)| (name, part.port));
    let services = layout.services.iter().map(|(name, part)| (name, part.port));
    let mut hosts: BTreeMap<String, String> = components
        .chain(services)
        .map(|(name, port)| (name.clone(), format!("{name}:{port}")))
        .collect();
    // The issuer is the exception: people's browsers are outside, and need the name that tokens and passkeys are for.
    hosts.insert("issuer".to_owned(), "localhost:7001".to_owned());
    let required = |name: &str| format!("${{{name}:?run local-stack secrets first}}");
    let fhir = &layout.components["fhir"];
    let fhir_base = format!(
        "http://fhir:{}{}",
        fhir.port,
        fhir.image_path.as_ref().unwrap_or(&fhir.path)
    );
    let values = BTreeMap::from([
        ("registry".to_owned(), required("REGISTRY_ADDRESS")),
        ("hospitals".to_owned(), required("HOSPITALS_ADDRESS")),
        ("providers".to_owned(), required("PROVIDERS_ADDRESS")),
        (
            "webauthn-verifier".to_owned(),
            required("WEBAUTHN_VERIFIER_ADDRESS"),
        ),
        ("frontends".to_owned(), "/srv/frontends".to_owned()),
        ("fhir-base".to_owned(), fhir_base),
        ("secrets".to_owned(), "/run/consentry/secrets".to_owned()),
        ("state".to_owned(), "/var/lib/consentry".to_owned()),
        (
            "postgres-auth".to_owned(),
            required("POSTGRES_AUTH_PASSWORD"),
        ),
        (
            "postgres-indexer".to_owned(),
            required("POSTGRES_INDEXER_PASSWORD"),
        ),
        (
            "postgres-relay".to_owned(),
            required("POSTGRES_RELAY_PASSWORD"),
        ),
        ("s3-access-key".to_owned(), required("S3_ACCESS_KEY")),
        ("s3-secret-key".to_owned(), required("S3_SECRET_KEY")),
    ]);
    Addresses {
        hosts,
        bind: "0.0.0.0".to_owned(),
        values,
        port_offset: 0,
    }
}

fn strings(value: &Value) -> BTreeSet<String> {
    value
        .as_sequence()
        .map(|items| {
            items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default()
}

fn published(port: u16) -> String {
    format!("127.0.0.1:{port}:{port}")
}

#[test]
fn compose_has_exactly_the_parts_of_the_layout() {
    let (compose, layout) = (compose(), layout());
    let named: BTreeSet<&str> = compose["services"]
        .as_mapping()
        .unwrap()
        .keys()
        .filter_map(Value::as_str)
        .collect();
    let expected: BTreeSet<&str> = layout
        .components
        .keys()
        .chain(layout.services.keys())
        .map(String::as_str)
        .collect();
    assert_eq!(named, expected);
}

#[test]
fn components_have_the_layouts_images_and_ports() {
    let (compose, layout) = (compose(), layout());
    for (name, part) in &layout.components {
        let component = &compose["services"][name.as_str()];
        assert_eq!(
            component["image"].as_str(),
            Some(part.image.as_str()),
            "image of {name}"
        );
        assert_eq!(
            strings(&component["ports"]),
            [published(part.port)].into(),
            "ports of {name}"
        );
        let told = serde_yaml_ng::to_string(component).unwrap();
        assert!(
            told.matches(&part.port.to_string()).count() > 2,
            "{name} is published on {} but is not told to listen there",
            part.port
        );
    }
}

#[test]
fn services_have_the_layouts_environment_ports_and_dependencies() {
    let (compose, layout) = (compose(), layout());
    let addresses = addresses(&layout);
    for (name, part) in &layout.services {
        let service = &compose["services"][name.as_str()];
        let environment: BTreeMap<String, String> = service["environment"]
            .as_mapping()
            .unwrap()
            .iter()
            .map(|(key, value)| {
                (
                    key.as_str().unwrap().to_owned(),
                    value.as_str().unwrap().to_owned(),
                )
            })
            .collect();
        assert_eq!(
            environment,
            layout.render_env(name, &addresses).unwrap(),
            "environment of {name}"
        );
        let ports = [published(part.port), published(part.metrics_port)].into();
        assert_eq!(strings(&service["ports"]), ports, "ports of {name}");
        let needs: BTreeSet<String> = part.needs.iter().cloned().collect();
        assert_eq!(
            strings(&service["depends_on"]),
            needs,
            "dependencies of {name}"
        );
        assert_eq!(
            service["build"]["args"]["SERVICE"].as_str(),
            Some(part.program.as_ref().unwrap_or(name).as_str())
        );
        let recipe = service["build"]["dockerfile"].as_str().unwrap();
        assert!(
            checkout().join(recipe).is_file(),
            "{name} is built from {recipe}, which is not there"
        );
    }
}

#[test]
fn every_file_that_compose_mounts_from_the_repository_is_there() {
    let compose = compose();
    for (name, part) in compose["services"].as_mapping().unwrap() {
        for volume in strings(&part["volumes"]) {
            let source = volume.split(':').next().unwrap_or_default();
            let generated = source.starts_with("./.local/");
            if source.starts_with("./") && !generated {
                assert!(
                    checkout().join(source).exists(),
                    "{name:?} mounts {source}, which is not there"
                );
            }
        }
    }
}
