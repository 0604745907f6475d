"""Parquet to rows, through pyarrow, within bounds: what a file says it unpacks to is checked before it is unpacked.

This is run as a process of its own (see `parquet`), because a damaged file can end the process that reads it. It is
given a request as JSON on its standard input and writes its answer as JSON to its standard output.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import BenchmarkError
from .table import MOST_CHARACTERS, too_many_bytes, too_many_rows

BATCH = 1024
MEMORY = 4_000_000_000
_TOO_LONG = "x" * (MOST_CHARACTERS + 1)


def main() -> None:
    """Answers one request: the columns and rows of a file, or its problems."""
    request = json.loads(sys.stdin.read())
    _bound_memory()
    try:
        columns, rows = unpacked(**{**request, "path": Path(request["path"])})
        answer: dict[str, Any] = {"columns": columns, "rows": rows}
    except BenchmarkError as error:
        answer = {"problems": error.problems}
    json.dump(answer, sys.stdout)


def _bound_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError, OSError):
        # Not every system can; the sizes that a file tells are checked all the same.
        pass


def unpacked(
    name: str, path: Path, most: int | None, most_rows: int, most_bytes: int
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """All columns' names, and the rows with the values of flat columns, at most `most` of them.

    Without `most` a file of more than `most_rows` is refused. Numbers that the file names (as data sets of the hub do
    with labels) come as their names. Raises BenchmarkError for a file that is damaged or unpacks to too much.
    """
    import pyarrow.lib
    import pyarrow.parquet

    try:
        return _read(pyarrow.parquet, name, path, most, most_rows, most_bytes)
    except MemoryError:
        raise BenchmarkError(
            f"{name}: needs more than {MEMORY // 10**9} GB of memory to unpack; write it anew"
        ) from None
    except (pyarrow.lib.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise BenchmarkError(
            f"{name}: is no whole Parquet file, it is cut off or damaged ({reason}); copy or write it again"
        ) from None


def _read(
    parquet: Any, name: str, path: Path, most: int | None, most_rows: int, most_bytes: int
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    with parquet.ParquetFile(path, thrift_string_size_limit=10_000_000, thrift_container_size_limit=1_000_000) as file:
        metadata, schema = file.metadata, file.schema_arrow
    names = tuple(schema.names)
    if metadata.num_rows > most_rows and most is None:
        raise too_many_rows(name, f"{metadata.num_rows:,}")
    if metadata.num_rows == 0:
        raise BenchmarkError(f"{name}: holds the columns {', '.join(names)} and no row; allowed: a row for an example")
    flat = [one for one in names if _is_flat(schema.field(one).type)]
    _bounded(name, metadata, set(flat), most, most_bytes)
    # One long text repeated a million times is small in a file; kept as a dictionary it stays small in memory.
    texts = [one for one in flat if _is_text(schema.field(one).type)]
    labels = _named_labels(schema.metadata)
    rows: list[dict[str, Any]] = []
    with parquet.ParquetFile(path, read_dictionary=texts, page_checksum_verification=True) as file:
        for batch in file.iter_batches(batch_size=BATCH, columns=flat):
            # Without it a damaged file may point beyond its own dictionary.
            batch.validate(full=True)
            values = {one: _values(batch.column(one), labels.get(one)) for one in flat}
            rows += [{one: values[one][index] for one in flat} for index in range(batch.num_rows)]
            if len(rows) >= (most_rows if most is None else most):
                break
    return names, rows[:most]


def _bounded(name: str, metadata: Any, flat: set[str], most: int | None, most_bytes: int) -> None:
    size = rows = 0
    for group in range(metadata.num_row_groups):
        if most is not None and rows >= most:
            break
        part = metadata.row_group(group)
        rows += part.num_rows
        for index in range(part.num_columns):
            column = part.column(index)
            if column.path_in_schema.split(".")[0] in flat:
                size += column.total_uncompressed_size
    if size > most_bytes:
        raise too_many_bytes(name, size, "bytes once it is unpacked")


def _is_text(kind: Any) -> bool:
    return str(kind) in ("string", "large_string", "string_view")


def _is_flat(kind: Any) -> bool:
    plain = ("string", "large", "dictionary", "int", "uint", "bool", "float", "double", "halffloat", "null")
    return str(kind).startswith(plain) and "binary" not in str(kind) and "list" not in str(kind)


def _values(column: Any, names: list[str] | None) -> list[Any]:
    """A column of a batch as Python values; each distinct text is made once, and none beyond the longest allowed."""
    if hasattr(column, "dictionary"):
        distinct = [
            _TOO_LONG
            if value.is_valid and hasattr(value, "as_buffer") and _bytes(value) > 4 * MOST_CHARACTERS
            else value.as_py()
            for value in column.dictionary
        ]
        return [None if index is None else distinct[index] for index in column.indices.to_pylist()]
    values = column.to_pylist()
    if names is None:
        return list(values)
    return [names[one] if isinstance(one, int) and 0 <= one < len(names) else one for one in values]


def _bytes(value: Any) -> int:
    buffer = value.as_buffer()
    return 0 if buffer is None else int(buffer.size)


def _named_labels(metadata: Mapping[bytes, bytes] | None) -> dict[str, list[str]]:
    """The names of numbered labels, by column, where a data set of the hub wrote them into the file."""
    try:
        features = json.loads((metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return {
            str(column): [str(label) for label in feature["names"]]
            for column, feature in features.items()
            if isinstance(feature, dict) and isinstance(feature.get("names"), list)
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
