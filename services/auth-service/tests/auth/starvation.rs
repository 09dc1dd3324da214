//! Hashing passwords is slow on purpose, and holds up nobody who does not ask for it.

use std::sync::Arc;

use crate::support::Service;
use crate::support::people::{OTHER_PASSWORD, sign_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_passwords_are_checked_other_requests_are_served_and_the_queue_is_bounded() {
    let service = Arc::new(Service::start().await);
    let flood: Vec<_> = (0..60)
        .map(|n| {
            let service = service.clone();
            tokio::spawn(async move {
                let mut browser = service.browser();
                let page = sign_in(&mut browser, &format!("nobody-{n}"), OTHER_PASSWORD).await;
                let retry = page.headers.contains_key("retry-after");
                (page.status.as_u16(), retry)
            })
        })
        .collect();
    // Tokens are handed out all the while.
    let mut served = 0;
    while flood.iter().any(|one| !one.is_finished()) {
        let other = service.ask(crate::support::ADMIN, &[("scope", "admin:audit.read")]);
        assert_eq!(other.await.status, 200);
        served += 1;
    }
    assert!(
        served > 1,
        "nobody was served before all passwords were checked"
    );
    let outcomes: Vec<_> = futures::future::join_all(flood)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let checked = outcomes.iter().filter(|one| **one == (422, false)).count();
    let refused = outcomes.iter().filter(|one| **one == (503, true)).count();
    assert!(checked > 0 && refused > 0, "{outcomes:?}");
    assert_eq!(checked + refused, outcomes.len(), "{outcomes:?}");
}
