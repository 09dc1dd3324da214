use super::*;

const TEXT: &str = include_str!("../../../../infra/stack.toml");

fn filled(layout: &Layout, mut addresses: Addresses) -> Addresses {
    addresses.values = layout
        .values
        .iter()
        .map(|name| (name.clone(), format!("<{name}>")))
        .collect();
    addresses
}

#[test]
fn natively_everything_is_on_loopback_and_the_offset_shifts_all_of_it() {
    let layout = Layout::parse(TEXT).unwrap();
    let addresses = filled(&layout, layout.native_addresses(100).unwrap());
    let env = layout.render_env("ehr-gateway", &addresses).unwrap();
    assert_eq!(env["LISTEN"], "127.0.0.1:7103");
    assert_eq!(env["METRICS_LISTEN"], "127.0.0.1:7203");
    assert_eq!(env["ISSUER"], "http://localhost:7101");
    assert_eq!(env["AUTH_URL"], env["ISSUER"]);
    assert_eq!(env["KAFKA_BROKERS"], "127.0.0.1:7192");
    assert_eq!(env["JOURNAL_DIR"], "<state>/ehr-gateway/journal");
    assert_eq!(env["TENANT"], layout.tenant);
}

/// Browsers, Node and hyper try the next address when nobody is at the first.
#[tokio::test]
async fn whoever_is_told_that_localhost_is_ipv6_first_reaches_a_service_on_ipv4_all_the_same() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let _ = connection.read(&mut [0; 1024]).await;
        let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
        connection.write_all(answer).await.unwrap();
    });
    let both = [
        format!("[::1]:{port}").parse().unwrap(),
        format!("127.0.0.1:{port}").parse().unwrap(),
    ];
    let http = reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(std::time::Duration::from_secs(2))
        .resolve_to_addrs(LOCALHOST, &both);
    let url = format!("http://{LOCALHOST}:{port}");
    let answer = http.build().unwrap().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 204);
}

#[test]
fn in_containers_hosts_have_names_and_services_bind_every_interface() {
    let layout = Layout::parse(TEXT).unwrap();
    let mut addresses = filled(&layout, layout.native_addresses(0).unwrap());
    addresses.bind = "0.0.0.0".into();
    addresses
        .hosts
        .insert("postgres".into(), "postgres:5432".into());
    let env = layout.render_env("auth-service", &addresses).unwrap();
    assert_eq!(env["LISTEN"], "0.0.0.0:7001");
    assert_eq!(env["ISSUER"], "http://localhost:7001");
    assert_eq!(
        env["DATABASE_URL"],
        "postgres://auth:<postgres-auth>@postgres:5432/auth"
    );
}

#[test]
fn a_second_instance_has_its_own_name_and_folder() {
    let layout = Layout::parse(TEXT).unwrap();
    let addresses = filled(&layout, layout.native_addresses(0).unwrap());
    let env = layout
        .render_instance("ehr-gateway", "ehr-gateway-2", &addresses)
        .unwrap();
    assert_eq!(env["GATEWAY_ID"], "ehr-gateway-2");
    assert_eq!(env["JOURNAL_DIR"], "<state>/ehr-gateway-2/journal");
}

#[test]
fn a_placeholder_without_a_value_is_an_error_that_names_it() {
    let layout = Layout::parse(TEXT).unwrap();
    let error = layout
        .render_env("auth-service", &layout.native_addresses(0).unwrap())
        .unwrap_err();
    assert!(matches!(error, LayoutError::Unfilled { .. }), "{error}");
}

#[test]
fn a_file_that_contradicts_itself_is_refused() {
    for (from, to, says) in [
        ("port = 7002\n", "port = 7001\n", "port 7001 is given to"),
        (
            "needs = [\"postgres\", \"kafka\"]",
            "needs = [\"oracle\"]",
            "needs `oracle`",
        ),
        (
            "needs = [\"postgres\", \"kafka\"]",
            "needs = [\"ehr-gateway\"]",
            "circle",
        ),
        (
            "CHAIN_ID = \"{chain-id}\"",
            "CHAIN_ID = \"{chian-id}\"",
            "{chian-id}",
        ),
        ("port = 7003", "prot = 7003", "prot"),
        ("port = 7010", "port = 7001", "port 7001 is given to"),
        ("id = \"admin-tool\"", "id = \"admin-console\"", "twice"),
        ("issuer = \"auth-service\"", "issuer = \"oracle\"", "oracle"),
    ] {
        let text = TEXT.replacen(from, to, 1);
        assert_ne!(text, TEXT, "{from}");
        let error = Layout::parse(&text).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn services_start_after_those_they_need() {
    let layout = Layout::parse(TEXT).unwrap();
    let order = layout.start_order().unwrap();
    let place = |name: &str| order.iter().position(|other| other == name).unwrap();
    for (name, service) in &layout.services {
        for need in service
            .needs
            .iter()
            .filter(|need| layout.services.contains_key(*need))
        {
            assert!(place(need) < place(name), "{need} before {name}");
        }
    }
}

#[test]
fn the_broker_version_of_the_layout_is_the_one_maven_resolves_by_default() {
    let pom = include_str!("../../../../infra/kafka/pom.xml");
    let version = &Layout::parse(TEXT).unwrap().components["kafka"].version;
    assert!(pom.contains(&format!("<kafka.version>{version}</kafka.version>")));
}
