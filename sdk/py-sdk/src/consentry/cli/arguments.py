"""What the command line takes, and its help."""

from __future__ import annotations

import argparse
import os
import textwrap
from datetime import date
from pathlib import Path

__all__ = ["parser"]

_INTRO = """\
Ask for, give and take back patients' consents, and read records that a consent permits.

A patient's consent stands on a chain; a gateway looks there before it releases anything. With this command a
clinic asks, a patient answers with a signature, and whoever may read reads."""

_EXAMPLES = """\
first steps on a local stack (scripts/demo --keep):
  export CONSENTRY_ENDPOINTS=.local/endpoints.json
  consentry health
  consentry --as clinic-a request 0xSUBJECT --share Observation --days 30
  consentry --as patient grant 0xCONSENT
  consentry --as clinic-a fetch PATIENT Observation
  consentry --as patient revoke 0xCONSENT

who you are, the first that applies:
  --as NAME            a clinic, system or patient of a local stack (CONSENTRY_AS)
  CONSENTRY_CLIENT_ID, CONSENTRY_CLIENT_KEY (file with a private JWK), CONSENTRY_SCOPE
                       a machine's registration
  consentry login      you, signed in with a browser
  --key FILE           what you sign is signed by this key (CONSENTRY_KEY): 0x and 64 hex digits

exit codes:
  0  done; of fetch: permitted      3  denied: a decision, not a failure
  1  failed                         4  still on its way when the wait ended
  2  wrong usage                    5  sign in first

Results go to standard output, progress and errors to standard error. With --json both are JSON."""

_SHARE = "TYPE or TYPE:category,category of FHIR; may be repeated"


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day YYYY-MM-DD") from None


def _share(text: str) -> str | tuple[str, list[str]]:
    kind, colon, categories = text.partition(":")
    return (kind, categories.split(",")) if colon else kind


def _add_policy(command: argparse.ArgumentParser, needed: bool) -> None:
    group = command.add_argument_group("what is shared")
    group.add_argument("--share", metavar="TYPE", type=_share, action="append", required=needed, help=_SHARE)
    group.add_argument(
        "--purpose", metavar="CODE", action="append", help="purpose of use; TREAT if absent, may be repeated"
    )
    group.add_argument(
        "--include", metavar="CODE", action="append", default=[],
        choices=["GDIS", "HIV", "PSY", "SEX", "SUD"],
        help="share this sensitivity too: GDIS, HIV, PSY, SEX or SUD. All of them are kept back otherwise",
    )  # fmt: skip
    group.add_argument("--from", dest="start", metavar="DAY", type=_day, help="first clinical day shared")
    group.add_argument("--to", dest="end", metavar="DAY", type=_day, help="last clinical day shared")


def _add_wait(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--wait", metavar="SECONDS", type=float, default=60.0, help="how long to wait for the chain (60)"
    )
    command.add_argument("--no-wait", dest="wait", action="store_const", const=0.0, help="only hand it in")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="consentry", description=_INTRO, epilog=_EXAMPLES, formatter_class=_Help, allow_abbrev=False
    )
    top.add_argument(
        "--endpoints", metavar="FILE", type=Path,
        default=Path(os.environ.get("CONSENTRY_ENDPOINTS", ".local/endpoints.json")),
        help="where the deployment is (CONSENTRY_ENDPOINTS, else .local/endpoints.json)",
    )  # fmt: skip
    top.add_argument(
        "--as", dest="who", metavar="NAME", default=os.environ.get("CONSENTRY_AS"), help="somebody of a local stack"
    )
    key = os.environ.get("CONSENTRY_KEY")
    top.add_argument(
        "--key", metavar="FILE", type=Path, default=Path(key) if key else None, help="file with the key that signs"
    )
    top.add_argument("--json", action="store_true", help="print JSON")
    top.add_argument("--quiet", action="store_true", help="no progress")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

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
        "--client", required=True, metavar="ID", help="the app to sign in to, for example patient-portal"
    )
    login.add_argument("--scope", help="what to ask for; what the app may at most on a local stack")
    login.add_argument(
        "--redirect-uri", metavar="URI", help="the app's registered loopback address (http://127.0.0.1:8976/callback)"
    )
    login.add_argument(
        "--for",
        dest="services",
        metavar="SERVICES",
        help="services to get a token for, by commas: indexer, gateway, relay, audit",
    )
    login.add_argument("--no-browser", action="store_true", help="print the address and open nothing")

    request = add("request", "ask a patient for consent", " You sign as the organisation that wants to read.")
    request.add_argument("subject", metavar="SUBJECT", help="the patient's address")
    _add_policy(request, needed=True)
    request.add_argument("--days", type=int, help="how long the consent is to last; until ended if absent")
    _add_wait(request)

    grant = add(
        "grant", "approve a request, approve less, or give consent unasked",
        " Shows in plain words what the document says before it signs; without --yes it asks.",
    )  # fmt: skip
    grant.add_argument(
        "consent", metavar="CONSENT", nargs="?", help="id of the request; with --share agrees to that only"
    )
    grant.add_argument(
        "--to-organization", dest="grantee", metavar="ADDRESS", help="gives consent unasked to this address"
    )
    _add_policy(grant, needed=False)
    grant.add_argument("--days", type=int, help="of a consent given unasked: how long; until ended if absent")
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

    ls = add("ls", "list consents", " Without an address: your own, by the key you sign with.")
    ls.add_argument("--patient", metavar="ADDRESS", help="of this patient")
    ls.add_argument("--organization", metavar="ADDRESS", help="for this organisation")
    ls.add_argument(
        "--status", choices=["REQUESTED", "CONFIRMING", "SCHEDULED", "ACTIVE", "DENIED", "REVOKED", "EXPIRED"],
        metavar="STATUS", help="only these, for example ACTIVE",
    )  # fmt: skip

    fetch = add("fetch", "read a patient's records if a consent permits", " Prints FHIR. Exit code 3 if it is denied.")
    fetch.add_argument("patient", metavar="PATIENT", help="FHIR id of the patient")
    fetch.add_argument("resource", metavar="TYPE", help="FHIR resource type, for example Observation")
    fetch.add_argument("--id", help="one record by its FHIR id")
    fetch.add_argument(
        "--purpose", metavar="CODE", help="purpose of use; the first that you are registered for if absent"
    )
    fetch.add_argument("--category", help="only records of this category")
    fetch.add_argument(
        "--decision-only", metavar="ORGANIZATION", help="ask for the decision about this organisation, without records"
    )

    log = add("log", "show who looked at a patient's records", " The newest first.")
    log.add_argument("patient", metavar="PATIENT", help="FHIR id of the patient")
    log.add_argument("--limit", type=int, default=20, help="how many (20)")

    add("health", "ask each service whether it can do its work")
    return top
