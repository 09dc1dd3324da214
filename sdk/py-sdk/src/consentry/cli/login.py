"""`consentry login`."""

from __future__ import annotations

import webbrowser
from argparse import Namespace
from typing import Any

from .._sync.transport import Transport
from ..deployment import Deployment
from ..errors import ValidationError
from ..loopback import receive_code
from ..oauth import AuthorizationRequest
from .identity import Store
from .output import Output

__all__ = ["login"]

SERVICES = ("auth", "indexer", "gateway", "relay", "audit")
REDIRECT = "http://127.0.0.1:8976/callback"


def login(asked: Namespace, out: Output) -> int:
    """Signs in once for each service: a token is for one. The browser asks for a password the first time only."""
    deployment = Deployment.read(asked.endpoints)
    known = [*deployment.extra.get("terminals", []), *deployment.extra.get("apps", [])]
    client: dict[str, Any] = next((client for client in known if client["id"] == asked.client), {})
    scope = asked.scope or " ".join(client.get("scopes", []))
    if not scope:
        raise ValidationError("Say by --scope what to ask for.", code="INVALID_REQUEST")
    redirect = asked.redirect_uri or REDIRECT
    store = Store()
    session = store.session_of(deployment.auth, asked.client, {})
    services = asked.services.split(",") if asked.services else _services(scope)
    with Transport(None) as transport:
        for service in services:
            if service not in SERVICES:
                raise ValidationError(f"--for takes {', '.join(SERVICES)}, by commas.", code="INVALID_REQUEST")
            request = AuthorizationRequest.new(
                deployment.auth, asked.client, redirect, scope, getattr(deployment, service)
            )
            out.say(f"· signing in for the {service}")

            def show(url: str) -> None:
                if asked.no_browser or not webbrowser.open(url):
                    out.note(f"Open this address in a browser on this machine:\n{url}")

            session.redeem(transport, request, receive_code(request, show))
    out.result({"signedIn": True, "services": services}, f"Signed in for {', '.join(services)}.")
    return 0


def _services(scope: str) -> list[str]:
    words = scope.split()
    wanted = ["indexer"]
    if "patient:consent.write" in words:
        wanted.append("auth")
    if "provider:records.read" in words:
        wanted.append("gateway")
    if "provider:consent.request" in words:
        wanted.append("relay")
    if "patient:audit.read" in words or "admin:audit.read" in words:
        wanted.append("audit")
    return wanted
