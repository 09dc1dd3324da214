//! The committed API document is the one that the code makes.

#[test]
fn the_committed_document_is_current() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/api/ehr-gateway.json"
    );
    let committed = std::fs::read_to_string(path).unwrap();
    let made = ehr_gateway::routes::openapi().to_pretty_json().unwrap();
    assert!(
        committed.trim_end() == made,
        "run `ehr-gateway openapi` and commit the result"
    );
}
