"""What an arm was shown and must not have been: solved examples that are no training rows of its cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def fouls(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """A sentence for every cell whose solved examples are test rows, or rows that the other arms were not given.

    An arm names its solved examples by id under `shots` of what it says about fitting.
    """
    found = []
    for record in records:
        shots = record["fit"].get("shots")
        if not isinstance(shots, list):
            continue
        rows, cell = record["rows"], record["cell"]
        where = f"{cell['arm']}, {cell['train_size']} examples, seed {cell['seed']}"
        asked = sorted(set(shots) & set(rows["test"]))
        foreign = sorted(set(shots) - {*rows["train"], *rows["dev"], *rows["test"]})
        if asked:
            found.append(f"{where}: {len(asked)} of its solved examples are test rows ({', '.join(asked[:3])})")
        if foreign:
            what = "are none of the rows that every arm was given"
            found.append(f"{where}: {len(foreign)} of its solved examples {what} ({', '.join(foreign[:3])})")
    return found
