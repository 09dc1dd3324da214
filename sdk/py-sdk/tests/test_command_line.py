"""The command line without a stack: help, wrong usage, exit codes, what is printed where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from consentry import FinalityTimeoutError
from consentry.cli import main
from consentry.cli.arguments import parser
from consentry.cli.commands import COMMANDS as COMMANDS_BY_NAME
from consentry.cli.output import Output
from consentry.cli.records import summary

COMMANDS = ["login", "request", "grant", "deny", "revoke", "ls", "fetch", "log", "health"]


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CONSENTRY_AS", "CONSENTRY_KEY", "CONSENTRY_CLIENT_ID", "CONSENTRY_ENDPOINTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def endpoints(tmp_path: Path) -> str:
    services = dict.fromkeys(("auth", "indexer", "gateway", "relay", "audit"), "http://127.0.0.1:9")
    chain = {"id": 31337, "registry": "0x" + "11" * 20}
    path = tmp_path / "endpoints.json"
    path.write_text(json.dumps({"chain": chain, **services}))
    return str(path)


@pytest.mark.parametrize("words", [[], *[[name] for name in COMMANDS]], ids=str)
def test_help_says_what_a_command_is_for(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 110
    if not words:
        assert all(f"    {name} " in text for name in COMMANDS)
        for part in ("first steps", "who you are", "exit codes"):
            assert part in text


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nothing"],
        ["deny", "0x01", "--wait", "-1"],
        ["deny", "0x01", "--wait", "nan"],
        ["grant", "0x01", "--days", "0"],
        ["log", "p", "--limit", "x"],
        ["revoke"],
        ["revoke", "0x01", "--all"],
        ["request", "0x01"],
        ["request", "0x01", "--share", "Observation", "--include", "all"],
        ["request", "0x01", "--share", "Observation", "--from", "yesterday"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_from_failure(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: consentry" in capsys.readouterr().err


def test_who_is_not_signed_in_is_told_to_sign_in(endpoints: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--endpoints", endpoints, "fetch", "p", "Observation"]) == 5
    printed = capsys.readouterr()
    assert "consentry login" in printed.err
    assert printed.out == ""


def test_failures_name_what_to_do_and_are_json_if_asked(endpoints: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--endpoints", "/nowhere.json", "health"]) == 1
    assert "scripts/demo --keep" in capsys.readouterr().err
    assert main(["--endpoints", endpoints, "--as", "nobody", "health"]) == 1
    capsys.readouterr()
    assert main(["--endpoints", endpoints, "--json", "--as", "nobody", "ls"]) == 1
    assert json.loads(capsys.readouterr().err)["error"] == "NOT_FOUND"
    for words in (["grant"], ["grant", "0x01", "--to-organization", "0x02"], ["grant", "--to-organization", "0x02"]):
        assert main(["--endpoints", endpoints, *words]) == 1
        capsys.readouterr()


def test_a_service_that_is_away_shows_in_the_table(endpoints: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--endpoints", endpoints, "health"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["SERVICE", "STATE", "WHY"]
    assert len(lines) == 6
    assert all("not ready" in line for line in lines[1:])


def test_a_key_file_that_cannot_be_read_is_no_traceback(endpoints: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--endpoints", endpoints, "--key", "/nowhere", "revoke", "0x01"]) == 1
    assert "key file" in capsys.readouterr().err


def test_tables_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    Output(json=False, quiet=False).table(
        [{"a": "long value", "b": None}, {"a": "x", "b": 2}], {"a": "A", "b": "B"}, ""
    )
    assert capsys.readouterr().out == "A           B\nlong value  –\nx           2\n"


def test_sharing_is_read_with_its_categories() -> None:
    asked = parser().parse_args(
        ["request", "0x01", "--share", "Observation:laboratory,vital-signs", "--share", "Patient"]
    )
    assert asked.share == [("Observation", ["laboratory", "vital-signs"]), "Patient"]


def test_options_of_every_command_go_before_it_or_after_it(endpoints: str) -> None:
    for words in (
        ["--json", "--as", "clinic-a", "--endpoints", endpoints, "health"],
        ["health", "--json", "--as", "clinic-a", "--endpoints", endpoints],
    ):
        asked = parser().parse_args(words)
        assert (asked.json, asked.who, str(asked.endpoints), asked.quiet) == (True, "clinic-a", endpoints, False)


def test_a_wait_that_ends_early_is_told_from_a_failure(
    endpoints: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def late(*_: object) -> int:
        raise FinalityTimeoutError("Not active after 1 seconds.")

    monkeypatch.setitem(COMMANDS_BY_NAME, "health", late)
    assert main(["--endpoints", endpoints, "health"]) == 4
    assert "FINALITY_TIMEOUT" in capsys.readouterr().err

    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(COMMANDS_BY_NAME, "health", interrupted)
    assert main(["--endpoints", endpoints, "health"]) == 130
    assert "goes on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("record", "row"),
    [
        (
            {"resourceType": "Observation", "id": "o", "issued": "2026-01-02", "code": {"text": "Pulse"}},
            ("o", "2026-01-02", "Pulse"),
        ),
        (
            {
                "resourceType": "Encounter",
                "id": "e",
                "period": {"start": "2026"},
                "type": [{"coding": [{"code": "1"}]}],
            },
            ("e", "2026", "1"),
        ),
        ({"resourceType": "Basic", "id": "b", "code": "text", "period": 7}, ("b", None, None)),
    ],
)
def test_a_record_is_a_line_of_a_table(record: dict[str, object], row: tuple[str | None, ...]) -> None:
    line = summary(record)
    assert (line["id"], line["when"], line["what"]) == row
