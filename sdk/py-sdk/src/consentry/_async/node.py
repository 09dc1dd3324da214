"""Asks a node of the chain (JSON-RPC)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from .._http import Request
from ..errors import UnavailableError
from .transport import AsyncTransport

__all__ = ["AsyncNode", "NodeRefusalError"]


class NodeRefusalError(Exception):
    """The node answered with an error."""

    def __init__(self, message: str, data: bytes, request_id: str) -> None:
        super().__init__(message)
        self.message = message
        self.data = data
        """What a call reverted with."""
        self.request_id = request_id


class AsyncNode:
    """One node. Its URL may hold a key: no message quotes more of it than its host."""

    def __init__(self, transport: AsyncTransport, url: str) -> None:
        self._transport = transport
        self._url = url
        self._ids = count(1)

    async def ask(self, method: str, params: Sequence[Any], until: float | None = None) -> Any:
        """The result; `NodeRefusalError` if the node says no. Asking twice does no more than asking once."""
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(params)}
        answer = await self._transport.send(
            Request(
                "POST",
                self._url,
                headers={"content-type": "application/json"},
                content=json.dumps(body).encode(),
                idempotent=True,
                until=until,
                # Some nodes answer a refusal with a status that says so too.
                accepts=frozenset((400, 500)),
            )
        )
        told = answer.json()
        if isinstance(told, dict) and isinstance(told.get("error"), dict):
            error = told["error"]
            raise NodeRefusalError(str(error.get("message", "no reason given")), _data(error), answer.request_id)
        if not isinstance(told, dict) or "result" not in told or answer.status != 200:
            raise UnavailableError(
                "The node's answer is not JSON-RPC. Is the address that of a node of the chain?",
                code="UNEXPECTED_ANSWER",
                request_id=answer.request_id,
            )
        return told["result"]

    async def number(self, method: str, params: Sequence[Any], until: float | None = None) -> int:
        """A result that is a quantity."""
        return quantity(await self.ask(method, params, until))


def quantity(value: Any) -> int:
    """A quantity in hexadecimal."""
    try:
        return int(value, 16)
    except (TypeError, ValueError):
        raise UnavailableError("The node's answer holds no number.", code="UNEXPECTED_ANSWER") from None


def _data(error: dict[str, Any]) -> bytes:
    """Nodes put it at different places."""
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("data")
    try:
        return bytes.fromhex(str(data).removeprefix("0x"))
    except ValueError:
        return b""
