//! The `auth` command, as people and scripts use it.

use crate::support::command::auth;
use crate::support::{ADMIN, GATEWAY, NOW, SIGNER, Service, Setup, clients, key};
use serde_json::json;

async fn start() -> (Service, Setup) {
    let service = Service::start().await;
    let setup = Setup::new(&service.database().url, &clients());
    (service, setup)
}

#[tokio::test]
async fn keys_are_listed_rotated_and_compromised() {
    let (_service, setup) = start().await;
    let first = key(SIGNER).kid().to_owned();
    let table = auth(&setup, &["keys", "list"]);
    assert_eq!(table.code, Some(0), "{}", table.err);
    assert!(
        table.out.contains(&first) && table.out.contains("active"),
        "{}",
        table.out
    );

    let rotated = auth(&setup, &["keys", "rotate", "--json"]);
    assert_eq!(rotated.code, Some(0), "{}", rotated.err);
    assert_eq!(rotated.json()["state"], "published");
    let again = auth(&setup, &["keys", "rotate"]);
    assert!(again.out.contains("on its way already"), "{}", again.out);

    let compromised = auth(&setup, &["keys", "compromise", &first, "--json"]);
    assert_eq!(compromised.code, Some(0), "{}", compromised.err);
    let listed = auth(&setup, &["keys", "list", "--json"]).json();
    assert_eq!(listed, compromised.json());
    let states: Vec<_> = listed["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["state"])
        .collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&&json!("compromised")) && states.contains(&&json!("active")));

    let again = auth(&setup, &["keys", "compromise", &first]);
    assert_eq!(again.code, Some(0));
    assert!(again.err.contains("already"), "{}", again.err);
    let unknown = auth(&setup, &["keys", "compromise", "nonsense"]);
    assert_eq!(unknown.code, Some(3));
    assert!(unknown.err.contains("auth keys list"), "{}", unknown.err);
}

#[tokio::test]
async fn clients_are_listed_registered_disabled_and_enabled() {
    let (_service, setup) = start().await;
    let file = setup.dir.path().join("one.json");
    let path = file.to_str().unwrap();
    let client = json!({
        "clientId": "reporting", "persona": "system", "jwks": {"keys": [key(30).public()]},
        "scopes": ["system:consent.read"], "audiences": [GATEWAY],
    });
    std::fs::write(&file, client.to_string()).unwrap();
    let added = auth(&setup, &["clients", "add", path]);
    assert_eq!(
        (added.code, added.out.trim()),
        (Some(0), "reporting is registered."),
        "{}",
        added.err
    );
    let again = auth(&setup, &["clients", "add", path]);
    assert_eq!(again.out.trim(), "reporting was so already.");

    for (what, word, status) in [
        ("disable", "disabled", "disabled"),
        ("enable", "again", "enabled"),
    ] {
        let done = auth(&setup, &["clients", what, "reporting"]);
        assert_eq!(done.code, Some(0), "{}", done.err);
        assert!(done.out.contains(word), "{}", done.out);
        let list = auth(&setup, &["clients", "list", "--json"]).json();
        let found = list["clients"]
            .as_array()
            .unwrap()
            .iter()
            .find(|client| client["clientId"] == "reporting");
        assert_eq!(found.unwrap()["status"], status);
    }
    let table = auth(&setup, &["clients", "list"]);
    assert!(
        table.out.contains("reporting") && table.out.contains("file"),
        "{}",
        table.out
    );

    std::fs::write(
        &file,
        json!({"clientId": ADMIN.0, "persona": "nurse"}).to_string(),
    )
    .unwrap();
    let faulty = auth(&setup, &["clients", "add", path]);
    assert_eq!(faulty.code, Some(4), "{}", faulty.err);
    let mut mine = client;
    mine["clientId"] = json!(ADMIN.0);
    std::fs::write(&file, mine.to_string()).unwrap();
    let from_file = auth(&setup, &["clients", "add", path]);
    assert_eq!(from_file.code, Some(4));
    assert!(from_file.err.contains("clients file"), "{}", from_file.err);
    let unknown = auth(&setup, &["clients", "disable", "none"]);
    assert_eq!(unknown.code, Some(3));
}

#[tokio::test]
async fn whoever_has_the_wrong_sealing_key_makes_no_key_and_can_still_stop_one() {
    let (service, setup) = start().await;
    std::fs::write(setup.dir.path().join("sealing-key.hex"), "7".repeat(64)).unwrap();
    let rotated = auth(&setup, &["keys", "rotate"]);
    assert_eq!(rotated.code, Some(1));
    assert!(
        rotated.err.contains("KEY_ENCRYPTION_KEY_FILE"),
        "{}",
        rotated.err
    );
    let compromised = auth(&setup, &["keys", "compromise", key(SIGNER).kid(), "--json"]);
    assert_eq!(compromised.code, Some(0), "{}", compromised.err);
    let keys = compromised.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys["keys"][0]["state"], "compromised");
    // A service with the right one makes another at its next look.
    service
        .app
        .keys
        .look_after(crate::support::at(NOW))
        .await
        .unwrap();
    let listed = auth(&setup, &["keys", "list", "--json"]).json();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_wrong_is_said_with_what_to_do_about_it() {
    let mut setup = Setup::new("postgres://u:hunter2@127.0.0.1:1/none", &json!([]));
    let away = auth(&setup, &["keys", "list"]);
    assert_eq!(away.code, Some(1), "{}", away.err);
    assert!(
        away.err.contains("DATABASE_URL") && !away.err.contains("hunter2"),
        "{}",
        away.err
    );
    setup.variables.retain(|(name, _)| name != "TENANT");
    let unset = auth(&setup, &["keys", "list"]);
    assert_eq!(unset.code, Some(2));
    assert!(unset.err.contains("TENANT"), "{}", unset.err);
}

#[test]
fn help_names_every_command_and_exit_code() {
    let setup = Setup::new("postgres://127.0.0.1:1/none", &json!([]));
    for (arguments, words) in [
        (
            &["--help"][..],
            &["accounts", "keys", "clients", "Exit codes"][..],
        ),
        (&["keys", "--help"], &["list", "rotate", "compromise"]),
        (
            &["clients", "--help"],
            &["list", "add", "disable", "enable"],
        ),
        (
            &["keys", "compromise", "--help"],
            &["KEY_ENCRYPTION_KEY_FILE", "kid"],
        ),
    ] {
        let help = auth(&setup, arguments);
        assert_eq!(help.code, Some(0), "{}", help.err);
        for word in words {
            assert!(
                help.out.to_lowercase().contains(&word.to_lowercase()),
                "{word} in {}",
                help.out
            );
        }
    }
    assert_eq!(auth(&setup, &["keys", "melt"]).code, Some(2));
}
