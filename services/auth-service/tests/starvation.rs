//! Hashing passwords is slow on purpose, and holds up nobody who does not ask for it.

mod support;

use futures::FutureExt;
use support::Service;
use support::people::{OTHER_PASSWORD, sign_in};

#[tokio::test]
async fn while_passwords_are_checked_other_requests_are_served_and_the_queue_is_bounded() {
    let service = Service::start().await;
    let logins: Vec<String> = (0..60).map(|n| format!("nobody-{n}")).collect();
    let flood = futures::future::join_all(logins.iter().map(|login| {
        let service = &service;
        async move {
            let mut browser = service.browser();
            browser.address = "192.0.2.9:1";
            let page = sign_in(&mut browser, login, OTHER_PASSWORD).await;
            (
                page.status.as_u16(),
                page.headers.get("retry-after").cloned(),
            )
        }
    }));
    let mut flood = std::pin::pin!(flood.fuse());
    let mut served = 0;
    // Keys and tokens are handed out all the while; each round lets the flood go on as well.
    let outcomes = loop {
        let other = service.ask(support::ADMIN, &[("scope", "admin:audit.read")]);
        let (asked, flooded) = tokio::join!(
            other,
            std::future::poll_fn(|context| {
                std::task::Poll::Ready(match std::future::Future::poll(flood.as_mut(), context) {
                    std::task::Poll::Ready(outcomes) => Some(outcomes),
                    std::task::Poll::Pending => None,
                })
            })
        );
        assert_eq!(asked.status, 200);
        served += 1;
        if let Some(outcomes) = flooded {
            break outcomes;
        }
        if served == 20 {
            break flood.await;
        }
    };
    assert!(
        served > 1,
        "all passwords were checked before anybody else was served"
    );
    let refused: Vec<_> = outcomes
        .iter()
        .filter(|(status, _)| *status == 503)
        .collect();
    assert!(!refused.is_empty(), "{outcomes:?}");
    assert!(refused.iter().all(|(_, retry)| retry.is_some()));
    assert!(
        outcomes
            .iter()
            .all(|(status, _)| [422, 503].contains(status)),
        "{outcomes:?}"
    );
}
