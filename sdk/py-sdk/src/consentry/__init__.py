"""Consentry: patients decide who may read which part of their record, and a gateway enforces it.

`Client` and `AsyncClient` have the same verbs; `Policy` says what is shared; errors are `ConsentryError`s, a denial is
a value. See the README for the first ten lines.
"""

from ._async.auth import AsyncClientCredentials, AsyncSession, AsyncStaticTokens
from ._async.client import AsyncClient
from ._async.pending import AsyncPending
from ._sync.auth import ClientCredentials, Session, StaticTokens
from ._sync.client import Client
from ._sync.pending import Pending, Status
from .decision import Decision, Denied, Permitted, Reason
from .deployment import Deployment
from .errors import (
    AuthError,
    ChainError,
    ConflictError,
    ConsentryError,
    FinalityTimeoutError,
    RateLimitedError,
    SignerError,
    StaleIndexError,
    UnavailableError,
    ValidationError,
)
from .health import Health
from .ids import consent_id
from .intents import Domain, Intent, SignedIntent
from .policy import Policy, Resource
from .signers import LocalKeySigner, Signer

__all__ = [
    "AsyncClient",
    "AsyncClientCredentials",
    "AsyncPending",
    "AsyncSession",
    "AsyncStaticTokens",
    "AuthError",
    "ChainError",
    "Client",
    "ClientCredentials",
    "ConflictError",
    "ConsentryError",
    "Decision",
    "Denied",
    "Deployment",
    "Domain",
    "FinalityTimeoutError",
    "Health",
    "Intent",
    "LocalKeySigner",
    "Pending",
    "Permitted",
    "Policy",
    "RateLimitedError",
    "Reason",
    "Resource",
    "Session",
    "SignedIntent",
    "Signer",
    "SignerError",
    "StaleIndexError",
    "StaticTokens",
    "Status",
    "UnavailableError",
    "ValidationError",
    "consent_id",
]

__version__ = "0.1.0"
