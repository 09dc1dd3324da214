"""Consentry: patients decide who may read which part of their record, and a gateway enforces it.

`Client` and `AsyncClient` have the same verbs; `Policy` says what is shared; errors are `ConsentryError`s, a denial is
a value. See the README for the first ten lines.
"""

from ._async.auth import AsyncClientCredentials, AsyncSession, AsyncStaticTokens
from ._async.client import AsyncClient
from ._async.memory import AsyncInProcessMemory, AsyncSigningMemory
from ._async.pending import AsyncPending
from ._sync.auth import ClientCredentials, Session, StaticTokens
from ._sync.client import Client
from ._sync.memory import InProcessMemory, SigningMemory
from ._sync.pending import Pending
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
from .health import ServiceHealth
from .ids import consent_id
from .intents import Domain, Intent, SignedIntent
from .oauth import AuthorizationRequest, ProofKey, Token
from .policy import Policy, Resource
from .progress import IntentStatus, WaitStatus
from .signers import LocalKeySigner, Payer, Signer

__all__ = [
    "AsyncClient",
    "AsyncClientCredentials",
    "AsyncInProcessMemory",
    "AsyncPending",
    "AsyncSession",
    "AsyncSigningMemory",
    "AsyncStaticTokens",
    "AuthError",
    "AuthorizationRequest",
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
    "InProcessMemory",
    "Intent",
    "IntentStatus",
    "LocalKeySigner",
    "Payer",
    "Pending",
    "Permitted",
    "Policy",
    "ProofKey",
    "RateLimitedError",
    "Reason",
    "Resource",
    "ServiceHealth",
    "Session",
    "SignedIntent",
    "Signer",
    "SignerError",
    "SigningMemory",
    "StaleIndexError",
    "StaticTokens",
    "Token",
    "UnavailableError",
    "ValidationError",
    "WaitStatus",
    "consent_id",
]

__version__ = "0.1.0"
