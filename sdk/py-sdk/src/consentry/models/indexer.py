# Made from docs/api/consent-indexer.json by tools/generate.py. Do not edit.

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel


class AsOf(BaseModel):
    """
    What an answer rests on.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    block_hash: Annotated[str, Field(alias="blockHash")]
    """
    Its hash.
    """
    block_no: Annotated[int, Field(alias="blockNo", ge=0)]
    """
    The last block applied.
    """
    chain_id: Annotated[int, Field(alias="chainId", ge=0)]
    """
    EIP-155 chain id.
    """
    observed_at: Annotated[str, Field(alias="observedAt")]
    """
    When that block was last known to be the chain's head (RFC 3339).
    """
    registry: str
    """
    The registry's address.
    """
    reorg_epoch: Annotated[int, Field(alias="reorgEpoch", ge=0)]
    """
    The number of rollbacks.
    """
    rev: Annotated[int, Field(ge=0)]
    """
    The last revision.
    """


class IndexedBlock(BaseModel):
    """
    A block.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    block_hash: Annotated[str, Field(alias="blockHash")]
    """
    Hash.
    """
    block_no: Annotated[int, Field(alias="blockNo", ge=0)]
    """
    Height.
    """


class Place(BaseModel):
    """
    The event that a row rests on.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    block_hash: Annotated[str, Field(alias="blockHash")]
    """
    Its block's hash.
    """
    block_no: Annotated[int, Field(alias="blockNo", ge=0)]
    """
    Its block's height.
    """
    finality: Literal["latest", "safe", "finalized"]
    """
    How final that block is.
    """
    log_index: Annotated[int, Field(alias="logIndex", ge=0)]
    """
    The event's position among the block's logs.
    """
    tx_hash: Annotated[str, Field(alias="txHash")]
    """
    The transaction.
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


class ProposalRow(BaseModel):
    """
    A recovery under way.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    id: Annotated[int, Field(ge=0)]
    """
    Its number.
    """
    new_controller: Annotated[str, Field(alias="newController")]
    """
    Who is to control the subject.
    """
    ready_at: Annotated[int, Field(alias="readyAt", ge=0)]
    """
    First second at which it can be carried out.
    """


class RecoveryRow(BaseModel):
    """
    Who may recover a subject.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    delay: Annotated[int, Field(ge=0)]
    """
    Seconds between a proposal and its earliest execution; also how long a freeze lasts.
    """
    recoverer: str
    """
    Who may propose.
    """


class SignatureCheck(BaseModel):
    """
    Who is said to have signed what.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
    )
    actor: str
    """
    A contract wallet, or the id of an ERC-7913 signer.
    """
    digest: str
    """
    The EIP-712 digest, 0x and 64 hexadecimal digits.
    """
    signature: str
    """
    The signature, in whatever form the wallet or the verifier wants.
    """
    signer: str | None = None
    """
    The ERC-7913 signer, verifier and key; absent for a contract wallet.
    """


class SignatureVerdict(BaseModel):
    """
    What the chain says.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    as_of: Annotated[AsOf, Field(alias="asOf")]
    """
    The block at which it was asked.
    """
    signed: bool
    """
    Whether the wallet (ERC-1271) or the verifier (ERC-7913) says yes. A wallet may say otherwise later.
    """


class BlockNo(RootModel[int]):
    root: Annotated[int, Field(ge=0)]
    """
    Its block's height.
    """


class LogIndex(RootModel[int]):
    root: Annotated[int, Field(ge=0)]
    """
    The event's position among the block's logs.
    """


class SubjectRow(BaseModel):
    """
    One subject. Times are Unix seconds.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    block_hash: Annotated[str | None, Field(alias="blockHash")] = None
    block_no: Annotated[BlockNo | None, Field(alias="blockNo")] = None
    finality: Literal["latest", "safe", "finalized"] | None = None
    log_index: Annotated[LogIndex | None, Field(alias="logIndex")] = None
    tx_hash: Annotated[str | None, Field(alias="txHash")] = None
    auth_epoch: Annotated[int, Field(alias="authEpoch", ge=0)]
    """
    Delegates and recovery set under an earlier one are void.
    """
    controller: str
    """
    Who decides: the subject itself unless control was handed over.
    """
    epoch: Annotated[int, Field(ge=0)]
    """
    Consents opened in an earlier epoch are revoked.
    """
    frozen_until: Annotated[int | None, Field(alias="frozenUntil", ge=0)] = None
    """
    Until when new grants are stopped; null if they are not.
    """
    last_proposal_id: Annotated[int, Field(alias="lastProposalId", ge=0)]
    """
    The number of the last proposal, also of one that is over.
    """
    next_freeze_at: Annotated[int | None, Field(alias="nextFreezeAt", ge=0)] = None
    """
    When the recoverer may freeze again; null if it never did.
    """
    proposal: ProposalRow | None = None
    recovery: RecoveryRow | None = None
    recovery_nonce: Annotated[int, Field(alias="recoveryNonce", ge=0)]
    """
    The number of the last change of the recovery, also of a void one.
    """
    seq: Annotated[int, Field(ge=0)]
    """
    What the next grant must name.
    """
    subject: str
    """
    The address that stands for a patient.
    """


class ChainStatus(BaseModel):
    """
    The chain and the projection of it.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    chain_id: Annotated[int, Field(alias="chainId", ge=0)]
    """
    EIP-155 chain id.
    """
    finalized: Annotated[int | None, Field(ge=0)] = None
    """
    Finalized height; null on a chain without it.
    """
    halted: str | None = None
    """
    Why ingest stopped.
    """
    hospitals: str | None = None
    """
    Address of the registry of organisations; null if it is not followed.
    """
    indexed: IndexedBlock | None = None
    lag_blocks: Annotated[int | None, Field(alias="lagBlocks", ge=0)] = None
    """
    Blocks between the two.
    """
    latest: Annotated[int | None, Field(ge=0)] = None
    """
    Height of the chain's head; null while the node was not reached.
    """
    observed_at: Annotated[str | None, Field(alias="observedAt")] = None
    """
    When the last block applied was last known to be the head (RFC 3339).
    """
    providers: str | None = None
    """
    Address of the registry of practitioners; null if it is not followed.
    """
    registry: str
    """
    The registry's address.
    """
    reorg_epoch: Annotated[int, Field(alias="reorgEpoch", ge=0)]
    """
    The number of rollbacks.
    """
    rev: Annotated[int, Field(ge=0)]
    """
    The last revision.
    """
    safe: Annotated[int | None, Field(ge=0)] = None
    """
    Safe height; null on a chain without it.
    """


class ConsentRow(BaseModel):
    """
    One consent. Times are Unix seconds; the window is half-open, `[validFrom, validTo)`.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    block_hash: Annotated[str, Field(alias="blockHash")]
    """
    Its block's hash.
    """
    block_no: Annotated[int, Field(alias="blockNo", ge=0)]
    """
    Its block's height.
    """
    consent_id: Annotated[str, Field(alias="consentId")]
    """
    keccak256(abi.encode(chainid, registry, subject, grantee, scopeId)).
    """
    effective_until: Annotated[int | None, Field(alias="effectiveUntil", ge=0)] = None
    """
    When the status changes by time alone; null if it does not.
    """
    epoch: Annotated[int, Field(ge=0)]
    """
    The subject's epoch at the last opening.
    """
    finality: Literal["latest", "safe", "finalized"]
    """
    How final that block is.
    """
    grantee_id: Annotated[str, Field(alias="granteeId")]
    """
    The organisation's address.
    """
    log_index: Annotated[int, Field(alias="logIndex", ge=0)]
    """
    The event's position among the block's logs.
    """
    patient_id: Annotated[str, Field(alias="patientId")]
    """
    The address that stands for the patient.
    """
    respond_by: Annotated[int | None, Field(alias="respondBy", ge=0)] = None
    """
    When an unanswered request lapses; null for a consent that was not opened by a request.
    """
    rev: Annotated[int, Field(ge=0)]
    """
    The revision of this row; newer is greater, also across a reorganisation.
    """
    scope_id: Annotated[str, Field(alias="scopeId")]
    """
    Hash of the policy document.
    """
    status: Literal["REQUESTED", "CONFIRMING", "SCHEDULED", "ACTIVE", "DENIED", "REVOKED", "EXPIRED", "ABSENT"]
    """
    Status at the time of the answer.
    """
    subject_epoch: Annotated[int, Field(alias="subjectEpoch", ge=0)]
    """
    The subject's epoch now. It grows when the subject takes everything back; what was requested or active in an
    earlier one is revoked.
    """
    tx_hash: Annotated[str, Field(alias="txHash")]
    """
    The transaction of the consent's own last event.
    """
    valid_from: Annotated[int, Field(alias="validFrom", ge=0)]
    """
    First second of the window.
    """
    valid_to: Annotated[int | None, Field(alias="validTo", ge=0)] = None
    """
    First second after the window; null until revoked.
    """
    version: Annotated[int, Field(ge=0)]
    """
    Counts transitions.
    """


class DelegateRow(Place):
    """
    One delegate. Times are Unix seconds; the mandate is half-open, `[validFrom, validTo)`.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    auth_epoch: Annotated[int, Field(alias="authEpoch", ge=0)]
    """
    The subject's authEpoch when it was set.
    """
    delegate: str
    """
    Its address.
    """
    nonce: Annotated[int, Field(ge=0)]
    """
    Counts changes of this delegate.
    """
    rights: list[str]
    """
    What it may do while its mandate counts: REVOKE, DENY, GRANT.
    """
    status: Literal["ACTIVE", "SCHEDULED", "EXPIRED", "REMOVED", "VOID"]
    """
    What its mandate is worth at the time of the answer.
    """
    valid_from: Annotated[int, Field(alias="validFrom", ge=0)]
    """
    First second of the mandate.
    """
    valid_to: Annotated[int | None, Field(alias="validTo", ge=0)] = None
    """
    First second after it; null until removed.
    """


class GranteeRow(Place):
    """
    A verified organisation or practitioner. Times are Unix seconds.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    address: str
    """
    Its address.
    """
    changed_at: Annotated[int, Field(alias="changedAt", ge=0)]
    """
    Block time of the last change.
    """
    credential: str
    """
    The salted hash of the evidence of its last verification.
    """
    organization: str | None = None
    """
    The organisation that a practitioner belongs to; null for an organisation.
    """
    status: Literal["VERIFIED", "EXPIRED", "SUSPENDED", "REMOVED"]
    """
    The status of its own verification.
    """
    valid_to: Annotated[int | None, Field(alias="validTo", ge=0)] = None
    """
    First second at which its verification is over; null until suspended or removed.
    """
    verified: bool
    """
    Whether it may ask patients for consent: its own verification holds, and its organisation's if it has one.
    """


class OrganizationPage(BaseModel):
    """
    A page of organisations.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    as_of: Annotated[AsOf, Field(alias="asOf")]
    """
    What the rows rest on.
    """
    next: str | None = None
    """
    Send as `cursor` for the next page; null at the end.
    """
    organizations: list[GranteeRow]
    """
    The rows, ordered by address.
    """


class PractitionerPage(BaseModel):
    """
    A page of practitioners.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    as_of: Annotated[AsOf, Field(alias="asOf")]
    """
    What the rows rest on.
    """
    next: str | None = None
    """
    Send as `cursor` for the next page; null at the end.
    """
    practitioners: list[GranteeRow]
    """
    The rows, ordered by address.
    """


class SingleConsent(BaseModel):
    """
    One consent.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    as_of: Annotated[AsOf, Field(alias="asOf")]
    """
    What the row rests on.
    """
    consent: ConsentRow
    """
    The row.
    """


class SingleOrganization(BaseModel):
    """
    One organisation.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    as_of: Annotated[AsOf, Field(alias="asOf")]
    """
    What the row rests on.
    """
    organization: GranteeRow
    """
    The row.
    """


class SinglePractitioner(BaseModel):
    """
    One practitioner.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    as_of: Annotated[AsOf, Field(alias="asOf")]
    """
    What the row rests on.
    """
    practitioner: GranteeRow
    """
    The row.
    """


class SingleSubject(BaseModel):
    """
    One subject.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    as_of: Annotated[AsOf, Field(alias="asOf")]
    """
    What the row rests on.
    """
    subject: SubjectRow
    """
    The row.
    """


class Change(BaseModel):
    """
    One change of a consent: the body of a `consent.events.v1` record and an item of `/v1/changes`.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    cause: Literal["log", "reorg"]
    """
    Why it changed.
    """
    consent: ConsentRow
    """
    The full state after it.
    """
    kind: Literal["requested", "created", "denied", "revoked", "expired", "allrevoked", "absent"]
    """
    The event that the state now rests on.
    """
    reorg_epoch: Annotated[int, Field(alias="reorgEpoch", ge=0)]
    """
    Grows with every rollback.
    """
    rev: Annotated[int, Field(ge=0)]
    """
    Grows with every change, also when block numbers go back.
    """


class ChangePage(BaseModel):
    """
    A page of changes.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    as_of: Annotated[AsOf, Field(alias="asOf")]
    """
    What the page rests on.
    """
    changes: list[Change]
    """
    The changes in order of their revisions.
    """
    next: Annotated[int | None, Field(ge=0)] = None
    """
    Send as `after` for the next page; null when there are no more changes now.
    """


class ConsentPage(BaseModel):
    """
    A page of consents.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    as_of: Annotated[AsOf, Field(alias="asOf")]
    """
    What the rows rest on.
    """
    consents: list[ConsentRow]
    """
    The rows, ordered by consent id.
    """
    next: str | None = None
    """
    Send as `cursor` for the next page; null at the end. A page can be short, or even empty, and not be the last.
    """


class DelegatePage(BaseModel):
    """
    A page of delegates.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    as_of: Annotated[AsOf, Field(alias="asOf")]
    """
    What the rows rest on.
    """
    delegates: list[DelegateRow]
    """
    The rows, ordered by address.
    """
    next: str | None = None
    """
    Send as `cursor` for the next page; null at the end.
    """
