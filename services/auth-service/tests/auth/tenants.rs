//! Tenants that share a database and nothing else (attack 24).

use crate::support::{
    ADMIN, NOW, OTHER_ADMIN, OTHER_ISSUER, OTHER_SIGNER, OTHER_TENANT, Service, TENANT, binding,
    key, subject,
};
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection, Row};

/// Attack 24: another tenant's token, key or client.
#[tokio::test]
async fn nothing_of_another_tenant_is_good_here() {
    let service = Service::start().await;
    let other = service.beside().await;
    let theirs = other.admin().await;
    assert_eq!(other.get("/v1/patients", &theirs).await.status, 200);

    // Their token, whole.
    let answer = service.get("/v1/patients", &theirs).await;
    assert_eq!(answer.problem(), (401, "unauthenticated"));
    // Ours by every claim, signed with their key.
    let claims = json!({
        "iss": crate::support::ISSUER, "aud": crate::support::ISSUER, "sub": ADMIN.0, "client_id": ADMIN.0, "jti": "j", "iat": NOW,
        "exp": NOW + 300, "scope": "admin:*", "tenant": TENANT, "persona": "admin",
    });
    let forged = key(OTHER_SIGNER).sign("at+jwt", &claims).unwrap();
    assert_eq!(service.get("/v1/patients", &forged).await.status, 401);
    // Signed here, and still about them.
    let foreign = crate::support::token_by_hand(|claims| claims["tenant"] = json!(OTHER_TENANT));
    assert_eq!(service.get("/v1/patients", &foreign).await.status, 401);
    let foreign = crate::support::token_by_hand(|claims| claims["iss"] = json!(OTHER_ISSUER));
    assert_eq!(service.get("/v1/patients", &foreign).await.status, 401);

    // Their client is unknown here, with an assertion for either issuer.
    for audience in [crate::support::ISSUER, OTHER_ISSUER] {
        let assertion = access_token::AssertionClaims::new(
            OTHER_ADMIN.0,
            audience,
            format!("jti-{audience}"),
            crate::support::at(NOW),
            60,
        );
        let assertion = assertion.sign(&key(OTHER_ADMIN.1)).unwrap();
        let answer = service.ask_with(&assertion, &[("scope", "admin:*")]).await;
        assert_eq!(answer.error(), (401, "invalid_client"));
    }
    // Our client's assertion for us does not do for them.
    let answer = other
        .ask_with(&service.assertion(ADMIN), &[("scope", "admin:*")])
        .await;
    assert_eq!(answer.error(), (401, "invalid_client"));

    // Nor are their keys shown or reached here.
    let jwks = service
        .send(Request::get("/oauth2/jwks").body(Body::empty()).unwrap())
        .await;
    assert!(!jwks.body.to_string().contains(key(OTHER_SIGNER).kid()));
    let admin = service.admin().await;
    let path = format!("/v1/keys/{}/compromise", key(OTHER_SIGNER).kid());
    assert_eq!(service.act(&path, &admin).await.status, 404);
    for (method, path) in [
        (Method::GET, "/v1/clients/other-admin-tool"),
        (Method::DELETE, "/v1/clients/other-admin-tool"),
    ] {
        let answer = service.request(method, path, &admin, None).await;
        assert_eq!(answer.status, 404);
    }
    assert_eq!(other.admin().await.split('.').count(), 3);
}

#[tokio::test]
async fn every_table_of_tenants_is_isolated_even_from_its_owner() {
    let service = Service::start().await;
    let tables = sqlx::query(
        "select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as isolated
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind = 'r' and c.relname <> '_sqlx_migrations' order by 1",
    )
    .fetch_all(&service.db)
    .await
    .unwrap();
    let open: Vec<String> = tables
        .iter()
        .filter(|row| !row.get::<bool, _>("isolated"))
        .map(|row| row.get("name"))
        .collect();
    assert_eq!(open, Vec::<String>::new());
    assert!(tables.len() >= 11);
}

#[tokio::test]
async fn a_connection_sees_and_writes_rows_of_its_own_tenant_only() {
    let service = Service::start().await;
    let other = service.beside().await;
    let stored = service
        .put(
            "/v1/patients/pat-1",
            &service.admin().await,
            &binding("pat-1", &subject(1), 1),
        )
        .await;
    assert_eq!(stored.status, 201);
    let count = "select count(*) from patients";
    let seen: i64 = sqlx::query_scalar(count)
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert_eq!(seen, 1);
    // No condition on the tenant, as in a query that forgot it.
    let seen: i64 = sqlx::query_scalar(count)
        .fetch_one(&other.db)
        .await
        .unwrap();
    assert_eq!(seen, 0);
    let changed = sqlx::query("update clients set active = false")
        .execute(&other.db)
        .await;
    assert_eq!(changed.unwrap().rows_affected(), 2, "their own two");
    let planted =
        sqlx::query("insert into patients (tenant, fhir_id, created_at) values ($1, 'x', now())")
            .bind(TENANT)
            .execute(&other.db)
            .await
            .unwrap_err();
    let code = planted
        .into_database_error()
        .and_then(|error| error.code().map(|code| code.into_owned()));
    assert_eq!(code.as_deref(), Some("42501"));

    // Whoever speaks for nobody sees nothing.
    let mut nobody = PgConnection::connect(&service.database().url)
        .await
        .unwrap();
    let seen = nobody
        .fetch_one("select count(*) from patients")
        .await
        .unwrap();
    assert_eq!(seen.get::<i64, _>(0), 0);
}
