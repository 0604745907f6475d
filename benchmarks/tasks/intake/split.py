"""One set of rows into train and test: the label mix stays, near texts stay together, the seed decides the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from ...records import digest
from .cleaning import Row
from .leaks import groups

TEST_SHARE = 0.3
MOST_TEST = 1000


def split(rows: Sequence[Row], seed: int, stratified: bool) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Train and test rows, in their order in the file; three tenths are test rows, at most a thousand.

    Each label keeps its share, as far as whole groups of near texts allow, and has a row in train.
    """
    together = [[rows[position] for position in group] for group in groups([row.text for row in rows])]
    by_label: dict[str, list[list[Row]]] = defaultdict(list)
    for group in together:
        label = Counter(row.answer for row in group).most_common(1)[0][0] if stratified else ""
        by_label[label].append(group)
    share = min(TEST_SHARE, MOST_TEST / len(rows)) if rows else 0.0
    held: set[str] = set()
    for members in by_label.values():
        members.sort(key=lambda group: digest([seed, "test", min(row.id for row in group)]))
        total = sum(map(len, members))
        wanted = max(1, round(share * total))
        taken = 0
        # The last group is never taken: something of every label must be learnable.
        for group in members[:-1]:
            if taken and taken + len(group) > wanted:
                continue
            if taken >= wanted or taken + len(group) > max(wanted, total // 2):
                continue
            held.update(row.id for row in group)
            taken += len(group)
    train = tuple(row for row in rows if row.id not in held)
    return train, tuple(row for row in rows if row.id in held)
