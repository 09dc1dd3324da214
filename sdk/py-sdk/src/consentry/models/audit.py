# Made from docs/api/audit-pipeline.json by tools/generate.py. Do not edit.

from __future__ import annotations

from datetime import date as date_aliased
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class ChainBreak(BaseModel):
    """
    A place where a chain is broken.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    epoch: Annotated[int, Field(ge=0)]
    """
    Epoch of the first missing record, else of the record that does not fit.
    """
    kind: Literal["missing", "altered", "reordered", "conflict"]
    """
    How.
    """
    seq: Annotated[int, Field(ge=0)]
    """
    Its sequence number.
    """


class ChainRef(BaseModel):
    """
    The consent on chain that a decision rests on.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
    )
    block_hash: Annotated[str, Field(alias="blockHash")]
    """
    Hash of that block, 0x-hex.
    """
    block_no: Annotated[int, Field(alias="blockNo", ge=0)]
    """
    Number of the block up to which the registry was known.
    """
    chain_id: Annotated[int, Field(alias="chainId", ge=0)]
    """
    EIP-155 chain id.
    """
    consent_id: Annotated[str, Field(alias="consentId")]
    """
    The consent, 0x-hex.
    """
    registry: str
    """
    Address of the ConsentRegistry, 0x-hex.
    """
    rev: int
    """
    The projection's revision at that block.
    """
    version: Annotated[int, Field(ge=0)]
    """
    Its version at the time of the decision.
    """


class GatewayState(BaseModel):
    """
    What is known of one gateway's chain.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    break_count: Annotated[int, Field(alias="breakCount", ge=0)]
    """
    How many breaks were found.
    """
    breaks: list[ChainBreak]
    """
    The latest of them, at most 100.
    """
    epoch: Annotated[int, Field(ge=0)]
    """
    Epoch of its last archived record.
    """
    gateway: str
    """
    The gateway instance.
    """
    records: Annotated[int, Field(ge=0)]
    """
    How many different records of it are archived.
    """
    refused_unrecorded: Annotated[int, Field(alias="refusedUnrecorded", ge=0)]
    """
    Requests it refused without a record because its journal failed, as stated by later records.
    """
    seq: Annotated[int, Field(ge=0)]
    """
    Sequence number of its last archived record.
    """


class Problem(BaseModel):
    """
    Problem details (RFC 9457). `detail` tells the caller what to do and never holds personal data.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    corr_id: Annotated[str, Field(alias="corrId")]
    """
    The correlation id of the request, to quote when asking for help.
    """
    detail: str
    """
    What is wrong this time, and what to do.
    """
    status: Annotated[int, Field(examples=[400], ge=0)]
    """
    The HTTP status code.
    """
    title: str
    """
    The kind of problem in words, the same for every occurrence.
    """
    type: Annotated[str, Field(examples=["https://consentry.example/problems/invalid-parameter"])]
    """
    A URI that names the kind of problem.
    """


class Access(BaseModel):
    """
    One decision, as archived. Patients and those who act for them are told less of it than auditors.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    action: Literal["read", "search", "evaluate"]
    """
    What was asked for.
    """
    actor: str
    """
    Who acted: the client that sent the request.
    """
    chain_ref: Annotated[ChainRef | None, Field(alias="chainRef")] = None
    corr_id: Annotated[str | None, Field(alias="corrId")] = None
    """
    Correlation id of the request. For auditors only.
    """
    event_id: Annotated[UUID, Field(alias="eventId")]
    """
    The decision's id.
    """
    object: str | None = None
    """
    Key of the locked object that holds the record. For auditors only.
    """
    obligations: list[str] | None = None
    """
    What the release was bound to: how many resources were released, and how many kept back. Not for proxies.
    """
    purpose: str | None = None
    """
    Purpose of use.
    """
    requester: str | None = None
    """
    The organisation on whose behalf, by its id.
    """
    resource_type: Annotated[str | None, Field(alias="resourceType")] = None
    """
    FHIR resource type.
    """
    result: Literal["permit", "deny", "indeterminate"]
    """
    How it was decided.
    """
    role: str
    """
    The actor's persona.
    """
    rule: str
    """
    The rule that decided. Towards a patient's token only the rules about the patient's own consents and choices, and
    of all others what they come to: `requester-refused`, `not-released` or `undecided`. Towards a token with `act`
    (a proxy) `no-consent` wherever whoever asked was told that.
    """
    ts: AwareDatetime
    """
    When it was decided.
    """


class Accesses(BaseModel):
    """
    A page of decisions about one patient, newest first.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    accesses: list[Access]
    """
    The decisions.
    """
    next: str | None = None
    """
    Cursor of the next page; null on the last.
    """


class ContinuityReport(BaseModel):
    """
    The state of the gateways' chains.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    gateways: list[GatewayState]
    """
    The gateways of the token's tenant.
    """


class Count(BaseModel):
    """
    One row: how many decisions of a kind there were on a UTC day.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    action: Literal["read", "search", "evaluate"]
    """
    What was asked for.
    """
    count: Annotated[int, Field(ge=0)]
    """
    How many.
    """
    date: date_aliased
    """
    The UTC day, `YYYY-MM-DD`.
    """
    result: Literal["permit", "deny", "indeterminate"]
    """
    How it was decided.
    """


class Counts(BaseModel):
    """
    Daily totals.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    counts: list[Count]
    """
    Ordered by date, action and result; a combination without decisions has no row.
    """
