//! The real binary and a real browser: Chromium with a virtual authenticator, driven by qa/browser.

use std::path::Path;
use std::process::Command;

use crate::support::{ADMIN, Database, Setup, TENANT, binary, clients, secret};
use serde_json::json;

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?} failed");
}

#[tokio::test]
#[ignore = "needs Chromium and Node: scripts/test runs it where they are"]
async fn people_enrol_and_sign_in_with_a_real_browser() {
    let database = Database::create().await;
    let port = local_stack::ports::any_free().unwrap();
    let origin = format!("http://localhost:{port}");
    let mut clients = clients();
    for client in clients.as_array_mut().unwrap() {
        client["audiences"] = json!([origin]);
    }
    let mut setup = Setup::of(TENANT, &origin, &database.url, &clients);
    binary::listen(&mut setup, port);
    for (name, value) in [
        ("DISPLAY_NAME", "General Hospital".to_owned()),
        ("PAGE_REQUESTS_PER_MINUTE", "10000".to_owned()),
    ] {
        setup.variables.push((name.to_owned(), value));
    }
    let key = setup.dir.path().join("admin.jwk.json");
    std::fs::write(&key, secret(ADMIN.1).to_jwk_string().as_str()).unwrap();
    let _service = binary::start(&setup, port).await;

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../qa/browser");
    let npm = |arguments: &[&str]| {
        let mut npm = Command::new("npm");
        npm.arg("--prefix").arg(&folder).args(arguments);
        npm
    };
    if !folder.join("node_modules").is_dir() {
        run(&mut npm(&["ci", "--silent", "--no-audit", "--no-fund"]));
    }
    run(npm(&["test", "--silent"])
        .env("AUTH_URL", &origin)
        .env("ADMIN_CLIENT_ID", ADMIN.0)
        .env("ADMIN_KEY_FILE", &key));
}
