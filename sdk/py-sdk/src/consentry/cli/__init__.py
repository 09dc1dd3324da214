"""The command `consentry`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..errors import AuthError, ConsentryError, FinalityTimeoutError
from .arguments import parser
from .commands import COMMANDS
from .output import Output

__all__ = ["main"]

DONE, FAILED, USAGE, DENIED, PENDING, SIGN_IN = 0, 1, 2, 3, 4, 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. The exit codes are part of the interface: see `consentry --help`."""
    asked = parser().parse_args(arguments)
    out = Output(json=asked.json, quiet=asked.quiet)
    try:
        return COMMANDS[asked.command](asked, out)
    except KeyboardInterrupt:
        out.note("Interrupted. What the relay has taken in goes on.")
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    except ConsentryError as error:
        out.error(error)
        if isinstance(error, FinalityTimeoutError):
            return PENDING
        if isinstance(error, AuthError) and error.code == "AUTH_SIGN_IN_REQUIRED":
            return SIGN_IN
        return FAILED
