//! The committed API document is the one that the code makes.

use std::process::Command;

#[test]
fn the_committed_document_is_current() {
    let committed = include_str!("../../../../docs/api/portal-bff.json");
    let program = env!("CARGO_BIN_EXE_portal-bff");
    let made = Command::new(program).arg("openapi").output().unwrap();
    assert!(
        committed.as_bytes() == made.stdout,
        "run `scripts/generate` and commit the result"
    );
}
