"""The reference tells of everything that is public. That it builds without a warning is tested by building it."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import vectors

import consentry

PAGES = Path(__file__).resolve().parents[1] / "docs"


def test_every_public_name_is_in_the_reference() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES.glob("*.md"))
    told = set(re.findall(r"consentry\.(\w+)", text))
    assert set(consentry.__all__) <= told, set(consentry.__all__) - told


def test_every_area_of_a_client_is_in_the_reference() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES.glob("*.md"))
    areas = set(vectors("verbs")) - {"note", "pending"}
    assert areas <= set(re.findall(r"::: consentry\._sync\.(\w+)\.", text))
