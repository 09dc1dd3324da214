# Made from docs/api/ehr-gateway.json by tools/generate.py. Do not edit.

from __future__ import annotations

from datetime import date as date_aliased
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class ActionName(BaseModel):
    """
    An action.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
    )
    name: Literal["read", "search"]
    """
    Its name.
    """


class Circumstances(BaseModel):
    """
    Circumstances.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
    )
    purpose: str | None = None
    """
    Purpose of use. A provider's token already says it; another one here is refused.
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


class Properties(BaseModel):
    """
    Whose records, and which.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
    )
    category: list[str] | None = None
    """
    Category codes; absent = all.
    """
    patient: str
    """
    FHIR id of the patient.
    """


class Reason(BaseModel):
    """
    Why.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    decision_id: Annotated[UUID, Field(alias="decisionId")]
    """
    The record's id.
    """
    rule: str
    """
    The rule.
    """


class Resource(BaseModel):
    """
    Records of one patient.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
    )
    id: str | None = None
    """
    FHIR id of one record; not looked up.
    """
    properties: Properties
    """
    Whose, and which.
    """
    type: str
    """
    FHIR resource type.
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
    Decisions a day.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    counts: list[Count]
    """
    By date, action and result.
    """


class EvaluationAnswer(BaseModel):
    """
    The decision.
    """

    model_config = ConfigDict(
        populate_by_name=True,
    )
    context: Reason
    """
    Why.
    """
    decision: bool
    """
    Whether the request would be let in.
    """


class Subject(BaseModel):
    """
    An organisation.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
    )
    id: str
    """
    Its id in the directory.
    """
    type: Literal["organization"]
    """
    `organization`
    """


class EvaluationRequest(BaseModel):
    """
    Who wants to do what with which resource.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
    )
    action: ActionName
    """
    What.
    """
    context: Circumstances | None = None
    resource: Resource
    """
    With what.
    """
    subject: Subject
    """
    On whose behalf.
    """
