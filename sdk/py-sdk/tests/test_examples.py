"""The examples run as they stand, in an order that makes sense."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from stack import endpoints

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SHORT = ["create_consent", "fetch_if_permitted", "revoke_consent"]


def run(name: str) -> str:
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), str(endpoints())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.stack
def test_the_examples_run_one_after_the_other() -> None:
    run("revoke_consent")
    assert "denied" in run("fetch_if_permitted")
    assert "active: 0x" in run("create_consent")
    assert "records, decision" in run("fetch_if_permitted")
    assert "unused" in run("unused_consents")
    assert "agreed to:" in run("answer_requests")
    assert run("revoke_consent").count("ended: 0x") == 2
    assert "denied (REVOKED)" in run("fetch_if_permitted")


@pytest.mark.parametrize("name", SHORT)
def test_the_short_examples_are_short(name: str) -> None:
    tree = ast.parse((EXAMPLES / f"{name}.py").read_text())
    lines = {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and not isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert len(lines) <= 11, "ten lines of substance, and the sentence that says what it is"
