//! Clients that others wrote, on Node and in Python, complete their flows against the real binary (qa/oauth-clients).

use std::path::Path;
use std::process::Command;

use crate::support::foreign::{self, APP, BACK, BACKEND, BYE, PORTAL, SCOPE, private_jwk};
use serde_json::json;

#[tokio::test]
#[ignore = "installs packages of Node and Python: scripts/test runs it"]
async fn clients_that_others_wrote_complete_their_flows_unmodified() {
    let world = foreign::start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let said = json!({
        "issuer": world.issuer,
        "cookie": world.cookie,
        "person": {"fhirUser": "Patient/p-1"},
        "backend": {
            "clientId": BACKEND.0, "jwk": private_jwk(BACKEND.1), "scope": "system:directory.read",
            "resource": world.issuer,
        },
        "portal": {
            "clientId": PORTAL.0, "jwk": private_jwk(PORTAL.1), "scope": SCOPE, "redirectUri": BACK,
            "postLogoutRedirectUri": BYE,
        },
        "app": {"clientId": APP},
    });
    std::fs::write(file.path(), said.to_string()).unwrap();
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../qa/oauth-clients/run");
    let status = Command::new(run).arg(file.path()).status().unwrap();
    assert!(status.success(), "a client failed; its output says which");
}
