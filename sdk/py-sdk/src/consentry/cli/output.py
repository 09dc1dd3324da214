"""What is printed: results on standard output, everything else on standard error."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ..errors import ConsentryError
from ..progress import WaitStatus

__all__ = ["Output", "moment"]


class Output:
    """Tables for people, JSON for scripts."""

    def __init__(self, *, json: bool, quiet: bool) -> None:
        self.json = json
        self._quiet = quiet

    def result(self, value: Any, text: str) -> None:
        """One result: as JSON, or as text."""
        print(jsonlib.dumps(value, indent=2, ensure_ascii=False) if self.json else text)

    def table(self, rows: Sequence[dict[str, Any]], columns: dict[str, str], nothing: str) -> None:
        """Rows under headings; `columns` maps a row's key to its heading."""
        if self.json:
            print(jsonlib.dumps(list(rows), indent=2, ensure_ascii=False))
            return
        if not rows:
            self.note(nothing)
            return
        cells = [list(columns.values())] + [[_cell(row[key]) for key in columns] for row in rows]
        widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
        for line in cells:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

    def progress(self, status: WaitStatus) -> None:
        """A step of a wait."""
        self.note(jsonlib.dumps(asdict(status)) if self.json else f"· {status}")

    def say(self, text: str) -> None:
        """Something for people to read, and for nobody to parse."""
        if not self.json:
            self.note(text)

    def note(self, text: str) -> None:
        """A line on standard error."""
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)

    def error(self, error: ConsentryError) -> None:
        """Why it failed, and what to do."""
        if self.json:
            body = {"error": error.code, "message": error.message, "retryable": error.retryable}
            if error.request_id:
                body["requestId"] = error.request_id
            print(jsonlib.dumps(body), file=sys.stderr)
            return
        print(f"consentry: {error}", file=sys.stderr)


def moment(seconds: int | None) -> str:
    """A time of day where this is run; nothing for what has no end."""
    if seconds is None:
        return "until ended"
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def _cell(value: Any) -> str:
    return "–" if value is None else str(value)
