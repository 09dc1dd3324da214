"""The built package: complete, typed, and alive in an environment that holds nothing else."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
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


def test_it_works_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean" / "bin" / "python"
    # The dependencies as they are locked; nothing newer that somebody published since.
    constraints = tmp_path / "constraints.txt"
    lines = (ROOT / "dev-requirements.lock").read_text().splitlines()
    constraints.write_text("\n".join(line.removesuffix(" \\") for line in lines if line and line[0].isalnum()))
    run(python, "-m", "pip", "install", "--quiet", "--constraint", constraints, wheel)
    assert "pip install 'consentry[keys]'" in run(python, "-I", "-c", SCRIPT)
    helped = run(tmp_path / "clean" / "bin" / "consentry", "--help")
    assert "exit codes" in helped
    run(python, "-m", "pip", "check")
