//! The crate openidconnect, unmodified, against the real binary.

use crate::support::foreign::{self, BACK, BACKEND, PORTAL, World};
use crate::support::{ASSERTION_TYPE, key};
use access_token::AssertionClaims;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClientId, CsrfToken, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, RequestTokenError,
    RevocationUrl, Scope, TokenResponse,
};
use time::OffsetDateTime;
use url::Url;

/// Sends a request of the crate with the HTTP client that we have anyway. The crate revokes over TLS only, which the service
/// on this machine has not.
async fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let (parts, body) = request.into_parts();
    let uri = parts
        .uri
        .to_string()
        .replace("https://127.0.0.1", "http://127.0.0.1");
    let answer = http
        .request(parts.method, uri)
        .headers(parts.headers)
        .body(body)
        .send()
        .await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = HttpResponse::new(answer.bytes().await?.to_vec());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// The crate knows no `private_key_jwt`; the assertion goes along as further parameters.
fn assertion(world: &World, client: (&str, u8)) -> [(&'static str, String); 2] {
    let jti = uuid::Uuid::now_v7().simple().to_string();
    let claims = AssertionClaims::new(client.0, &world.issuer, jti, OffsetDateTime::now_utc(), 60);
    [
        ("client_assertion_type", ASSERTION_TYPE.to_owned()),
        ("client_assertion", claims.sign(&key(client.1)).unwrap()),
    ]
}

#[tokio::test]
async fn the_crate_openidconnect_completes_its_flows() {
    let world = foreign::start().await;
    let issuer = IssuerUrl::new(world.issuer.clone()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &send)
        .await
        .expect("discovery");
    let revocation = world.issuer.replace("http://", "https://") + "/oauth2/revoke";
    let revocation = RevocationUrl::new(revocation).unwrap();

    let backend =
        CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(BACKEND.0.into()), None)
            .set_auth_type(AuthType::RequestBody);
    let mut request = backend
        .exchange_client_credentials()
        .unwrap()
        .add_scope(Scope::new("system:directory.read".into()));
    for (name, value) in assertion(&world, BACKEND) {
        request = request.add_extra_param(name, value);
    }
    let token = request
        .request_async(&send)
        .await
        .expect("client_credentials");
    assert_eq!(
        token.expires_in(),
        Some(std::time::Duration::from_secs(300))
    );

    let client = CoreClient::from_provider_metadata(metadata, ClientId::new(PORTAL.0.into()), None)
        .set_auth_type(AuthType::RequestBody)
        .set_redirect_uri(RedirectUrl::new(BACK.into()).unwrap())
        .set_revocation_url(revocation);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("fhirUser".into()))
        .add_scope(Scope::new("patient/*.rs".into()))
        .set_pkce_challenge(challenge)
        .url();
    let back = browse(&world, &url).await;
    let parameter = |name: &str| {
        let mut pairs = back.query_pairs();
        pairs
            .find(|(found, _)| found == name)
            .unwrap()
            .1
            .into_owned()
    };
    assert_eq!(&parameter("state"), state.secret());
    assert_eq!(parameter("iss"), world.issuer);

    let mut request = client
        .exchange_code(AuthorizationCode::new(parameter("code")))
        .unwrap()
        .set_pkce_verifier(verifier);
    for (name, value) in assertion(&world, PORTAL) {
        request = request.add_extra_param(name, value);
    }
    let token: CoreTokenResponse = request.request_async(&send).await.expect("code");
    let id_token = token.id_token().expect("an ID token");
    let checks = client.id_token_verifier();
    let claims = id_token.claims(&checks, &nonce).expect("its claims");
    let hash = AccessTokenHash::from_token(
        token.access_token(),
        id_token.signing_alg().unwrap(),
        id_token.signing_key(&checks).unwrap(),
    );
    assert_eq!(claims.access_token_hash(), Some(&hash.unwrap()));

    let info: CoreUserInfoClaims = client
        .user_info(token.access_token().clone(), Some(claims.subject().clone()))
        .unwrap()
        .request_async(&send)
        .await
        .expect("user info");
    assert_eq!(info.subject(), claims.subject());

    let mut request = client
        .exchange_refresh_token(token.refresh_token().unwrap())
        .unwrap();
    for (name, value) in assertion(&world, PORTAL) {
        request = request.add_extra_param(name, value);
    }
    let renewed = request.request_async(&send).await.expect("refresh");
    let refresh = renewed.refresh_token().unwrap().clone();

    let mut request = client.revoke_token(refresh.clone().into()).unwrap();
    for (name, value) in assertion(&world, PORTAL) {
        request = request.add_extra_param(name, value);
    }
    request.request_async(&send).await.expect("revocation");
    let mut request = client.exchange_refresh_token(&refresh).unwrap();
    for (name, value) in assertion(&world, PORTAL) {
        request = request.add_extra_param(name, value);
    }
    match request.request_async(&send).await {
        Err(RequestTokenError::ServerResponse(refused)) => {
            assert_eq!(refused.error().to_string(), "invalid_grant");
        }
        other => panic!("a revoked refresh token still works: {other:?}"),
    }
}

async fn browse(world: &World, url: &Url) -> Url {
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = http
        .get(url.clone())
        .header("cookie", &world.cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 303);
    answer.headers()["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}
