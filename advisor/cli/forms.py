"""The options that every command with a report shares: its form, language, depth and the house in whose name it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from advisor.errors import InputError, Problem, nearest

FORMATS = ("text", "json", "md", "html", "html-light", "pdf", "docx", "adr", "xlsx", "csv")
ONE_OF = "One of " + ", ".join(FORMATS) + "."

LanguageOption = Annotated[str, typer.Option("--language", help="Language of the report: en or de.")]
DepthOption = Annotated[str, typer.Option("--depth", help="Depth of the report: executive, product or engineer.")]
BrandingOption = Annotated[Path | None, typer.Option("--branding", help="A report.yaml: title, note, accent, logo.")]


@contextmanager
def edition(language: str, depth: str, branding: Path | None = None) -> Iterator[None]:
    """Speaks a language, lays reports out at a depth and in the name of a house within the block. Raises InputError."""
    from advisor.language import LANGUAGES, using
    from advisor.reports.branding import read_brand
    from advisor.reports.edition import DEPTHS, at_depth, branded

    problems = [
        Problem(option, "", repr(given), "one of " + ", ".join(allowed), nearest(given, allowed))
        for option, given, allowed in (("--language", language, tuple(LANGUAGES)), ("--depth", depth, DEPTHS))
        if given not in allowed
    ]
    if problems:
        raise InputError(problems)
    house = read_brand(branding) if branding is not None else None
    with using(language), at_depth(depth), branded(house):  # type: ignore[arg-type]
        yield
