"""A file to a table: by its content first, then by its name."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ...errors import BenchmarkError
from .delimited import read_delimited
from .encoding import decoded
from .json_rows import read_json_rows
from .parquet import read_parquet
from .table import MOST_BYTES, Table, too_many_bytes

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")
_JSON = (".jsonl", ".ndjson", ".json")


def read_file(path: Path, wanted: set[str]) -> Table:
    """The rows of a CSV, TSV, JSONL or Parquet file. `wanted` are the columns that the user named.

    Raises BenchmarkError that says where the file is not what it should be; MissingExtra for Parquet without pyarrow.
    """
    content = _content(path)
    name, sha256 = path.name, hashlib.sha256(content).hexdigest()
    if not content:
        raise BenchmarkError(f"{name}: the file is empty (0 bytes); allowed: a row for every example")
    if content.startswith(b"PAR1") or path.suffix.lower() == ".parquet":
        columns, rows = read_parquet(name, path)
        return Table(name, columns, rows, "Parquet", sha256, unit="row")
    text, encoding = decoded(name, content)
    if path.suffix.lower() in _JSON or text.lstrip()[:2] in ('{"', "[{"):
        columns, rows, form = read_json_rows(name, text)
    else:
        columns, cells, delimiter = read_delimited(name, text, path.suffix.lower() in (".tsv", ".tab"), wanted)
        rows, form = tuple(cells), f"a table with {delimiter} between fields"
    return Table(name, columns, rows, f"{form}, {encoding}", sha256, unit="entry" if form == "a JSON list" else "line")


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise BenchmarkError(f"{path}: is a folder; allowed: a file ({', '.join(SUFFIXES)})")
        if path.exists() and not path.is_file():
            raise BenchmarkError(f"{path}: is a device or a pipe; allowed: a file ({', '.join(SUFFIXES)})")
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise too_many_bytes(path.name, size)
        return path.read_bytes()
    except FileNotFoundError:
        raise BenchmarkError(f"{path}: no such file; allowed: a file ({', '.join(SUFFIXES)})") from None
    except OSError as error:
        raise BenchmarkError(f"{path}: cannot be read ({error.strerror or error})") from None
