"""Authlib: the flows of a backend and of an app, from discovery to revocation."""

import json
import sys
import time
from urllib.parse import parse_qs, urlsplit

import httpx
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import OAuth2Client, OAuthError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

NAME = "Authlib"


class ShortLived(PrivateKeyJWT):
    """Assertions live an hour by default; SMART Backend Services allows five minutes. Authlib keeps the claims it is
    given, with their jti, so each assertion gets its own."""

    def sign(self, auth, token_endpoint):
        self.claims = {"exp": int(time.time()) + 240}
        return super().sign(auth, token_endpoint)


def client(world, metadata, party, **more):
    """A client that proves who it is with its registered key."""
    made = OAuth2Client(
        party["clientId"],
        ECKey.import_key(party["jwk"]),
        token_endpoint=metadata["token_endpoint"],
        token_endpoint_auth_method="private_key_jwt",
        revocation_endpoint_auth_method="private_key_jwt",
        **more,
    )
    method = ShortLived(
        metadata["token_endpoint"],
        headers={"kid": party["jwk"]["kid"]},
        alg="ES256",
    )
    made.register_client_auth_method(method)
    return made


def backend(world, metadata):
    party = world["backend"]
    with client(world, metadata, party) as own:
        token = own.fetch_token(grant_type="client_credentials", scope=party["scope"], resource=party["resource"])
        assert token["token_type"] == "Bearer", token
        revoked = own.revoke_token(metadata["revocation_endpoint"], token["access_token"])
        assert revoked.status_code == 200, revoked.text
    print(f"{NAME}: client_credentials with private_key_jwt, revocation")


def person(world, metadata):
    party = world["portal"]
    with client(
        world,
        metadata,
        party,
        redirect_uri=party["redirectUri"],
        scope=party["scope"],
        code_challenge_method="S256",
    ) as app:
        verifier, nonce = generate_token(64), generate_token(32)
        url, state = app.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        answer = httpx.get(url, headers={"cookie": world["cookie"]}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        location = answer.headers["location"]
        assert location.startswith(party["redirectUri"]), location
        parameters = parse_qs(urlsplit(location).query)
        assert parameters["iss"] == [world["issuer"]], parameters
        token = app.fetch_token(
            metadata["token_endpoint"], authorization_response=location, state=state, code_verifier=verifier
        )
        keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).json())
        signed = jwt.decode(token["id_token"], keys, algorithms=["ES256"])
        claims = CodeIDToken(
            signed.claims,
            signed.header,
            {"iss": {"value": world["issuer"]}, "aud": {"value": party["clientId"]}},
            {"nonce": nonce, "access_token": token["access_token"], "client_id": party["clientId"]},
        )
        claims.validate()
        info = app.get(metadata["userinfo_endpoint"]).json()
        assert info == {"sub": claims["sub"], "fhirUser": world["person"]["fhirUser"]}, info
        print(f"{NAME}: code + PKCE, ID token, userinfo")

        renewed = app.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
        assert renewed["refresh_token"] != token["refresh_token"]
        revoked = app.revoke_token(metadata["revocation_endpoint"], renewed["refresh_token"])
        assert revoked.status_code == 200, revoked.text
        try:
            app.refresh_token(metadata["token_endpoint"], refresh_token=renewed["refresh_token"])
        except OAuthError as refused:
            assert refused.error == "invalid_grant", refused
        else:
            raise AssertionError("a revoked refresh token still works")
        print(f"{NAME}: refresh, revocation")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        world = json.load(file)
    metadata = httpx.get(world["issuer"] + "/.well-known/openid-configuration").json()
    assert metadata["issuer"] == world["issuer"]
    print(f"{NAME}: discovery")
    backend(world, metadata)
    person(world, metadata)


main()
