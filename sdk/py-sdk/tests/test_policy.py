"""Policy documents: the vectors that every language runs, and what Python alone could get wrong."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from conftest import vectors
from hypothesis import given
from hypothesis import strategies as st

from consentry import Policy, Resource, ValidationError

VECTORS = vectors("policy-hash")
SALT = "0x" + "ab" * 32


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", named(VECTORS["valid"]))
def test_a_valid_document_has_the_same_bytes_and_hash_everywhere(case: dict[str, str]) -> None:
    policy = Policy.parse(case["input"])
    assert policy.canonical.decode() == case["canonical"]
    assert policy.hash == case["hash"]
    assert Policy.parse(policy.canonical) == policy


@pytest.mark.parametrize("case", named(VECTORS["invalid"]))
def test_an_invalid_document_is_refused_with_the_same_code_everywhere(case: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        Policy.parse(case["input"])
    assert refused.value.code == case["code"]


@pytest.mark.parametrize("case", named(VECTORS["invalidBytes"]))
def test_bytes_that_are_no_text_are_refused(case: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        Policy.parse(bytes.fromhex(case["hex"]))
    assert refused.value.code == case["code"]


@pytest.mark.parametrize("case", named(VECTORS["padded"]))
@pytest.mark.parametrize("as_bytes", [True, False])
def test_the_length_of_a_document_is_limited(case: dict[str, Any], as_bytes: bool) -> None:
    text = case["input"] + " " * (case["bytes"] - len(case["input"].encode()))
    document = text.encode() if as_bytes else text
    if "hash" in case:
        assert Policy.parse(document).hash == case["hash"]
    else:
        with pytest.raises(ValidationError) as refused:
            Policy.parse(document)
        assert refused.value.code == case["code"]


def test_no_refusal_quotes_the_document() -> None:
    for case in VECTORS["invalid"]:
        with pytest.raises(ValidationError) as refused:
            Policy.parse(case["input"])
        error: BaseException | None = refused.value
        assert error is not None
        assert "secret" not in str(error)
        assert len(str(error)) < 200


def test_a_built_document_is_sorted_salted_and_keeps_everything_sensitive_back() -> None:
    policy = Policy.build(resources=["Observation", ("Condition", ["problem-list-item", "encounter-diagnosis"])])
    assert policy.exclude == ("GDIS", "HIV", "PSY", "SEX", "SUD")
    assert policy.resources == (
        Resource("Condition", ("encounter-diagnosis", "problem-list-item")),
        Resource("Observation"),
    )
    assert policy.hash != Policy.build(resources=["Observation"]).hash
    assert Policy.build(resources=["Observation"], salt=SALT) == Policy.build(resources=["Observation"], salt=SALT)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"resources": ["Observation", "Observation"]}, "POLICY_UNSORTED"),
        ({"resources": []}, "POLICY_EMPTY"),
        ({"resources": ["Observation"], "purpose": "EVIL"}, "POLICY_CODE"),
        ({"resources": ["Observation"], "salt": "0x00"}, "POLICY_SALT"),
        ({"resources": [("Observation", ["Amma\u0308"])]}, "POLICY_NORMAL_FORM"),
        ({"resources": ["Observation"], "start": date(2024, 2, 1), "end": date(2024, 1, 1)}, "POLICY_PERIOD"),
    ],
)
def test_what_is_built_is_read_as_strictly_as_what_is_parsed(wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Policy.build(**wrong)
    assert refused.value.code == code


CODES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=12).map(
    lambda text: __import__("unicodedata").normalize("NFC", text)
)
ROWS = st.dictionaries(
    st.from_regex(r"\A[A-Z][A-Za-z]{0,20}\Z"),
    st.none() | st.sets(CODES, min_size=1, max_size=4),
    min_size=1,
    max_size=5,
)


@given(ROWS, st.sets(st.sampled_from(["GDIS", "HIV", "PSY", "SEX", "SUD"])))
def test_whatever_is_built_is_read_back_as_itself(rows: dict[str, set[str] | None], exclude: set[str]) -> None:
    resources: list[str | tuple[str, set[str]]] = [
        kind if codes is None else (kind, codes) for kind, codes in rows.items()
    ]
    policy = Policy.build(resources=resources, exclude=exclude)
    assert Policy.parse(policy.canonical) == policy
    spaced = json.dumps(json.loads(policy.canonical), indent=2)
    assert Policy.parse(spaced).hash == policy.hash
    assert policy.covers(policy)


def test_a_policy_covers_only_what_it_shares_itself() -> None:
    wide = Policy.build(resources=["Condition", ("Observation", ["laboratory", "vital-signs"])], start=date(2020, 1, 1))
    narrow = Policy.build(resources=[("Observation", ["laboratory"])], start=date(2021, 1, 1))
    assert wide.covers(narrow)
    assert not narrow.covers(wide)
    for more in (
        Policy.build(resources=["Observation"], start=date(2021, 1, 1)),
        Policy.build(resources=["Patient"], start=date(2021, 1, 1)),
        Policy.build(resources=["Condition"]),
        Policy.build(resources=["Condition"], start=date(2021, 1, 1), exclude=["HIV"]),
        Policy.build(resources=["Condition"], start=date(2021, 1, 1), purpose=["HRESCH", "TREAT"]),
    ):
        assert not wide.covers(more)


def test_a_policy_is_explained_in_plain_words_with_what_is_not_shared() -> None:
    policy = Policy.build(resources=[("Observation", ["laboratory"]), "Patient"], start=date(2024, 1, 2))
    assert policy.explain() == [
        "It shares measurements and test results (only laboratory) and name, birth date and address.",
        "It never shares anything about genetic diseases, HIV, mental health, sexual and reproductive health or "
        "alcohol and drugs.",
        "It may be used to treat you, and for nothing else.",
        "The other side may open single records and search for records.",
        "It covers records from 2 January 2024 on.",
    ]
    open_one = Policy.build(resources=["Observation"], exclude=[])
    assert "keeps nothing back" in open_one.explain()[1]
    some = Policy.build(resources=["Observation"], exclude=["HIV"])
    assert "mental health" in " ".join(some.explain()), "what is shared although it is sensitive is said"
