"""What an HTTP answer means, and whether a request may be sent again. No I/O."""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from .errors import (
    AuthError,
    ConflictError,
    ConsentryError,
    RateLimitedError,
    StaleIndexError,
    UnavailableError,
    ValidationError,
)

MAX_RETRIES = 2
RETRIED = frozenset((408, 429, 502, 503, 504))
LONGEST_PAUSE = 10.0
CORRELATION = "x-correlation-id"
DECISION = "x-decision-id"
FAULTS = {
    "insufficient-scope": "AUTH_FORBIDDEN",
    "token-revoked": "AUTH_UNAUTHENTICATED",
    "facts-stale": "STALE_INDEX",
    "facts-unavailable": "UNAVAILABLE",
    "stops-unknown": "UNAVAILABLE",
    "revocations-stale": "UNAVAILABLE",
    "directory-unavailable": "UNAVAILABLE",
    "upstream-unavailable": "UNAVAILABLE",
    "journal-unavailable": "UNAVAILABLE",
}
"""The gateway's rules that are no decision."""
MAX_BODY = 64 * 1024 * 1024
"""The longest answer that is read, in bytes."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to one of the services."""

    method: str
    url: str
    audience: str | None = None
    """For whom the token is; None = without one."""
    purpose: str | None = None
    """Purpose of use that the token is to be for."""
    params: list[tuple[str, str]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    idempotent: bool = False
    """Whether doing it twice is the same as once, though it is no GET."""
    accepts: frozenset[int] = frozenset()
    """Statuses that are answers here and no errors."""
    retries: bool = True
    """Whether it is sent again after a failure, if it may be."""
    until: float | None = None
    """Until when an answer is waited for, by the monotonic clock."""

    def __post_init__(self) -> None:
        """A lone surrogate can be written nowhere, and must not become another character."""
        for name, value in self.params:
            if any("\ud800" <= char <= "\udfff" for char in value):
                raise ValidationError(f"`{name}` must be a text of whole characters.", code="INVALID_REQUEST")

    @property
    def may_repeat(self) -> bool:
        """Whether it may be sent again after a failure. No state is changed twice."""
        return self.retries and (self.method in ("GET", "HEAD") or self.idempotent)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    request_id: str

    def json(self) -> Any:
        """The body; a ValidationError is our fault and not the caller's, so it is an UnavailableError."""
        try:
            return json.loads(self.content)
        except ValueError:
            raise UnavailableError(
                "The service's answer is not JSON. Is the address that of a service of Consentry?",
                code="UNEXPECTED_ANSWER",
                request_id=self.request_id,
                status=self.status,
            ) from None


def new_request_id() -> str:
    """A correlation id that the services take over into their logs and records."""
    return secrets.token_hex(16)


def pause(attempt: int, retry_after: str | None, jitter: float | None = None) -> float:
    """Seconds to wait before the next attempt: what the service asks for, else exponential, always jittered."""
    jitter = random.random() if jitter is None else jitter
    try:
        asked = float(retry_after or "")
    except ValueError:
        asked = 0.0
    asked = asked if asked >= 0 else 0.0
    return float(min(max(asked, 0.25 * 2**attempt), LONGEST_PAUSE)) + 0.25 * jitter


def may_retry(request: Request, status: int | None, attempt: int) -> bool:
    """`status` is None when there was no answer. A conflict (409) is never tried again."""
    return attempt < MAX_RETRIES and request.may_repeat and (status is None or status in RETRIED)


def unreachable(url: str, request_id: str, cause: Exception) -> UnavailableError:
    """There was no answer at all."""
    origin = "/".join(url.split("/")[:3])
    return UnavailableError(
        f"No answer from {origin} ({type(cause).__name__}). Is it running, and is the address right?",
        code="UNAVAILABLE",
        request_id=request_id,
    )


def too_long(url: str, request_id: str) -> UnavailableError:
    """Nobody's memory is filled by an answer."""
    origin = "/".join(url.split("/")[:3])
    return UnavailableError(
        f"The answer of {origin} is longer than {MAX_BODY} bytes. Ask for less at once.",
        code="UNEXPECTED_ANSWER",
        request_id=request_id,
    )


def too_late(url: str, request_id: str) -> UnavailableError:
    """There is no time left to try again."""
    origin = "/".join(url.split("/")[:3])
    return UnavailableError(f"{origin} did not answer in time.", code="UNAVAILABLE", request_id=request_id)


class _Known(TypedDict):
    request_id: str
    status: int


def error_of(answer: Answer) -> ConsentryError:
    """The typed error of an answer that is one."""
    slug, detail, request_id = _problem(answer)
    known: _Known = {"request_id": request_id, "status": answer.status}
    status = answer.status
    if status == 401:
        advice = "Sign in again; of a machine, check its key and the deployment's addresses."
        return AuthError(f"{detail or 'No valid token.'} {advice}", code="AUTH_UNAUTHENTICATED", **known)
    if status == 403:
        return AuthError(detail or "The token does not allow this.", code="AUTH_FORBIDDEN", **known)
    if status == 404:
        return ValidationError(detail or "There is nothing here for this caller.", code="NOT_FOUND", **known)
    if slug == "refused-by-registry":
        return ConflictError(detail, code="REFUSED_BY_REGISTRY", **known)
    if slug == "invalid-signature":
        return ValidationError(detail, code="INVALID_SIGNATURE", **known)
    if slug == "deadline-passed":
        return ConflictError(detail, code="DEADLINE_PASSED", **known)
    if status == 409:
        return ConflictError(detail or "It contradicts what is stored.", **known)
    if status == 429:
        error = RateLimitedError(detail or "Too many requests.", **known)
        error.retry_after = pause(0, answer.headers.get("retry-after"), 0.0)
        return error
    if 400 <= status < 500 and status != 408:
        return ValidationError(detail or f"The service refused the request (HTTP {status}).", **known)
    if (fault := fault_of_rule(slug, detail, answer)) is not None:
        return fault
    if slug == "stale-index":
        return StaleIndexError(detail, **known)
    return UnavailableError(
        detail or f"The service cannot answer now (HTTP {status}).",
        code="UNAVAILABLE" if status in RETRIED else "UNEXPECTED_ANSWER",
        **known,
    )


def fault_of_rule(rule: str, says: str, answer: Answer) -> ConsentryError | None:
    """The error of a gateway's rule that is no denial: no decision could be made."""
    if rule not in FAULTS:
        return None
    code = FAULTS[rule]
    kind = {"AUTH_FORBIDDEN": AuthError, "AUTH_UNAUTHENTICATED": AuthError, "STALE_INDEX": StaleIndexError}
    known: _Known = {"request_id": answer.headers.get(CORRELATION) or answer.request_id, "status": answer.status}
    return kind.get(code, UnavailableError)(says or rule, code=code, **known)


def slug_of(answer: Answer) -> str:
    """What kind of problem an answer is about: the last segment of its type, or the OAuth error."""
    return _problem(answer)[0]


def _problem(answer: Answer) -> tuple[str, str, str]:
    """Slug, detail and correlation id: of a problem, an OAuth error or an OperationOutcome."""
    request_id = answer.headers.get(CORRELATION) or answer.request_id
    try:
        body = json.loads(answer.content)
    except ValueError:
        return "", "", request_id
    if not isinstance(body, dict):
        return "", "", request_id
    if body.get("resourceType") == "OperationOutcome":
        details = rule_and_text(body)
        return details[0], details[1], request_id
    if "error" in body:
        return str(body["error"]), str(body.get("error_description") or body["error"]), request_id
    slug = str(body.get("type", "")).rsplit("/", 1)[-1]
    return slug, str(body.get("detail", "")), str(body.get("corrId") or request_id)


def rule_and_text(outcome: Any) -> tuple[str, str]:
    """The rule that an OperationOutcome names (empty if none), and its words."""
    try:
        details = outcome["issue"][0]["details"]
        coding = details.get("coding") or [{}]
        return str(coding[0].get("code", "")), str(details.get("text", ""))
    except (KeyError, IndexError, TypeError, AttributeError):
        return "", ""
