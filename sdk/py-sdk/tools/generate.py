"""Writes what is generated and committed: the synchronous clients, models of services' answers, the registry's calls.

    python tools/generate.py [--check]

`consentry/_sync` comes from `consentry/_async`, the models from the OpenAPI documents in docs/api and the exported
registry. With --check, changes nothing and fails when something is stale.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eth_hash.auto import keccak as keccak256

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "consentry"
API = ROOT.parent.parent / "docs" / "api"
DEPLOYMENT = ROOT.parent.parent / "contracts" / "deployments" / "local"

BY_HAND = {"_pause.py"}
SERVICES = {
    "auth": "auth-service",
    "indexer": "consent-indexer",
    "relay": "consent-relay",
    "gateway": "ehr-gateway",
    "audit": "audit-pipeline",
}
SOME = {"auth": ["OwnBindings", "OwnGranteeBindings"]}

REPLACED = [
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bAsyncClient\b", "Client"),
    (r"\bAsync([A-Z]\w+)", r"\1"),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAwaitable\[(\w+)\]", r"\1"),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\baclose\b", "close"),
    (r"\baiter_bytes\b", "iter_bytes"),
]


def synchronous(text: str) -> str:
    """The same code without waiting for others."""
    for pattern, replacement in REPLACED:
        text = re.sub(pattern, replacement, text)
    return text


def run(*command: str) -> None:
    subprocess.run(command, check=True, cwd=ROOT)


def write_sync(target: Path) -> None:
    """All files but those written by hand."""
    for source in sorted((PACKAGE / "_async").glob("*.py")):
        if source.name in BY_HAND:
            continue
        text = synchronous(source.read_text(encoding="utf-8"))
        head = "# Made from consentry/_async by tools/generate.py. Do not edit.\n"
        if source.name == "__init__.py":
            text = '"""The synchronous clients."""\n'
        (target / source.name).write_text(head + text, encoding="utf-8")


def flattened(document: Any) -> Any:
    """Members that are there all together or not at all become optional: models have no word for that."""
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        parts = schema.get("allOf", [])
        for index, part in enumerate(parts):
            choices = part.get("oneOf", [])
            refs = [choice["$ref"] for choice in choices if "$ref" in choice]
            if len(refs) == 1 and {"type": "null"} in choices:
                whole = schemas[refs[0].rsplit("/", 1)[-1]]
                parts[index] = {
                    "type": "object",
                    "properties": {
                        name: {"oneOf": [row, {"type": "null"}]} for name, row in whole["properties"].items()
                    },
                }
        if len(parts) > 1 and not any("$ref" in part for part in parts):
            merged = {"type": "object", "description": schema["description"], "properties": {}, "required": []}
            for part in parts:
                merged["properties"] |= part["properties"]
                merged["required"] += part.get("required", [])
            schema.clear()
            schema.update(merged)
    return document


def trimmed(document: Any, names: Sequence[str]) -> Any:
    """Only these schemas and what they are made of: of a large API little is used here."""
    schemas = document["components"]["schemas"]
    kept: dict[str, Any] = {}
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        if name not in kept:
            kept[name] = schemas[name]
            wanted += re.findall(r"#/components/schemas/(\w+)", json.dumps(schemas[name]))
    return {"openapi": document["openapi"], "info": document["info"], "paths": {}, "components": {"schemas": kept}}


def write_models(target: Path) -> None:
    """One module a service."""
    for module, service in SERVICES.items():
        source = target.parent / f"{module}.json"
        document = json.loads((API / f"{service}.json").read_text())
        if module in SOME:
            document = trimmed(document, SOME[module])
        source.write_text(json.dumps(flattened(document)))
        run(
            sys.executable,
            "-m",
            "datamodel_code_generator",
            "--input", str(source),
            "--input-file-type", "openapi",
            "--output", str(target / f"{module}.py"),
            "--output-model-type", "pydantic_v2.BaseModel",
            "--target-python-version", "3.11",
            "--enum-field-as-literal", "all",
            "--snake-case-field",
            "--use-annotated",
            "--use-standard-collections",
            "--use-union-operator",
            "--use-schema-description",
            "--use-field-description",
            "--collapse-root-models",
            "--disable-timestamp",
            "--formatters", "builtin",
            "--allow-population-by-field-name",
            "--custom-file-header", f"# Made from docs/api/{service}.json by tools/generate.py. Do not edit.",
        )  # fmt: skip


def write_registry(target: Path) -> None:
    """How the registry is called, from its exported deployment."""
    calls: dict[str, tuple[str, tuple[str, ...]]] = {}
    errors: dict[str, str] = {}
    for item in json.loads((DEPLOYMENT / "ConsentRegistry.json").read_text())["abi"]:
        inputs = item.get("inputs", [])
        kinds = tuple(abi_type(one) for one in inputs)
        if item["type"] == "error":
            errors["0x" + keccak256(f"{item['name']}({','.join(kinds)})".encode())[:4].hex()] = item["name"]
        elif item["type"] == "function" and "Proof" in str(inputs):
            # What carries a signed decision is named by the struct that is signed; a recovery has none of its own.
            struct = str(inputs[0].get("internalType", "")).removeprefix("struct ")
            calls[struct if inputs[0]["type"] == "tuple" else "Recover"] = (item["name"], kinds)
    text = f'''# Made from contracts/deployments by tools/generate.py. Do not edit.
"""How the consent registry is called."""

from typing import Final

CALLS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {dict(sorted(calls.items()))!r}
"""The function that takes each signed decision, and the types of its arguments."""

ERRORS: Final[dict[str, str]] = {dict(sorted(errors.items()))!r}
"""Its errors by their selectors."""
'''
    (target / "registry.py").write_text(text, encoding="utf-8")


def abi_type(parameter: dict[str, Any]) -> str:
    """The type of a parameter as selectors are made of it."""
    kind = str(parameter["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(abi_type, parameter['components']))}){kind.removeprefix('tuple')}"


def main() -> int:
    """Exit code 1 when something is stale."""
    check = "--check" in sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "_sync").mkdir()
        (folder / "models").mkdir()
        write_sync(folder / "_sync")
        write_models(folder / "models")
        write_registry(folder / "models")
        config = str(ROOT / "pyproject.toml")
        run(sys.executable, "-m", "ruff", "check", "--silent", "--fix", "--exit-zero", "--config", config, scratch)
        run(sys.executable, "-m", "ruff", "format", "-q", "--config", config, scratch)
        stale = []
        for fresh in sorted(folder.glob("*/*.py")):
            committed = PACKAGE / fresh.relative_to(folder)
            text = fresh.read_text(encoding="utf-8")
            if committed.exists() and committed.read_text(encoding="utf-8") == text:
                continue
            stale.append(committed)
            if not check:
                committed.parent.mkdir(exist_ok=True)
                committed.write_text(text, encoding="utf-8")
    for path in stale:
        print(("stale: " if check else "wrote ") + str(path.relative_to(ROOT)))
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
