//! `auth accounts`: people by the command line, by the same rules as by the API.

use std::collections::BTreeSet;

use crate::support::command::{Answer, auth};
use crate::support::people::{PASSWORD, choose_passkey, choose_password, sign_in};
use crate::support::{NOW, OTHER_ISSUER, OTHER_TENANT, Service, Setup, at, clients, other_clients};
use auth_service::account::code::Code;
use auth_service::account::{Account, Role, store};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// A service and what the command reads of its deployment. The command knows no clock but the machine's, so the service is
/// at the same time.
async fn start() -> (Service, Setup) {
    let service = Service::start().await;
    service.set_time(OffsetDateTime::now_utc().unix_timestamp());
    let setup = Setup::new(&service.database().url, &clients());
    (service, setup)
}

fn done(setup: &Setup, arguments: &[&str]) -> Answer {
    let answer = auth(setup, arguments);
    assert_eq!(answer.code, Some(0), "{arguments:?}: {}", answer.err);
    answer
}

/// The only code in a text.
fn code_in(text: &str) -> String {
    let codes: Vec<_> = text
        .split_whitespace()
        .filter(|word| word.len() == 19 && Code::parse(word).is_some())
        .collect();
    assert_eq!(codes.len(), 1, "{text}");
    codes[0].to_owned()
}

async fn revoked(service: &Service) -> Vec<(String, String)> {
    sqlx::query_as("select kind, id from revocations order by seq")
        .fetch_all(&service.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_first_administrator_gets_in_by_a_code_of_the_command() {
    let (service, setup) = start().await;
    let empty = done(&setup, &["accounts", "list"]);
    assert!(empty.err.contains("accounts enrol admin"), "{}", empty.err);

    let made = done(&setup, &["accounts", "enrol", "admin"]);
    assert!(made.err.is_empty(), "{}", made.err);
    for word in ["https://auth.example/enrol", "until 20", "passkey"] {
        assert!(made.out.contains(word), "{word} in {}", made.out);
    }
    let code = code_in(&made.out);
    let mut ada = service.named_by(&code, "ada").await;
    let page = choose_passkey(&mut ada, 1).await;
    assert_eq!(page.json(), json!({"next": "/account?done=enrolled"}));
    assert!(ada.is_signed_in().await);

    let shown = done(&setup, &["accounts", "show", "ada", "--json"]).json();
    assert_eq!(shown["persona"], "admin");
    assert_eq!(shown["passkeys"], 1);
    let token = service.admin().await;
    let path = format!("/v1/accounts/{}", shown["id"].as_str().unwrap());
    assert_eq!(service.get(&path, &token).await.body, shown, "as the API");

    let made: Vec<Value> = sqlx::query_scalar(
        "select convert_from(body, 'utf8')::json from outbox where kind = 'consentry.enrolment.made.v1'",
    )
    .fetch_all(&service.db)
    .await
    .unwrap();
    assert_eq!(made.len(), 1);
    assert_eq!(
        (&made[0]["by"], &made[0]["persona"]),
        (&json!("command line"), &json!("admin"))
    );
    assert!(!made[0].to_string().contains(&code));
}

#[tokio::test]
async fn patients_and_providers_get_in_by_a_code_of_the_command() {
    let (service, setup) = start().await;
    let made = done(&setup, &["accounts", "enrol", "patient", "p1", "--json"]).json();
    assert_eq!(made["enterAt"], "https://auth.example/enrol");
    let mut jane = service
        .named_by(made["code"].as_str().unwrap(), "jane")
        .await;
    let page = choose_password(&mut jane, PASSWORD).await;
    assert_eq!(page.location(), "/account?done=enrolled", "{}", page.text);

    let provider = ["accounts", "enrol", "provider", "clinic-a"];
    let made = done(
        &setup,
        &[&provider[..], &["--practitioner", "dr-1"]].concat(),
    );
    let mut dora = service.named_by(&code_in(&made.out), "dora").await;
    assert_eq!(choose_passkey(&mut dora, 2).await.status, 200);

    let list = done(&setup, &["accounts", "list", "--json"]).json();
    let token = service.admin().await;
    let api = service.get("/v1/accounts", &token).await;
    assert_eq!(list["accounts"], api.body["accounts"], "as the API");
    let table = done(&setup, &["accounts", "list"]).out;
    for word in ["jane", "Patient/p1", "Practitioner/dr-1 of clinic-a"] {
        assert!(table.contains(word), "{word} in {table}");
    }
    let providers = done(
        &setup,
        &["accounts", "list", "--role", "provider", "--json"],
    )
    .json();
    let accounts = providers["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0]["login"], "dora");
    let shown = done(&setup, &["accounts", "show", "jane"]).out;
    for word in ["jane", "patient", "password", "yes", "active"] {
        assert!(shown.contains(word), "{word} in {shown}");
    }
}

#[tokio::test]
async fn a_code_is_as_long_good_as_the_deployment_says() {
    let (service, mut setup) = start().await;
    setup.variables.retain(|(name, _)| name != "ISSUER");
    let unset = auth(&setup, &["accounts", "enrol", "admin"]);
    assert_eq!(unset.code, Some(2));
    assert!(unset.err.contains("ISSUER"), "{}", unset.err);

    let more = [
        "--issuer",
        "http://127.0.0.1:7001",
        "--staff-enrolment-hours",
        "1",
    ];
    let made = done(
        &setup,
        &[&["accounts", "enrol", "admin"][..], &more[..]].concat(),
    );
    assert!(made.err.contains("passkey"), "{}", made.err);
    let code = code_in(&made.out);
    service.set_time(service.time() + 2 * 3600);
    let mut late = service.browser();
    late.get("/enrol").await;
    assert_eq!(late.post("/enrol", &[("code", &code)]).await.status, 422);
}

#[tokio::test]
async fn closing_opening_and_signing_out_are_as_by_the_api() {
    let (service, setup) = start().await;
    let mut jane = service.patient("jane").await;
    let id = service.account("jane").await;
    let ended = done(&setup, &["accounts", "end-sessions", "jane"]);
    assert!(
        ended.out.contains(&id) && ended.out.contains("signed out"),
        "{}",
        ended.out
    );
    assert!(!jane.is_signed_in().await);
    assert_eq!(
        revoked(&service).await,
        [("account".to_owned(), id.clone())]
    );

    let page = sign_in(&mut jane, "jane", PASSWORD).await;
    assert_eq!(page.status, 303, "{}", page.text);
    for (what, words, status) in [
        ("disable", "is closed", "disabled"),
        ("disable", "was closed already", "disabled"),
        ("enable", "is open again", "active"),
        ("enable", "was open already", "active"),
    ] {
        let told = done(&setup, &["accounts", what, &id]);
        assert!(told.out.contains(words), "{}", told.out);
        let shown = done(&setup, &["accounts", "show", &id, "--json"]).json();
        assert_eq!(shown["status"], status);
        assert!(!jane.is_signed_in().await);
    }
    assert_eq!(revoked(&service).await.len(), 2, "closing ends all, once");
    let events = service.events().await;
    let told = |kind: &str| {
        let event = (format!("consentry.{kind}.v1"), id.clone());
        events.iter().filter(|told| **told == event).count()
    };
    assert_eq!((told("account.changed"), told("session.ended")), (2, 2));
}

#[tokio::test]
async fn a_person_who_lost_everything_gets_in_by_a_code_for_the_account() {
    let (service, setup) = start().await;
    let (mut lost, _) = service.provider("dora").await;
    let made = done(&setup, &["accounts", "recover", "dora"]);
    assert!(
        lost.is_signed_in().await,
        "nothing changes until it is used"
    );
    let mut found = service.browser();
    found.get("/enrol").await;
    let page = found.post("/enrol", &[("code", &code_in(&made.out))]).await;
    assert_eq!(page.location(), "/enrol/proof");
    found.get("/enrol/proof").await;
    assert_eq!(choose_passkey(&mut found, 1).await.status, 200);
    assert!(found.is_signed_in().await);
    assert!(!lost.is_signed_in().await);
    let shown = done(&setup, &["accounts", "show", "dora", "--json"]).json();
    let factors = ["password", "app", "passkeys"].map(|name| shown[name].clone());
    assert_eq!(factors, [json!(false), json!(false), json!(1)]);
}

#[tokio::test]
async fn nobody_is_taken_for_another_by_choosing_their_id_as_a_name() {
    let (service, setup) = start().await;
    let mut connection = service.db.acquire().await.unwrap();
    let (jane, mallory) = (uuid::Uuid::from_u128(7), uuid::Uuid::from_u128(8));
    for (id, login) in [(mallory, jane.to_string()), (jane, "jane".to_owned())] {
        let account = Account {
            id,
            tenant: service.app.tenant.clone(),
            login,
            role: Role::Admin,
            disabled: false,
            version: 0,
        };
        store::create(&mut connection, &account, at(NOW))
            .await
            .unwrap();
    }
    let shown = done(&setup, &["accounts", "show", &jane.to_string(), "--json"]);
    assert_eq!(shown.json()["login"], "jane");
    done(&setup, &["accounts", "disable", &jane.to_string()]);
    let other = done(
        &setup,
        &["accounts", "show", &mallory.to_string(), "--json"],
    );
    assert_eq!(other.json()["status"], "active");
}

#[tokio::test]
async fn more_accounts_than_a_page_are_all_listed_once() {
    let (service, setup) = start().await;
    let mut connection = service.db.acquire().await.unwrap();
    for n in 0..405u128 {
        let account = Account {
            id: uuid::Uuid::from_u128(n << 64 | 1),
            tenant: service.app.tenant.clone(),
            login: format!("patient-{n}"),
            role: Role::Patient {
                fhir_id: format!("p{n}"),
            },
            disabled: false,
            version: 0,
        };
        store::create(&mut connection, &account, at(NOW))
            .await
            .unwrap();
    }
    let list = done(&setup, &["accounts", "list", "--json"]).json();
    let logins: BTreeSet<_> = list["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["login"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(logins.len(), 405);
    let none = done(&setup, &["accounts", "list", "--role", "admin"]);
    assert!(
        none.out.is_empty() && none.err.contains("role"),
        "{}",
        none.err
    );
    let table = done(&setup, &["accounts", "list"]).out;
    assert_eq!(table.matches("Patient/p").count(), 405);
    assert_eq!(table.matches("signs in as").count(), 3, "a head a page");
}

#[tokio::test]
async fn another_tenants_people_are_not_there() {
    let (service, setup) = start().await;
    service.patient("jane").await;
    let id = service.account("jane").await;
    let other = service.beside().await;
    let theirs = Setup::of(
        OTHER_TENANT,
        OTHER_ISSUER,
        &service.database().url,
        &other_clients(),
    );
    for what in ["show", "disable", "enable", "end-sessions", "recover"] {
        for who in [id.as_str(), "jane", "nobody"] {
            let answer = auth(&theirs, &["accounts", what, who]);
            assert_eq!(answer.code, Some(3), "{what} {who}: {}", answer.err);
            assert!(answer.out.is_empty(), "{}", answer.out);
            assert!(answer.err.contains("auth accounts list"), "{}", answer.err);
        }
    }
    let list = done(&theirs, &["accounts", "list", "--json"]).json();
    assert_eq!(list, json!({"accounts": []}));
    // Their organisations are others, and a code of theirs opens nothing here.
    let provider = auth(&theirs, &["accounts", "enrol", "provider", "clinic-a"]);
    assert_eq!(provider.code, Some(4), "{}", provider.err);
    let made = done(&theirs, &["accounts", "enrol", "patient", "p1"]);
    let code = code_in(&made.out);
    other.set_time(service.time());
    for (service, status) in [(&service, 422), (&other, 303)] {
        let mut browser = service.browser();
        browser.origin = Some(service.app.issuer.clone());
        browser.get("/enrol").await;
        assert_eq!(
            browser.post("/enrol", &[("code", &code)]).await.status,
            status
        );
    }
    assert!(revoked(&service).await.is_empty());
    done(&setup, &["accounts", "show", &id]);
}

#[tokio::test]
async fn what_the_api_refuses_the_command_refuses() {
    let (_service, setup) = start().await;
    for (arguments, words) in [
        (&["patient", "no id"][..], &["FHIR_ID", "must be"][..]),
        (
            &["provider", "nowhere"],
            &["ORGANIZATION", "PUT /v1/organizations"],
        ),
        (&["provider", "a b"], &["ORGANIZATION", "must be"]),
        (
            &["provider", "clinic-a", "--practitioner", "no id"],
            &["--practitioner", "must be"],
        ),
    ] {
        let refused = auth(&setup, &[&["accounts", "enrol"][..], arguments].concat());
        assert_eq!(refused.code, Some(4), "{arguments:?}: {}", refused.err);
        assert!(refused.out.is_empty(), "{}", refused.out);
        for word in words {
            assert!(refused.err.contains(word), "{word} in {}", refused.err);
        }
    }
}

#[test]
fn wrong_usage_is_told_and_help_says_what_there_is() {
    let setup = Setup::new("postgres://127.0.0.1:1/none", &json!([]));
    for wrong in [
        &["accounts"][..],
        &["accounts", "melt"],
        &["accounts", "list", "--role", "system"],
        &["accounts", "show"],
        &["accounts", "enrol"],
        &["accounts", "enrol", "patient"],
        &["accounts", "enrol", "nurse"],
        &["accounts", "enrol", "admin", "p1"],
        &["accounts", "recover"],
    ] {
        let answer = auth(&setup, wrong);
        assert_eq!(answer.code, Some(2), "{wrong:?}: {}", answer.err);
    }
    let every = [
        "list",
        "show",
        "enrol",
        "recover",
        "disable",
        "enable",
        "end-sessions",
    ];
    let code = ["ISSUER", "PATIENT_ENROLMENT_HOURS", "--json"];
    for (arguments, words) in [
        (&["accounts"][..], &every[..]),
        (&["accounts", "list"], &["--role", "--json"]),
        (
            &["accounts", "enrol"],
            &["patient", "provider", "admin", "once"],
        ),
        (
            &["accounts", "enrol", "provider"],
            &["--practitioner", "organization"],
        ),
        (&["accounts", "enrol", "patient"], &code),
        (&["accounts", "enrol", "admin"], &["passkey"]),
        (&["accounts", "recover"], &["ends all that the account had"]),
    ] {
        let help = auth(&setup, &[arguments, &["--help"]].concat());
        assert_eq!(help.code, Some(0), "{}", help.err);
        for word in words {
            let said = help.out.to_lowercase().contains(&word.to_lowercase());
            assert!(said, "{word} in {}", help.out);
        }
    }
    let away = auth(&setup, &["accounts", "list"]);
    assert_eq!(away.code, Some(1), "{}", away.err);
    assert!(away.err.contains("DATABASE_URL"), "{}", away.err);
}
