"""What the command line takes, and its help."""

from __future__ import annotations

import argparse
import os
import textwrap
from datetime import date
from pathlib import Path
from typing import Any

__all__ = ["parser"]

_INTRO = """\
Ask for, give and take back patients' consents, and read records that a consent permits.

A patient's consent stands on a chain; a gateway looks there before it releases anything. With this command a
clinic asks, a patient answers with a signature, and whoever may read reads."""

_EXAMPLES = """\
first steps on a local stack (scripts/demo --keep):
  export CONSENTRY_ENDPOINTS=.local/endpoints.json
  consentry health
  consentry request SUBJECT --share Observation --days 30 --as clinic-a
  consentry grant CONSENT --as patient
  consentry fetch PATIENT Observation --as clinic-a
  consentry revoke CONSENT --as patient

who is who:
  SUBJECT   the address that stands for a patient: 0x and 40 hex digits
  PATIENT   the patient's id in FHIR
  CONSENT   a consent, by its id: 0x and 64 hex digits; `consentry ls` shows it

who you are, the first that applies:
  --as NAME            a clinic, system or patient of a local stack: clinic-a, ops-system, patient,
                       patient:PATIENT (CONSENTRY_AS)
  CONSENTRY_CLIENT_ID, CONSENTRY_CLIENT_KEY (file with a private JWK), CONSENTRY_SCOPE
                       a machine's registration
  consentry login      you, signed in with a browser
What you decide is signed by --key (CONSENTRY_KEY), or by the key of whom --as names.

exit codes:
  0  done; of fetch: permitted      4    still on its way when the wait ended
  1  failed, or not agreed to       5    sign in first
  2  wrong usage                    130  interrupted; what was handed in goes on
  3  denied: a decision, not a failure

Results go to standard output, progress and errors to standard error. With --json all of it is JSON."""

_SHARE = (
    "a FHIR resource type, or only some of its categories: Observation or Observation:laboratory,vital-signs. "
    "May be repeated"
)
_PURPOSE = "purpose of use: TREAT (treatment, if absent), HPAYMT (payment), HOPERAT (operations), HRESCH (research), …"
_INCLUDE = (
    "share this too, which is kept back otherwise: GDIS (genetics), HIV, PSY (mental health), SEX (sexual health) "
    "or SUD (substance use). May be repeated"
)
_STATUS = ("REQUESTED", "CONFIRMING", "SCHEDULED", "ACTIVE", "DENIED", "REVOKED", "EXPIRED")


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day YYYY-MM-DD") from None


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds within a day")
    return value


def _share(text: str) -> str | tuple[str, list[str]]:
    kind, colon, categories = text.partition(":")
    return (kind, categories.split(",")) if colon else kind


def _add_policy(command: argparse.ArgumentParser, needed: bool) -> None:
    group = command.add_argument_group("what is shared")
    group.add_argument("--share", metavar="TYPE", type=_share, action="append", required=needed, help=_SHARE)
    group.add_argument("--purpose", metavar="CODE", action="append", help=_PURPOSE + " May be repeated")
    group.add_argument(
        "--include", metavar="CODE", action="append", default=[],
        choices=["GDIS", "HIV", "PSY", "SEX", "SUD"],
        help=_INCLUDE,
    )  # fmt: skip
    group.add_argument(
        "--from", dest="start", metavar="DAY", type=_day, help="only records from this day on (YYYY-MM-DD)"
    )
    group.add_argument("--to", dest="end", metavar="DAY", type=_day, help="only records up to this day")


def _add_wait(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("waiting")
    group.add_argument(
        "--wait", metavar="SECONDS", type=_seconds, default=60.0, help="how long to wait until it counts (60)"
    )
    group.add_argument(
        "--no-wait", dest="wait", action="store_const", const=0.0, help="only hand it in, and print what to ask for"
    )


def _add_everywhere(command: argparse.ArgumentParser, *, is_top: bool) -> None:
    """What every command takes, before its name or after it."""
    path = os.environ.get("CONSENTRY_KEY")
    defaults: dict[str, object] = {
        "endpoints": Path(os.environ.get("CONSENTRY_ENDPOINTS", ".local/endpoints.json")),
        "who": os.environ.get("CONSENTRY_AS"),
        "key": Path(path) if path else None,
        "node": os.environ.get("CONSENTRY_NODE"),
        "json": False,
        "quiet": False,
    }
    if is_top:
        command.set_defaults(**defaults)
    group = command.add_argument_group("options of every command")

    def add(*names: str, **how: Any) -> None:
        group.add_argument(*names, default=argparse.SUPPRESS, **how)

    add(
        "--endpoints", metavar="FILE", type=Path,
        help="where the deployment is (CONSENTRY_ENDPOINTS, else .local/endpoints.json)",
    )  # fmt: skip
    add("--as", dest="who", metavar="NAME", help="somebody of a local stack (CONSENTRY_AS)")
    add("--key", metavar="FILE", type=Path, help="file with the key that signs: 0x and 64 hex digits (CONSENTRY_KEY)")
    add(
        "--node", metavar="URL",
        help="send decisions yourself by this node of the chain, at the cost of the key that signs, "
        "in place of the relay (CONSENTRY_NODE)",
    )  # fmt: skip
    add("--json", action="store_true", help="print JSON")
    add("--quiet", action="store_true", help="no progress")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="consentry", description=_INTRO, epilog=_EXAMPLES, formatter_class=_Help, allow_abbrev=False
    )
    _add_everywhere(top, is_top=True)
    commands = top.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True,
        help="`consentry COMMAND --help` tells more",
    )  # fmt: skip

    def add(name: str, help: str, more: str = "") -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=help,
            description=textwrap.fill(f"{help[0].upper()}{help[1:]}.{more}", 100),
            formatter_class=_Help,
            allow_abbrev=False,
        )

    login = add("login", "sign in with a browser", " Tokens are kept in a file that only you can read.")
    login.add_argument(
        "--client", required=True, metavar="ID", help="the client to sign in to, for example patient-terminal"
    )
    login.add_argument(
        "--scope", metavar="SCOPES", help="what to ask for, by spaces; on a local stack all that the app may, if absent"
    )
    login.add_argument(
        "--redirect-uri",
        metavar="URI",
        help="the client's loopback address, at a free port (http://127.0.0.1:8976/callback)",
    )
    login.add_argument(
        "--for",
        dest="services",
        metavar="SERVICES",
        help="services to sign in for, by commas: auth, indexer, gateway, relay, audit; those that the scopes are for, "
        "if absent",
    )
    login.add_argument("--no-browser", action="store_true", help="print the address and open nothing")

    request = add("request", "ask a patient for consent", " You sign as the organisation that wants to read.")
    request.add_argument("subject", metavar="SUBJECT", help="the patient's address")
    _add_policy(request, needed=True)
    request.add_argument(
        "--days", metavar="N", type=_positive, help="how long the consent is to last; until ended if absent"
    )
    _add_wait(request)

    grant = add(
        "grant", "approve a request, approve less, or give consent unasked",
        " Shows in plain words what the document says before it signs; without --yes it asks.",
    )  # fmt: skip
    grant.add_argument(
        "consent",
        metavar="CONSENT",
        nargs="?",
        help="the request, by its id; with --share it is refused, and that much of it given",
    )
    grant.add_argument(
        "--to-organization",
        dest="grantee",
        metavar="ADDRESS",
        help="give consent unasked, to this organisation's address",
    )
    _add_policy(grant, needed=False)
    grant.add_argument(
        "--days",
        metavar="N",
        type=_positive,
        help="how long it lasts; if absent as long as was asked for, or until ended if unasked",
    )
    grant.add_argument("--yes", action="store_true", help="sign without asking")
    _add_wait(grant)

    deny = add("deny", "say no to a request")
    deny.add_argument("consent", metavar="CONSENT", help="id of the request")
    _add_wait(deny)

    revoke = add(
        "revoke", "take a consent back, or all of them", " It is never asked for twice, and works from every state."
    )
    what = revoke.add_mutually_exclusive_group(required=True)
    what.add_argument("consent", metavar="CONSENT", nargs="?", help="id of the consent")
    what.add_argument("--all", action="store_true", help="everything you ever agreed to")
    _add_wait(revoke)

    ls = add("ls", "list consents", " Without an address: your own, by the key that signs, or by your sign-in.")
    ls.add_argument("--patient", metavar="ADDRESS", help="of this patient")
    ls.add_argument("--organization", metavar="ADDRESS", help="for this organisation")
    ls.add_argument(
        "--status", choices=_STATUS, metavar="STATUS", help=f"only these: {', '.join(_STATUS)}",
    )  # fmt: skip

    fetch = add(
        "fetch",
        "read a patient's records if a consent permits",
        " Prints a table; with --json FHIR. Exit code 3 if it is denied.",
    )
    fetch.add_argument("patient", metavar="PATIENT", help="FHIR id of the patient")
    fetch.add_argument("resource", metavar="TYPE", help="FHIR resource type, for example Observation")
    fetch.add_argument("--id", metavar="ID", help="one record, by its FHIR id")
    fetch.add_argument(
        "--purpose", metavar="CODE", help="purpose of use; the first that you are registered for if absent"
    )
    fetch.add_argument("--category", metavar="CODE", help="only records of this category, for example laboratory")
    fetch.add_argument(
        "--decision-only",
        metavar="ORGANIZATION",
        help="only the decision, without records: about this organisation, by its id in the directory",
    )

    log = add("log", "show who looked at a patient's records", " The newest first.")
    log.add_argument("patient", metavar="PATIENT", help="FHIR id of the patient")
    log.add_argument("--limit", metavar="N", type=_positive, default=20, help="how many (20)")

    add("health", "ask each service whether it can do its work")
    for command in commands.choices.values():
        _add_everywhere(command, is_top=False)
    return top
