//! The built application.

use std::path::Path;

use axum::http::{Method, header};

use crate::support::World;

const PAGE: &str = "<!doctype html><title>Portal</title>";

fn build(folder: &Path) {
    std::fs::create_dir(folder.join("assets")).unwrap();
    std::fs::write(folder.join("index.html"), PAGE).unwrap();
    std::fs::write(folder.join("icon.svg"), "<svg/>").unwrap();
    std::fs::write(folder.join("assets/app-1a2b.js"), "plain").unwrap();
    std::fs::write(folder.join("assets/app-1a2b.js.gz"), "zipped").unwrap();
}

#[tokio::test]
async fn every_path_of_the_application_is_its_page_under_a_strict_policy() {
    let world = World::start().await;
    build(world.assets.path());
    let mut browser = world.browser();
    for path in ["/", "/index.html", "/consents/0x12", "/requests?x=1"] {
        let request = browser.request(Method::GET, path);
        let request = request.header(header::ACCEPT, "text/html,application/xhtml+xml");
        let answer = browser.send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (200, PAGE),
            "{path}"
        );
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-store");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value);
        }
        let permissions = answer.header("permissions-policy");
        assert!(
            permissions.contains("publickey-credentials-get=(self)"),
            "{permissions}"
        );
        assert!(permissions.contains("camera=(self)"), "{permissions}");
        // Only a browser that speaks HTTPS may be told to insist on it.
        assert_eq!(answer.header("strict-transport-security"), "");
    }
}

#[tokio::test]
async fn what_is_named_by_its_content_is_kept_for_good_and_compressed_where_that_is_understood() {
    let world = World::start().await;
    build(world.assets.path());
    let mut browser = world.browser();
    let path = "/assets/app-1a2b.js";
    let plain = browser.get(path).await;
    assert_eq!((plain.status.as_u16(), plain.text.as_str()), (200, "plain"));
    assert_eq!(plain.header("content-type"), "text/javascript");
    assert_eq!(
        plain.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let request = browser.request(Method::GET, path);
    let zipped = browser
        .send(request.header(header::ACCEPT_ENCODING, "gzip, br"))
        .await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
    assert_eq!(zipped.text, "zipped");
    let icon = browser.get("/icon.svg").await;
    assert_eq!(icon.header("content-type"), "image/svg+xml");
    assert_eq!(icon.header("cache-control"), "no-cache");
    // A file that is not there is no page, or a script would be one.
    for path in ["/assets/app-old.js", "/missing.png", "/assets/", "/assets"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.problem(), (404, "not-found".into()), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    assert_eq!(browser.calls(Method::POST, "/consents").await.status, 405);
}

#[tokio::test]
async fn an_application_that_is_not_built_says_so_and_is_there_as_soon_as_it_is() {
    let world = World::start().await;
    let mut browser = world.browser();
    let answer = browser.get("/").await;
    assert_eq!(answer.status, 503);
    assert!(
        answer.text.contains("frontends/tools/pnpm build"),
        "{}",
        answer.text
    );
    build(world.assets.path());
    assert_eq!(browser.get("/").await.text, PAGE);
}

#[tokio::test]
async fn scripts_are_told_where_the_services_are() {
    let world = World::start().await;
    let mut browser = world.browser();
    let answer = browser.get("/deployment.json").await;
    let deployment = answer.json();
    assert_eq!(deployment["chainId"], 31_337);
    assert_eq!(deployment["finality"], "latest");
    for name in ["auth", "indexer", "relay", "gateway", "audit"] {
        let url = format!("{}/api/{name}", world.origin);
        assert_eq!(deployment["services"][name], url);
    }
}
