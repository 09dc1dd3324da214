"""One family of errors for everything that is a fault. A denial is not one: it is a value, see `consentry.decision`.

Every error says what to do, has a stable `code` (the same in every language's SDK), tells whether trying again can
help (`retryable`), and names the request (`request_id`) to quote when asking for help. No message holds personal data.
"""

from __future__ import annotations

__all__ = [
    "AuthError",
    "ChainError",
    "ConflictError",
    "ConsentryError",
    "FinalityTimeoutError",
    "RateLimitedError",
    "SignerError",
    "StaleIndexError",
    "UnavailableError",
    "ValidationError",
]


_RETRYABLE = frozenset(("FINALITY_TIMEOUT", "RATE_LIMITED", "STALE_INDEX", "UNAVAILABLE"))


class ConsentryError(Exception):
    """Something failed. Catch a subclass, or look at `code`: sdk/vectors/error-codes.json lists them all."""

    code: str = "UNEXPECTED_ANSWER"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id
        self.status = status
        if code is not None:
            self.code = code
        self.retryable = self.code in _RETRYABLE

    def __str__(self) -> str:
        suffix = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.message} [{self.code}]{suffix}"


class AuthError(ConsentryError):
    """No valid token, or one that does not allow this."""

    code = "AUTH_REFUSED"


class ValidationError(ConsentryError):
    """What was given is not well-formed, or a service refused it as such. Nothing was sent, or nothing happened."""

    code = "INVALID_REQUEST"


class ConflictError(ConsentryError):
    """It contradicts what is stored, or the registry refuses it as things stand. Look again, then decide anew."""

    code = "CONFLICT"


class RateLimitedError(ConsentryError):
    """Too often. `retry_after` says when to come back, in seconds."""

    code = "RATE_LIMITED"
    retry_after: float | None = None


class UnavailableError(ConsentryError):
    """A service cannot be reached, or cannot decide. Doubt means no: treat it as a denial, and try again."""

    code = "UNAVAILABLE"


class StaleIndexError(ConsentryError):
    """What the indexer knows is not recent enough, or not final yet where it has to be."""

    code = "STALE_INDEX"


class ChainError(ConsentryError):
    """The chain or the registry is not the configured one, or the chain refused a decision."""

    code = "WRONG_DEPLOYMENT"


class FinalityTimeoutError(ConsentryError):
    """A wait ended before what was waited for. The decision is still on its way: call the wait again to go on."""

    code = "FINALITY_TIMEOUT"


class SignerError(ConsentryError):
    """The signer is missing, is another than the one that has to sign, or refused."""

    code = "SIGNER_UNAVAILABLE"
