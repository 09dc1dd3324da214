"""Tokens: machines' assertions, people's sign-in with PKCE, refresh, and what is kept where."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import stat
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fake import AS_OF, HASH, Services, consent, deployment, problem
from joserfc import jwt
from joserfc.jwk import ECKey

from consentry import (
    AuthError,
    Client,
    ClientCredentials,
    ConsentryError,
    ProofKey,
    Session,
    StaticTokens,
    ValidationError,
)
from consentry.cli.identity import Store
from consentry.loopback import receive_code
from consentry.oauth import AuthorizationRequest, Token, client_assertion

KEY = ECKey.generate_key("P-256")
JWK = KEY.as_dict(private=True)
ISSUER = "https://auth.example"
INDEXER = "https://indexer.example"


def answer(token: str, life: int = 300, **more: Any) -> dict[str, Any]:
    return {"access_token": token, "token_type": "Bearer", "expires_in": life, "scope": "x"} | more


def row() -> dict[str, Any]:
    return {"asOf": AS_OF, "consent": consent("ACTIVE", 1)}


def client(services: Services, auth: Any) -> Client:
    return Client(deployment(), auth=auth, http=httpx2.Client(transport=httpx2.MockTransport(services.handle)))


def forms(services: Services) -> list[dict[str, str]]:
    asked = [request for request in services.asked if request.url.path == "/oauth2/token"]
    return [{name: values[0] for name, values in parse_qs(request.content.decode()).items()} for request in asked]


def machine() -> ClientCredentials:
    return ClientCredentials(ISSUER, "clinic", JWK, "provider:records.read")


def test_an_assertion_names_client_and_endpoint_briefly_and_once() -> None:
    endpoint = f"{ISSUER}/oauth2/token"
    first, second = (client_assertion("clinic", JWK, endpoint) for _ in range(2))
    token = jwt.decode(first, KEY, algorithms=["ES256"])
    assert token.header["alg"] == "ES256"
    claims = token.claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("clinic", "clinic", endpoint)
    assert 0 < claims["exp"] - time.time() <= 60
    assert claims["jti"] != jwt.decode(second, KEY, algorithms=["ES256"]).claims["jti"]


def test_a_broken_key_is_refused_without_quoting_it() -> None:
    with pytest.raises(AuthError) as failed:
        client_assertion("clinic", {"kty": "EC", "crv": "P-256", "d": "secret", "x": "AA", "y": "AA"}, ISSUER)
    assert "secret" not in str(failed.value)
    assert failed.value.__cause__ is None


def test_a_token_is_asked_once_for_each_service_and_again_before_it_is_over() -> None:
    services = Services().on("GET indexer /v1/consents/", row())
    services.on("POST auth /oauth2/token", answer("one"), answer("two", life=20), answer("three"))
    auth = machine()
    with client(services, auth) as party:
        party.consents.get(HASH)
        party.consents.get(HASH)
        for token in ("two", "three"):
            gateway = "https://gateway.example"
            headers = auth.headers(party.transport, gateway, None, "GET", f"{gateway}/x")
            assert headers == {"authorization": f"Bearer {token}"}
    assert [form["resource"] for form in forms(services)] == [INDEXER, *["https://gateway.example"] * 2]
    assert forms(services)[0]["grant_type"] == "client_credentials"


def test_a_token_that_is_refused_is_replaced_once() -> None:
    services = Services().on("GET indexer /v1/consents/", problem(401, "unauthenticated"), row())
    services.on("POST auth /oauth2/token", answer("old"), answer("new"))
    with client(services, machine()) as party:
        party.consents.get(HASH)
    used = [request.headers["authorization"] for request in services.asked if request.method == "GET"]
    assert used == ["Bearer old", "Bearer new"]

    services = Services().on("GET indexer /v1/consents/", problem(401, "unauthenticated"))
    services.on("POST auth /oauth2/token", answer("old"))
    with client(services, machine()) as party, pytest.raises(AuthError) as failed:
        party.consents.get(HASH)
    assert failed.value.code == "AUTH_UNAUTHENTICATED"
    assert len([request for request in services.asked if request.method == "GET"]) == 2


def test_the_issuers_reason_is_told() -> None:
    refusal = httpx2.Response(401, json={"error": "invalid_client", "error_description": "The client is disabled."})
    services = Services().on("POST auth /oauth2/token", refusal)
    with client(services, machine()) as party, pytest.raises(AuthError, match=r"The client is disabled\.") as failed:
        party.consents.get(HASH)
    assert failed.value.code == "AUTH_REFUSED"
    assert len(services.asked) == 1, "an assertion counts once, so it is not sent again"


def test_a_session_is_refreshed_and_each_refresh_token_used_once() -> None:
    kept: list[dict[str, Token]] = []
    over = Token("old", time.time(), "x", "refresh-1")
    session = Session(ISSUER, "portal", {INDEXER: over}, lambda tokens: kept.append(dict(tokens)))
    services = Services().on("GET indexer /v1/consents/", row())
    services.on("POST auth /oauth2/token", answer("new", refresh_token="refresh-2"))
    with client(services, session) as party:
        party.consents.get(HASH)
        party.consents.get(HASH)
    assert forms(services) == [
        {"grant_type": "refresh_token", "client_id": "portal", "refresh_token": "refresh-1"},
    ]
    assert kept[-1][INDEXER].refresh_token == "refresh-2"


@pytest.mark.parametrize("tokens", [{}, {INDEXER: Token("old", 0.0, "x", None)}])
def test_without_a_sign_in_that_lasts_one_has_to_sign_in(tokens: dict[str, Token]) -> None:
    with client(Services(), Session(ISSUER, "portal", tokens)) as party, pytest.raises(AuthError) as failed:
        party.consents.get(HASH)
    assert failed.value.code == "AUTH_SIGN_IN_REQUIRED"


def request(redirect: str = "http://127.0.0.1:1/callback") -> AuthorizationRequest:
    return AuthorizationRequest.new(ISSUER, "portal", redirect, "openid", INDEXER)


def test_a_sign_in_is_by_pkce_for_one_service() -> None:
    asked = request()
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.url).query).items()}
    digest = hashlib.sha256(asked.verifier.encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (query["code_challenge_method"], query["resource"], query["response_type"]) == ("S256", INDEXER, "code")
    assert asked.verifier not in asked.url
    assert asked.verifier not in repr(asked)
    assert request().state != asked.state
    assert asked.form("c")["code_verifier"] == asked.verifier


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "other"}, "AUTH_RESPONSE"),
        ({"state": ""}, "AUTH_RESPONSE"),
        ({"iss": "https://evil.example"}, "AUTH_RESPONSE"),
        ({"iss": ""}, "AUTH_RESPONSE"),
        ({"error": "access_denied"}, "AUTH_REFUSED"),
        ({"error": "login_required"}, "AUTH_SIGN_IN_REQUIRED"),
        ({"code": ""}, "AUTH_RESPONSE"),
    ],
)
def test_an_answer_to_another_sign_in_is_not_taken(change: dict[str, str], code: str) -> None:
    asked = request()
    values = {"state": asked.state, "iss": ISSUER, "code": "c"} | change
    url = "/callback?" + "&".join(f"{name}={value}" for name, value in values.items() if value)
    with pytest.raises(AuthError) as failed:
        asked.code_from(url)
    assert failed.value.code == code
    assert asked.code_from(f"/callback?state={asked.state}&iss={ISSUER}&code=c") == "c"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_browser_comes_back_to_a_listener_that_is_gone_afterwards() -> None:
    port = free_port()
    asked = request(f"http://127.0.0.1:{port}/callback")

    def browser(url: str) -> None:
        def visit() -> None:
            for path in ("/favicon.ico", f"/callback?state={asked.state}&iss={ISSUER}&code=the-code"):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", path)
                body = connection.getresponse().read()
                assert b"the-code" not in body
                connection.close()

        assert url == asked.url
        thread.append(threading.Thread(target=visit))
        thread[0].start()

    thread: list[threading.Thread] = []
    assert receive_code(asked, browser, timeout=10) == "the-code"
    thread[0].join()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_nobody_who_signs_in_is_not_waited_for_without_end() -> None:
    with pytest.raises(AuthError) as failed:
        receive_code(request(f"http://127.0.0.1:{free_port()}/callback"), lambda _: None, timeout=0)
    assert failed.value.code == "AUTH_SIGN_IN_REQUIRED"
    for redirect in ("https://portal.example/callback", "http://10.0.0.1/callback"):
        with pytest.raises(ValidationError):
            receive_code(request(redirect), lambda _: None)


def test_kept_tokens_are_for_their_owner_only(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "session.json")
    assert store.session(ISSUER) is None
    services = Services().on("POST auth /oauth2/token", answer("t", refresh_token="r"))
    session = store.session_of(ISSUER, "portal", {})
    with client(services, session) as party:
        session.redeem(party.transport, request(), "code")
        again = store.session(ISSUER)
        assert again is not None
        headers = again.headers(party.transport, INDEXER, None, "GET", INDEXER)
        assert headers == {"authorization": "Bearer t"}
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert json.loads(store.path.read_text())[ISSUER]["clientId"] == "portal"
    store.path.write_text("{")
    with pytest.raises(ConsentryError, match="sign in again"):
        store.session(ISSUER)


def test_tokens_are_not_shown() -> None:
    token = Token("secret-token", 1.0, "x", "secret-refresh")
    assert "secret" not in repr(token)


def test_a_token_is_for_the_purpose_that_is_named() -> None:
    services = Services().on("GET gateway /fhir", problem(403, "forbidden"))
    services.on("POST auth /oauth2/token", answer("one"), answer("two"))
    auth = machine()
    with client(services, auth) as party:
        for purpose in ("TREAT", None, "TREAT"):
            with pytest.raises(AuthError):
                party.gateway.fetch_if_permitted(patient="p", resource="Patient", purpose=purpose)
    assert [form.get("purpose_of_use") for form in forms(services)] == ["TREAT", None]
    asked = [request for request in services.asked if request.method == "GET"]
    assert [request.headers["authorization"] for request in asked] == ["Bearer one", "Bearer two", "Bearer one"]
    assert asked[0].url.params.get("_id") == "p", "a patient is searched for by its id"


def bound(services: Services, token: str) -> Services:
    return services.on("POST auth /oauth2/token", answer(token, token_type="DPoP", refresh_token="r", patient="p-1"))


def proof_of(request: httpx2.Request) -> dict[str, Any]:
    """The claims of a request's proof, its signature checked with the key in it."""
    header = json.loads(base64.urlsafe_b64decode(request.headers["dpop"].split(".")[0] + "=="))
    assert header["typ"] == "dpop+jwt"
    assert set(header["jwk"]) == {"kty", "crv", "x", "y"}, "the private half stays here"
    key = ECKey.import_key(header["jwk"])
    return dict(jwt.decode(request.headers["dpop"], key, algorithms=["ES256"]).claims)


def test_a_token_that_is_bound_to_a_key_is_proved_anew_for_every_attempt() -> None:
    services = bound(Services(), "bound-token").on("GET indexer /v1/consents", problem(503, "unavailable"), row())
    auth = ClientCredentials(ISSUER, "clinic", JWK, "provider:records.read", dpop=True)
    with client(services, auth) as party:
        party.consents.get(HASH)
    asked, *read = services.asked
    assert proof_of(asked)["htu"] == f"{ISSUER}/oauth2/token"
    proofs = [proof_of(request) for request in read]
    assert [request.headers["authorization"] for request in read] == ["DPoP bound-token"] * 2
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"bound-token").digest()).rstrip(b"=").decode()
    for claims in proofs:
        assert (claims["htm"], claims["htu"]) == ("GET", f"{INDEXER}/v1/consents/{HASH}")
        assert claims["ath"] == digest
    assert proofs[0]["jti"] != proofs[1]["jti"]


def test_a_session_can_be_bound_to_a_key_and_knows_its_patient() -> None:
    services = bound(Services(), "one").on("GET indexer /v1/consents/", row())
    session = Session(ISSUER, "portal", {}, proof_key=ProofKey.generate())
    with client(services, session) as party:
        session.redeem(party.transport, request(), "code")
        assert session.patient == "p-1"
        party.consents.get(HASH)
    assert all("dpop" in asked.headers for asked in services.asked)


@pytest.mark.parametrize(("dpop", "kind"), [(True, "Bearer"), (False, "DPoP"), (False, "mac")])
def test_a_token_that_is_not_bound_as_asked_is_not_used(dpop: bool, kind: str) -> None:
    services = Services().on("POST auth /oauth2/token", answer("t", token_type=kind))
    auth = ClientCredentials(ISSUER, "clinic", JWK, "x", dpop=dpop)
    with client(services, auth) as party, pytest.raises(AuthError) as refused:
        party.consents.get(HASH)
    assert refused.value.code == "AUTH_RESPONSE"


def test_a_sign_in_that_is_over_says_so() -> None:
    over = httpx2.Response(400, json={"error": "invalid_grant", "error_description": "The refresh token is over."})
    session = Session(ISSUER, "portal", {INDEXER: Token("old", 0.0, "x", "refresh-1")})
    services = Services().on("POST auth /oauth2/token", over)
    with client(services, session) as party, pytest.raises(AuthError, match="Sign in again") as refused:
        party.consents.get(HASH)
    assert refused.value.code == "AUTH_SIGN_IN_REQUIRED"


def test_a_sign_in_can_ask_for_two_factors_and_for_no_questions() -> None:
    wishes = AuthorizationRequest.new(ISSUER, "portal", "http://x/", "openid", INDEXER, acr="aal2", max_age=300)
    query = {name: values[0] for name, values in parse_qs(urlsplit(wishes.url).query).items()}
    assert (query["acr_values"], query["max_age"]) == ("aal2", "300")
    assert "prompt" not in query
    silent = AuthorizationRequest.new(ISSUER, "portal", "http://x/", "openid", INDEXER, prompt="none")
    assert "prompt=none" in silent.url


def test_a_token_that_expired_is_told_with_what_to_do() -> None:
    expired = problem(401, "unauthenticated", "The access token is over.")
    services = Services().on("GET indexer /v1/consents/", expired)
    with client(services, StaticTokens({INDEXER: "old"})) as party, pytest.raises(AuthError) as refused:
        party.consents.get(HASH)
    assert refused.value.code == "AUTH_UNAUTHENTICATED"
    assert refused.value.message.startswith("The access token is over. Sign in again")
    assert refused.value.request_id == "c" * 32
    assert not refused.value.retryable
