"""Hooks of mkdocs: the start comes from the README, the command line's pages from its own help."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

from consentry.cli import main
from consentry.cli.commands import COMMANDS

README = Path(__file__).resolve().parent.parent / "README.md"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """What stands for the marks in a page."""
    if "<!-- start of the README -->" in markdown:
        start = README.read_text(encoding="utf-8").split("\n## ", 1)[0]
        # Its links lead to other files of the repository.
        markdown = markdown.replace("<!-- start of the README -->", re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", start))
    if "<!-- help -->" in markdown:
        asked: list[list[str]] = [[], *([name] for name in COMMANDS)]
        pages = [f"## {' '.join(['consentry', *words])}\n\n```text\n{helped(words)}```" for words in asked]
        markdown = markdown.replace("<!-- help -->", "\n\n".join(pages))
    return markdown


def helped(words: list[str]) -> str:
    """What `--help` prints."""
    out = io.StringIO()
    with redirect_stdout(out), suppress(SystemExit):
        main([*words, "--help"])
    return out.getvalue()
