"""Reading answers into models, and making sure that they are about this deployment."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from .._http import Answer, Request
from ..deployment import Deployment
from ..errors import ChainError, UnavailableError
from ..ids import same_address
from ..models import indexer
from .transport import AsyncTransport

__all__ = ["check_as_of", "check_place", "get", "model"]

T = TypeVar("T", bound=BaseModel)


def model(kind: type[T], answer: Answer) -> T:
    """The body as this model."""
    try:
        return kind.model_validate(answer.json())
    except ValidationError as fault:
        raise UnavailableError(
            f"The service's answer is not a {kind.__name__} as this version knows it. Update the SDK or the service.",
            code="UNEXPECTED_ANSWER",
            request_id=answer.request_id,
            status=answer.status,
        ) from fault


async def get(
    transport: AsyncTransport,
    kind: type[T],
    url: str,
    audience: str | None,
    params: list[tuple[str, str]] | None = None,
    until: float | None = None,
) -> T:
    """GET as a model."""
    request = Request("GET", url, audience=audience, params=params or [], until=until)
    return model(kind, await transport.send(request))


def check_as_of(deployment: Deployment, as_of: indexer.AsOf) -> None:
    """Nothing of another chain or registry is ever believed, or signed."""
    check_place(deployment, as_of.chain_id, as_of.registry)


def check_place(deployment: Deployment, chain_id: int, registry: str) -> None:
    """Whether the indexer follows this deployment's registry."""
    if chain_id != deployment.chain_id:
        raise ChainError(
            f"The indexer follows chain {chain_id}, the configured one is {deployment.chain_id}. "
            "Correct the deployment's addresses; nothing was signed.",
            code="WRONG_DEPLOYMENT",
        )
    if not same_address(registry, deployment.registry):
        raise ChainError(
            f"The indexer follows the registry {registry}, the configured one is {deployment.registry}. "
            "Correct the deployment's addresses; nothing was signed.",
            code="WRONG_DEPLOYMENT",
        )
