"""Every verb that there is in one language is there in the others, and the asynchronous client has the same ones."""

from __future__ import annotations

import inspect
import re

import pytest
from conftest import vectors
from fake import Services, deployment

from consentry import AsyncClient, AsyncPending, Pending

VERBS = {area: verbs for area, verbs in vectors("verbs").items() if area != "note"}


def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


@pytest.mark.parametrize("area", [area for area in VERBS if area != "pending"])
def test_an_area_has_the_verbs_of_all_languages_and_no_others(area: str) -> None:
    wanted = {snake(verb) for verb in VERBS[area]}
    with Services().client() as client:
        assert public(getattr(client, area)) == wanted
        assert public(getattr(AsyncClient(deployment()), area)) == wanted


def test_there_are_no_other_areas() -> None:
    other = {"deployment", "transport", "close", "for_development"}
    with Services().client() as client:
        assert public(client) - other == set(VERBS) - {"pending"}


def test_a_decision_is_waited_for_in_the_same_ways() -> None:
    wanted = {snake(verb) for verb in VERBS["pending"]}
    for kind in (Pending, AsyncPending):
        assert {name for name in public(kind) if name.startswith("wait")} == wanted


def test_the_asynchronous_client_takes_the_same_options() -> None:
    with Services().client() as client:
        for area in set(VERBS) - {"pending"}:
            for verb in map(snake, VERBS[area]):
                one, other = (
                    inspect.signature(getattr(getattr(party, area), verb)).parameters
                    for party in (client, AsyncClient(deployment()))
                )
                assert list(one) == list(other), f"{area}.{verb}"
