"""Texts that are nearly the same: those in train and test at once are leaks.

Two texts are near if the Jaccard similarity of their word triples is 0.9 or more. The search is exact: with the triples
of every text sorted from the rarest on, two near texts must share one of their first tenth (the prefix filter of
Chaudhuri, Ganti and Kaushik, ICDE 2006; Bayardo, Ma and Srikant, WWW 2007), so that few pairs are compared.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

NEAR = 0.9
SHINGLE = 3

# A sign of a script without blanks is a word of its own.
_SIGNS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"[{_SIGNS}]|[^\W{_SIGNS}]+")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts by their positions, and how similar they are: 1 for the same words in the same order."""

    left: int
    right: int
    similarity: float


def near_pairs(left: Sequence[str], right: Sequence[str] | None = None) -> list[Pair]:
    """All pairs of a text on the left and one on the right that are near; without a right side, those within the left.

    Case, punctuation and blanks do not count. A text of no words is near to none but its like.
    """
    sets = [shingles(text) for text in (*left, *(right or ()))]
    frequency = Counter(shingle for one in sets for shingle in one)
    sorted_sets = [sorted(one, key=lambda shingle: (frequency[shingle], shingle)) for one in sets]
    border = len(left)
    index: dict[str, list[int]] = defaultdict(list)
    found = []
    for position, shingled in enumerate(sorted_sets):
        probing = right is None or position >= border
        prefix = shingled[: len(shingled) - _needed(len(shingled)) + 1]
        if probing:
            for candidate in sorted({other for shingle in prefix for other in index.get(shingle, ())}):
                similarity = _jaccard(sets[candidate], sets[position])
                if similarity >= NEAR:
                    found.append(Pair(candidate, position if right is None else position - border, similarity))
        if right is None or position < border:
            for shingle in prefix:
                index[shingle].append(position)
    return found


def shingles(text: str) -> frozenset[str]:
    """The runs of three words of a text; the whole of a shorter one, and the bare signs of one without words."""
    words = _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())
    if len(words) <= SHINGLE:
        return frozenset([" ".join(words) or text.strip()])
    return frozenset(" ".join(words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1))


def groups(texts: Sequence[str]) -> list[list[int]]:
    """The texts' positions in groups: near texts are together, and so are those that a chain of near ones joins."""
    parent = list(range(len(texts)))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = parent[position]
        return position

    for pair in near_pairs(texts):
        parent[root(pair.right)] = root(pair.left)
    together: dict[int, list[int]] = defaultdict(list)
    for position in range(len(texts)):
        together[root(position)].append(position)
    return list(together.values())


def _needed(size: int) -> int:
    """How many shingles a text of so many must share with one that is near to it, at the least."""
    return -(-9 * size // 10)


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    small, large = sorted((len(one), len(other)))
    if small < NEAR * large:
        return 0.0
    shared = len(one & other)
    return shared / (small + large - shared)
