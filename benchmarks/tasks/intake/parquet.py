"""Parquet to rows, through pyarrow, within bounds: what a file says it unpacks to is checked before it is unpacked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import BenchmarkError, MissingExtra
from .table import MOST_BYTES, MOST_CHARACTERS, MOST_ROWS, too_many_bytes, too_many_rows

EXTRA = "parquet"
BATCH = 1024
_TOO_LONG = "x" * (MOST_CHARACTERS + 1)

Rows = tuple[tuple[int, dict[str, Any]], ...]


def read_parquet(
    name: str, path: Path, *, columns: set[str] | None = None, most: int | None = None
) -> tuple[tuple[str, ...], Rows]:
    """All columns' names, and the rows with the values of flat columns (only those in `columns`, if given).

    With `most` only so many rows are read; without it a file with too many is refused. Numbers that the file names
    (as data sets of the hub do with labels) come as their names. Raises MissingExtra without pyarrow, BenchmarkError
    for a file that is damaged or unpacks to too much.
    """
    parquet, errors = _pyarrow()
    try:
        file = parquet.ParquetFile(path, thrift_string_size_limit=10_000_000, thrift_container_size_limit=1_000_000)
        with file:
            return _read(parquet, name, path, file, columns, most)
    except (errors.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise BenchmarkError(
            f"{name}: is no whole Parquet file, it is cut off or damaged ({reason}); copy or write it again"
        ) from None


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow.lib
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra.of("pyarrow", EXTRA) from None
    return pyarrow.parquet, pyarrow.lib


def _read(
    parquet: Any, name: str, path: Path, file: Any, columns: set[str] | None, most: int | None
) -> tuple[tuple[str, ...], Rows]:
    metadata, schema = file.metadata, file.schema_arrow
    names = tuple(schema.names)
    if metadata.num_rows > MOST_ROWS and most is None:
        raise too_many_rows(name, f"{metadata.num_rows:,}")
    if metadata.num_rows == 0:
        raise BenchmarkError(f"{name}: holds the columns {', '.join(names)} and no row; allowed: a row for an example")
    flat = [one for one in names if _is_flat(schema.field(one).type) and (columns is None or one in columns)]
    _bounded(name, metadata, set(flat), most)
    # One long text repeated a million times is small in a file; kept as a dictionary it stays small in memory.
    texts = [one for one in flat if _is_text(schema.field(one).type)]
    labels = _named_labels(schema.metadata)
    rows: list[tuple[int, dict[str, Any]]] = []
    with parquet.ParquetFile(path, read_dictionary=texts) as again:
        for batch in again.iter_batches(batch_size=BATCH, columns=flat):
            values = {one: _values(batch.column(one), labels.get(one)) for one in flat}
            for index in range(batch.num_rows):
                rows.append((len(rows) + 1, {one: values[one][index] for one in flat}))
            if len(rows) >= (MOST_ROWS if most is None else most):
                break
    return names, tuple(rows[:most])


def _bounded(name: str, metadata: Any, flat: set[str], most: int | None) -> None:
    unpacked = rows = 0
    for group in range(metadata.num_row_groups):
        if most is not None and rows >= most:
            break
        part = metadata.row_group(group)
        rows += part.num_rows
        for index in range(part.num_columns):
            column = part.column(index)
            if column.path_in_schema.split(".")[0] in flat:
                unpacked += column.total_uncompressed_size
    if unpacked > MOST_BYTES:
        raise too_many_bytes(name, unpacked, "bytes once it is unpacked")


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
