"""The race: arms are asked the same items in one fixed order, batch by batch, until the verdict is certain.

`Race` decides between two arms, `Races` between many. Both are pure: they are fed scores and say what is decided; who
asks the arms, and for how long, is not their business. The error over all looks and the last test together is at most
one minus the level (see `sequential`); `python -m benchmarks.statistics.simulate` shows it. A comparison that all items
together would hardly decide either is given up as undecided, which can only lower that error.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeVar

import numpy as np

from .differences import MARGIN, Difference, compared
from .intervals import LEVEL, SeedPrior, Spread
from .scores import ItemScores, Scored
from .sequential import EARLY, chance_at_cap

Item = TypeVar("Item")
Pair = tuple[str, str]
RaceWord = Literal["open", "better", "worse", "equivalent", "undecided", "dropped"]

# A comparison is given up where it would be decided at the cap with less than this chance, from so many items on.
LEAST_HOPE = 0.05
FEWEST_TO_GIVE_UP = 100
LIKELY = 0.9


def race_order(items: Sequence[Item], seed: int) -> tuple[Item, ...]:
    """The items in the one order in which every arm is asked: a permutation seeded by `seed` alone."""
    return tuple(random.Random(seed).sample(items, len(items)))


@dataclass(frozen=True, slots=True)
class State:
    """Where a race stands after `found.n` items: `word` is about the first arm; `open` means that it goes on."""

    word: RaceWord
    found: Difference | None

    @property
    def over(self) -> bool:
        """Whether nothing more is to be asked."""
        return self.word != "open"


def judge(
    scored: Scored,
    metric: str,
    cap: int,
    *,
    pairs: int = 1,
    margin: float = MARGIN,
    prior: SeedPrior | None = None,
) -> State:
    """The state of one pair of a race of `pairs` comparisons, after the items in `scored`, of at most `cap`.

    The pair's share of the 5 % that may go wrong is an equal one, so that it does not matter which pairs end first.
    Raises ValueError if there are more items than the cap.
    """
    if scored.n > cap:
        raise ValueError(f"{scored.n} items in a race of at most {cap}")
    found = compared(scored, metric, LEVEL, margin=margin, cap=cap, looking=True, prior=prior)
    alpha = (1 - LEVEL) / pairs
    given_up = scored.n >= FEWEST_TO_GIVE_UP and _hope(found, cap, alpha) < LEAST_HOPE
    word: RaceWord = "undecided" if scored.n == cap or given_up else "open"
    if found.p_equivalence <= alpha:
        word = "equivalent"
    elif found.p_value <= alpha:
        word = "better" if found.difference > 0 else "worse"
    return State(word, found)


def _hope(found: Difference, cap: int, alpha: float) -> float:
    """The chance that the test at the cap decides, if further items are like those asked.

    The items' part of the final interval shrinks with their number. The seeds' part is taken as small as it may well
    be: from a few seeds it is known badly, and a few items add to it what more items would take away.
    """
    from scipy.stats import chi2

    left = 1 - found.n / cap
    of_seeds, of_items = found.variance
    degrees = max(1.0, found.seed_degrees)
    kept = max(0.0, of_seeds * degrees / float(chi2.ppf(LIKELY, degrees)) - left * of_items)
    spread = Spread(kept, (1 - left) * of_items, found.seeds, cap, degrees)
    half = spread.half_width(1 - (1 - EARLY) * alpha)
    return float(chance_at_cap(found.difference, math.sqrt(left * of_items), half, found.margin))


class Race:
    """Two arms, scored in 0..1 on the same items; over when one is better, both are equivalent or neither will show."""

    def __init__(self, cap: int, *, margin: float = MARGIN, pairs: int = 1) -> None:
        if cap < 1:
            raise ValueError(f"cap: found {cap}; allowed: from 1")
        self.cap, self.margin, self.pairs = cap, margin, pairs
        self.state = State("open", None)
        self._a: list[float] = []
        self._b: list[float] = []

    def add(self, a: Sequence[float], b: Sequence[float]) -> State:
        """The state after the next items, with the scores of both arms in the same order.

        Raises ValueError if the race is over, if it would pass its cap, or if the batches differ in length.
        """
        if self.state.over:
            raise ValueError(f"the race is over: {self.state.word}")
        if len(a) != len(b) or not len(a):
            raise ValueError(f"{len(a)} and {len(b)} scores cannot be paired")
        self._a += a
        self._b += b
        scored = ItemScores.of([self._a, self._b])
        self.state = judge(scored, "score", self.cap, pairs=self.pairs, margin=self.margin)
        return self.state


class Field:
    """Which pairs of many arms are still open, and so which arms are still asked.

    `pairs` are the comparisons of interest; all pairs without it. An arm of `eliminate` that is worse than another
    leaves the race, and its other open pairs are dropped: for it the race is about the best arm, not about a ranking.
    """

    def __init__(
        self, arms: Iterable[str], pairs: Iterable[Pair] | None = None, *, eliminate: Iterable[str] = ()
    ) -> None:
        self.arms = tuple(arms)
        self.words: dict[Pair, RaceWord] = dict.fromkeys(combinations(self.arms, 2) if pairs is None else pairs, "open")
        unknown = sorted({arm for pair in self.words for arm in pair} - set(self.arms))
        if unknown:
            raise ValueError(f"pairs name arms that do not race: {', '.join(unknown)}")
        self._eliminate = frozenset(eliminate)

    @property
    def open(self) -> tuple[Pair, ...]:
        """The pairs that are not decided."""
        return tuple(pair for pair, word in self.words.items() if word == "open")

    @property
    def active(self) -> tuple[str, ...]:
        """The arms with an open pair, in the order of the field."""
        return tuple(arm for arm in self.arms if any(arm in pair for pair in self.open))

    def settle(self, words: Mapping[Pair, RaceWord]) -> None:
        """Takes the words of one look at all open pairs together, so that their order does not matter."""
        self.words.update(words)
        beaten = {loser for pair, word in words.items() if (loser := _loser(pair, word)) is not None}
        self.drop(beaten & self._eliminate)

    def drop(self, arms: Iterable[str]) -> None:
        """Closes the open pairs of arms that leave the race."""
        gone = set(arms)
        for pair in self.open:
            if gone & set(pair):
                self.words[pair] = "dropped"


class Races:
    """Best of many: every arm is asked on until it is certainly worse than another, or nothing is open any more."""

    def __init__(self, arms: Sequence[str], cap: int, *, margin: float = MARGIN) -> None:
        self.field = Field(arms, eliminate=arms)
        self.cap, self.margin = cap, margin
        self.states: dict[Pair, State] = {}
        self._scores: dict[str, list[float]] = {arm: [] for arm in arms}

    def add(self, scores: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
        """The arms still in the race after the next items; `scores` must hold every active arm's, and no others.

        Raises ValueError if an active arm is missing, another one is given, or the batches differ in length.
        """
        if set(scores) != set(self.field.active):
            raise ValueError(f"scores of {sorted(scores)}, wanted those of {sorted(self.field.active)}")
        if len({len(batch) for batch in scores.values()}) != 1:
            raise ValueError("batches of unequal length")
        for arm, batch in scores.items():
            self._scores[arm] += batch
        pairs = len(self.field.words)
        found = {}
        for a, b in self.field.open:
            table = ItemScores.of([self._scores[a], self._scores[b]])
            found[a, b] = judge(table, "score", self.cap, pairs=pairs, margin=self.margin)
        self.states.update(found)
        self.field.settle({pair: state.word for pair, state in found.items()})
        return self.field.active

    @property
    def items(self) -> dict[str, int]:
        """How many items every arm was asked."""
        return {arm: len(scores) for arm, scores in self._scores.items()}

    @property
    def leaders(self) -> tuple[str, ...]:
        """The arms that no other arm has beaten, best observed score first."""
        beaten = {loser for pair, word in self.field.words.items() if (loser := _loser(pair, word)) is not None}
        kept = [arm for arm in self.field.arms if arm not in beaten]
        return tuple(sorted(kept, key=lambda arm: -float(np.mean(self._scores[arm] or [0.0]))))


def _loser(pair: Pair, word: RaceWord) -> str | None:
    return {"better": pair[1], "worse": pair[0]}.get(word)
