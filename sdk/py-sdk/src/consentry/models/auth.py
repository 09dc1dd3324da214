# Made from docs/api/auth-service.json by tools/generate.py. Do not edit.

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class GranteeBindingView(BaseModel):
    """
    A grantee address as it was signed; whoever relies on it verifies the signature.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    bound_at: Annotated[AwareDatetime, Field(alias="boundAt")]
    """
    When it was stored.
    """
    deadline: int
    """
    Unix seconds.
    """
    grantee: str
    """
    The address.
    """
    nonce: str
    """
    A uint256 in decimal.
    """
    signature: str
    """
    The signature.
    """
    signer: str | None = None
    """
    Of a passkey: the ERC-7913 signer.
    """


class BindingView(BaseModel):
    """
    A binding as it was signed; whoever relies on it verifies the signature.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    bound_at: Annotated[AwareDatetime, Field(alias="boundAt")]
    """
    When it was stored.
    """
    deadline: int
    """
    Unix seconds.
    """
    nonce: str
    """
    A uint256 in decimal.
    """
    signature: str
    """
    The signature.
    """
    signer: str | None = None
    """
    Of a passkey: the ERC-7913 signer.
    """
    subject: str
    """
    The address that stands for the patient.
    """


class OwnGranteeBindings(BaseModel):
    """
    A practitioner's own addresses.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    bindings: list[GranteeBindingView]
    """
    In order of address.
    """
    organization: str
    """
    What a statement has to name as `organization`.
    """
    practitioner: str
    """
    What it has to name as `practitioner`.
    """


class OwnBindings(BaseModel):
    """
    The addresses that stand for the patient.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    bindings: list[BindingView]
    """
    Oldest first.
    """
