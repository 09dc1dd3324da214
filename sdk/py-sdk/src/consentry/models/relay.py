# Made from docs/api/consent-relay.json by tools/generate.py. Do not edit.

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class AccountView(BaseModel):
    """
    The account that pays for intents.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    address: str
    """
    Its address.
    """
    alarm_below: Annotated[str, Field(alias="alarmBelow", examples=["1000000000000000000"])]
    """
    Below this much, in wei, the alarm sounds. Below half of it only what protects patients is still sent.
    """
    balance: Annotated[str | None, Field(examples=["2500000000000000000"])] = None
    """
    What it had when the chain was last asked, in wei, as a decimal; null before the first time.
    """
    is_reserved: Annotated[bool, Field(alias="isReserved")]
    """
    Whether only what protects patients is sent.
    """
    seen_at: Annotated[AwareDatetime | None, Field(alias="seenAt")] = None
    """
    When that was.
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


class Proof(BaseModel):
    """
    A signature.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    signature: str
    """
    65 or 64 bytes of ECDSA, or what the wallet or verifier takes.
    """
    signer: Annotated[str, Field(examples=["0x"])]
    """
    `0x` for an address's signature (of a key, or by ERC-1271); else the ERC-7913 signer: verifier, then key.
    """


class Acceptance(BaseModel):
    """
    A new controller's agreement (AcceptControl).
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    deadline: Annotated[int, Field(ge=0)]
    """
    The last second at which it works.
    """
    proof: Proof
    """
    The new controller's signature.
    """


class IntentView(BaseModel):
    """
    An intent and how far it has come.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    accepted_at: Annotated[AwareDatetime, Field(alias="acceptedAt")]
    """
    When the relay took it in.
    """
    action: Annotated[str, Field(examples=["Revoke"])]
    """
    What was signed.
    """
    block_number: Annotated[int | None, Field(alias="blockNumber")] = None
    """
    The block in which it has had its effect.
    """
    changed_at: Annotated[AwareDatetime, Field(alias="changedAt")]
    """
    When that last changed.
    """
    digest: Annotated[
        str,
        Field(examples=["0x5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"]),
    ]
    """
    The EIP-712 digest that was signed; it names the intent.
    """
    reason: Annotated[str | None, Field(examples=["StaleStop"])] = None
    """
    The registry's error by its name: why it failed, why it needed no transaction (`StaleStop`: it had had its
    effect), or what keeps an accepted one from being sent now.
    """
    state: Literal["accepted", "submitted", "included", "final", "failed"]
    """
    How far it has come.
    """
    subject: Annotated[str, Field(examples=["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"])]
    """
    The patient's address.
    """
    transaction: str | None = None
    """
    The latest transaction with it.
    """


class SignedIntent(BaseModel):
    """
    A decision and its actor's signature. Members that are not known here are refused.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    acceptance: Acceptance | None = None
    action: Annotated[str, Field(examples=["Revoke"])]
    """
    The signed struct's name: Request, Grant, Deny, Revoke, Relinquish, Batch, RevokeAll, Invalidate, Rotate,
    SetDelegate, RemoveDelegate, SetRecovery, ProposeRecovery, Veto, Freeze, Unfreeze or Recover.
    """
    intent: dict[str, Any]
    """
    Exactly the members of the EIP-712 struct; addresses and hashes as 0x and hex digits, numbers as integers, an
    unlimited deadline as 1099511627775. `Recover` has actor (the new controller), subject, proposalId, seq and
    deadline; its proof is that of the new controller's AcceptControl.
    """
    proof: Proof
    """
    The actor's signature.
    """
