"""`advisor doctor`: what is wrong with an installation, a database, the folder of a run, or an answers file."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from advisor import __version__, locate
from advisor.cli import out, say
from advisor.errors import AdvisorError, InputError, JobFailed, Problem

NEEDED = re.compile(
    r"""(?P<name>[A-Za-z0-9._-]+)[^;]*?(?P<asked>[<>=!~][^;]*)?(;.*extra == ['"](?P<extra>[a-z]+)['"].*)?"""
)


@dataclass(frozen=True, slots=True)
class Look:
    """One thing looked at: what it is, what was found, whether that is well, and the remedy where it is not."""

    what: str
    found: str
    well: bool = True
    remedy: str = ""
    repairable: bool = False

    def __str__(self) -> str:
        mark = "ok   " if self.well else "wrong"
        return f"{mark} {self.what}: {self.found}" + (f"; {self.remedy}" if self.remedy else "")


def doctor_command(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[PATH]", help="A run's folder, an SQLite or answers file; else the installation."),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Set a run's broken cells aside; migrate a database, let go of its silent jobs."),
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Says what is wrong with an installation, a run's folder, a database or an answers file; exits 1 where it is."""
    looks = tuple(_looks(path, repair))
    if json_:
        out(json.dumps([asdict(look) for look in looks], indent=2, ensure_ascii=False) + "\n")
    else:
        out("".join(f"{look}\n" for look in looks))
    if not all(look.well for look in looks):
        if not repair and any(look.repairable for look in looks):
            say(["some of it can be repaired without guessing: add --repair"])
        raise typer.Exit(1)


def _looks(path: Path | None, repair: bool) -> Iterator[Look]:
    from advisor.store.checkup import is_database

    if path is None:
        return installation(repair)
    if not path.is_file():
        return run(path, repair)
    return database(f"sqlite:///{path}", repair) if is_database(path) else answers(path)


def installation(repair: bool = False) -> Iterator[Look]:
    """Versions, extras, the rule pack, the database, the models and where they are kept."""
    yield Look("advisor", f"{__version__}, Python {platform.python_version()}, {platform.system()}")
    yield from _packages()
    yield from _rules()
    if importlib.util.find_spec("sqlalchemy") and importlib.util.find_spec("alembic"):
        from advisor.store.place import default_url

        yield from database(default_url(make=False), repair)
    try:
        registry = locate.benchmark_part("models.registry")
        home: Path = locate.benchmark_part("models.files").models_home()
        listed = registry.listing()
    except (ImportError, OSError) as error:
        yield Look("models", f"cannot be listed ({error})", False, "install the extra: pip install 'advisor[bench]'")
        return
    for entry in listed:
        if entry.problem:
            yield Look(f"model {entry.name}", entry.problem, False)
        else:
            yield Look(f"model {entry.name}", "whole" if entry.files else "not on this disk")
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    writable = os.access(there, os.W_OK)
    yield Look("models' folder", str(home), writable, "" if writable else "make it writable, or set ADVISOR_HOME")


def database(url: str, repair: bool) -> Iterator[Look]:
    """What is wrong with a database; with `repair`, what is still wrong afterwards."""
    from advisor.store import checkup

    if repair:
        for line in checkup.repair(url):
            say([line])
    for found in checkup.examine(url):
        yield Look(found.what, found.found, found.well, found.remedy, found.repairable)


def answers(path: Path) -> Iterator[Look]:
    """What is wrong with an answers file, or how much of it is answered."""
    from advisor.intake.answers import read
    from advisor.knowledge import rulebook

    book = rulebook.load(locate.rules_dir())
    try:
        given = read(path, book)
    except InputError as error:
        yield from _told(error)
    else:
        yield Look(str(path), f"sound; {len(given.given)} of {len(book.questions)} questions are answered")


def run(path: Path, repair: bool) -> Iterator[Look]:
    """What is wrong with a run's folder; with `repair`, what is still wrong afterwards."""
    checkup = locate.benchmark_part("runs.checkup")
    if not path.is_dir() or not checkup.is_run(path):
        allowed = "the folder of a benchmark run, an SQLite file, or an answers file"
        raise InputError([Problem(str(path), "", "neither a run nor a file", allowed)])
    if repair:
        try:
            checkup.repair(path, lambda line: say([line]))
        except Exception as error:  # the benchmark's own errors, which the advisor does not import
            raise JobFailed([str(error)]) from error
    faults, state = checkup.examine(path)
    yield Look(str(path), state)
    for fault in faults:
        yield Look(fault.file, fault.found, False, fault.remedy, fault.repairable)


def _packages() -> Iterator[Look]:
    """By extra, whether each of its packages is there in a version that is asked for."""
    import importlib.metadata

    try:
        needed = importlib.metadata.requires("advisor") or []
    except importlib.metadata.PackageNotFoundError:
        yield Look("extras", "not known, for advisor runs from its source without being installed")
        return
    by_extra: dict[str, list[str]] = {}
    for match in map(NEEDED.fullmatch, needed):
        if match and match["name"] != "advisor" and match["extra"] not in {"dev", "all"}:
            fault = _misfit(match["name"], (match["asked"] or "").strip())
            by_extra.setdefault(match["extra"] or "", []).extend([fault] if fault else [])
    for extra, faults in by_extra.items():
        missing = ", ".join(faults)
        if not extra:
            yield Look("packages", missing or "whole", not faults, "pip install advisor" if faults else "")
        elif any("is installed" in fault for fault in faults):
            yield Look(f"extra {extra}", missing, False, f"pip install 'advisor[{extra}]'")
        else:
            found = f"not installed ({missing})" if faults else "whole"
            yield Look(f"extra {extra}", found, True, f"pip install 'advisor[{extra}]'" if faults else "")


def _misfit(name: str, asked: str) -> str:
    import importlib.metadata

    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return f"{name} is missing"
    try:
        from packaging.specifiers import SpecifierSet
    except ImportError:
        return ""
    return "" if SpecifierSet(asked).contains(found, prereleases=True) else f"{name} {found} is installed, not {asked}"


def _rules() -> Iterator[Look]:
    from advisor.knowledge import rulebook
    from advisor.knowledge.prices import PriceTable

    try:
        book = rulebook.load(locate.rules_dir())
        PriceTable.load(book.price_folder)
    except FileNotFoundError as error:
        yield Look("rule pack", str(error), False, "install advisor again")
    except AdvisorError as error:
        yield from _told(error)
    else:
        yield Look("rule pack", f"{book.name} {book.version}, {len(book.rules)} rules, whole")


def _told(error: AdvisorError) -> Iterator[Look]:
    for problem in error.problems:
        if isinstance(problem, Problem):
            place = f"{problem.where}: {problem.field}" if problem.field else problem.where
            allowed = f"allowed: {problem.allowed}" if problem.allowed else ""
            yield Look(place, problem.found, False, "; ".join(part for part in (allowed, problem.remedy) if part))
        else:
            yield Look("advisor", str(problem), False)
