"""Writes what the user asked for to a file: whole or not at all, and never over what it was made from."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from advisor.errors import InputError, Problem


def write(path: Path, data: bytes, made_from: Path | None = None) -> None:
    """Writes the file in one step, so that a full disk or a kill leaves the old one. Raises InputError.

    Devices, pipes and links are written in place. `made_from` is the input, which the output must not replace.
    """
    with writing(path, made_from) as file:
        file.write(data)


def refuse_input(path: Path, made_from: Path | None) -> None:
    """Raises InputError where both name the same file."""
    if made_from is not None and path.is_file() and made_from.is_file() and path.samefile(made_from):
        remedy = "give --out another name"
        raise InputError([Problem("--out", "", f"the input itself ({path})", "another file", remedy)])


@contextmanager
def writing(path: Path, made_from: Path | None = None) -> Iterator[IO[bytes]]:
    """A file to write piece by piece, which takes its name when all is written; see `write`. Raises InputError."""
    refuse_input(path, made_from)
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            with path.open("wb") as file:
                yield file
        else:
            with _replacing(path) as file:
                yield file
    except OSError as error:
        raise InputError([Problem(str(path), "", error.strerror or "an error", "a writable file")]) from None


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    if path.exists():
        with path.open("ab"):  # a file that may not be written may not be replaced either
            mode = path.stat().st_mode & 0o7777
    else:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:50]}.", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        fresh.chmod(mode)
        fresh.replace(path)
    except BaseException:
        fresh.unlink()
        raise
