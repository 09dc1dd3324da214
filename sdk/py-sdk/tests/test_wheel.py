"""The built package: complete, typed, and alive in an environment that holds nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import venv
import zipfile
from pathlib import Path

import pytest
from stack import endpoints

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 120
"""Seconds from nothing to the first decision, as promised."""
SCRIPT = """
import importlib.util
import consentry
policy = consentry.Policy.build(resources=["Observation"])
assert consentry.Policy.parse(policy.canonical) == policy
assert importlib.util.find_spec("eth_account") is None
try:
    consentry.LocalKeySigner("0x" + "01" * 32)
except consentry.SignerError as error:
    print(error)
"""


def run(*command: str | Path, **options: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    # hatchling is in this environment, exactly as locked: nothing is fetched to build.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out)
    assert len(list(out.glob("*.tar.gz"))) == 1
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_its_types_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    assert "consentry/py.typed" in names
    assert {name.split("/")[0].removesuffix("-0.1.0.dist-info") for name in names} == {"consentry"}
    source = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*.py")}
    assert source <= set(names)
    assert "Provides-Extra: keys" in metadata
    assert "pip install" in metadata, "the README is its description"


@pytest.fixture
def constraints(tmp_path: Path) -> Path:
    """The dependencies as they are locked; nothing newer that somebody published since."""
    path = tmp_path / "constraints.txt"
    lines = (ROOT / "dev-requirements.lock").read_text().splitlines()
    path.write_text("\n".join(line.removesuffix(" \\") for line in lines if line and line[0].isalnum()))
    return path


def clean(folder: Path) -> Path:
    """The interpreter of an environment that holds nothing."""
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def test_it_works_in_a_clean_environment(wheel: Path, constraints: Path, tmp_path: Path) -> None:
    python = clean(tmp_path / "clean")
    run(python, "-m", "pip", "install", "--quiet", "--constraint", constraints, wheel)
    assert "pip install 'consentry[keys]'" in run(python, "-I", "-c", SCRIPT)
    helped = run(tmp_path / "clean" / "bin" / "consentry", "--help")
    assert "exit codes" in helped
    run(python, "-m", "pip", "check")


def first_lines() -> str:
    """The program that the README starts with."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    program = readme.split("```python\n", 1)[1].split("```", 1)[0]
    substance = [line for line in program.splitlines() if line.strip()]
    assert len(substance) <= 11, "ten lines, and where things come from"
    return program


@pytest.mark.stack
def test_from_nothing_to_a_decision_in_two_minutes(
    wheel: Path, constraints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the README promises: install the package, run its first lines, read a decision."""
    where = str(endpoints())
    program = first_lines().replace(".local/endpoints.json", where)
    assert where in program
    began = time.monotonic()
    python = clean(tmp_path / "fresh")
    # Without pip's cache: everything comes from the index, as for somebody who never had any of it.
    install: list[str | Path] = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-cache-dir",
        "--constraint",
        constraints,
        f"{wheel}[keys]",
    ]
    run(python, *install)
    printed = run(python, "-I", "-c", program)
    seconds = time.monotonic() - began
    with capsys.disabled():
        print(f"\nfrom an empty environment to a decision: {seconds:.1f} s: {printed.strip()}")
    assert re.search(r"(records|denied:).*decision [0-9a-f-]{36}", printed), printed
    assert seconds <= LIMIT
