"""The race of one train size: all arms and seeds are fitted, then asked the same items batch by batch.

An arm is asked on while one of its comparisons is open: those between the approaches' representatives, of each of them
with every baseline, and of every other arm with the representative of its approach. Baselines and arms that stand for
no approach leave when one comparison is lost, the latter also when their representative is done. Representatives are
chosen on development rows, before the first test item. Cells finished earlier take part with the answers they have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Protocol

from ..records import Example
from ..statistics import Field, judge
from ..statistics.race import Pair, RaceWord
from .crew import Away
from .execution import Entrant
from .measurement import prior_of, representative
from .plan import PlannedCell
from .scored import Record, paired_records, scored_of


@dataclass(frozen=True, slots=True)
class Recorded:
    """A cell that was finished earlier: it can be asked nothing more than it was."""

    planned: PlannedCell
    found: Record

    @property
    def dev_metrics(self) -> Any:
        """The scores on the development rows."""
        return self.found["dev_metrics"]

    @property
    def asked(self) -> int:
        """How many test items it has answered."""
        return len(self.found["predictions"])


Runner = Entrant | Away | Recorded
# A race is told of when a comparison closes, and otherwise at every so many looks.
SAID_EVERY = 5


class Door(Protocol):
    """How entrants are reached. Every one of them comes back, with what it raised or gave."""

    def ask(self, runners: Sequence[Any], upto: int) -> Iterable[tuple[Any, Exception | None]]:
        """Asks each on until it has answered so many test items."""
        ...

    def records(self, runners: Sequence[Any]) -> Iterable[tuple[Any, Exception | Record]]:
        """The records of their cells."""
        ...


class Here:
    """Entrants of this process, reached one after the other."""

    def __init__(self, test: Sequence[Example]) -> None:
        self._test = test

    def ask(self, runners: Sequence[Entrant], upto: int) -> Iterator[tuple[Entrant, Exception | None]]:
        """Asks each on until it has answered so many test items."""
        for runner in runners:
            try:
                runner.ask(self._test[runner.asked : upto])
            except Exception as error:
                yield runner, error
            else:
                yield runner, None

    def records(self, runners: Sequence[Entrant]) -> Iterator[tuple[Entrant, Exception | Record]]:
        """The records of their cells."""
        for runner in runners:
            try:
                found: Exception | Record = runner.record()
            except Exception as error:
                found = error
            yield runner, found


class Heat:
    """One train size of a raced plan. `keep` takes the record of an entrant that leaves, `fail` what one raised.

    `say` hears of looks.
    """

    def __init__(
        self,
        plan: Mapping[str, Any],
        runners: Sequence[Runner],
        test: Sequence[Example],
        keep: Callable[[PlannedCell, Record], None],
        fail: Callable[[PlannedCell, Exception], None],
        say: Callable[[str], None] = lambda _line: None,
        door: Door | None = None,
    ) -> None:
        self._plan, self._test, self._keep, self._fail, self._say = plan, test, keep, fail, say
        self._door: Door = door or Here(test)
        self._runners: dict[str, list[Runner]] = {arm: [] for arm in plan["arms"]}
        for runner in runners:
            self._runners[runner.planned.cell.arm].append(runner)
        present = [arm for arm, ones in self._runners.items() if ones]
        pairs, standing = self._pairs(present)
        self._standing = frozenset(standing)
        self._field = Field(present, pairs, eliminate=set(present) - self._standing)

    def run(self) -> None:
        """Races to the end and hands every entrant to `keep`."""
        batch, cap = self._plan["race"]["batch"], len(self._test)
        alone = [arm for arm in self._field.arms if arm not in self._field.active]
        self._ask(alone, cap)
        self._leave(alone)
        asked = 0
        while self._field.active:
            before, asked, still = self._field.active, min(cap, asked + batch), self._field.open
            self._ask(before, asked)
            self._field.settle(self._look(cap))
            self._field.drop(self._followers())
            # Whoever has no more to say, because it was finished earlier, leaves its open pairs undecided.
            self._field.drop(arm for arm in self._field.active if self._least(arm) < asked)
            if self._field.open != still or asked % (SAID_EVERY * batch) == 0:
                self._say(self._standings(asked, cap))
            self._leave([arm for arm in before if arm not in self._field.active])

    def _standings(self, asked: int, cap: int) -> str:
        """Where the race stands after a look, in a line."""
        size = next((ones[0].planned.cell.train_size for ones in self._runners.values() if ones), 0)
        pairs = ", ".join(f"{a} and {b}" for a, b in self._field.open)
        return f"race at {size} examples: {asked} of {cap} items asked; still open: {pairs or 'nothing'}"

    def _pairs(self, present: Sequence[str]) -> tuple[list[Pair], list[str]]:
        """The comparisons of the race, and the arms that stand for their approaches."""
        kinds = self._plan["arms"]
        baselines = [arm for arm in present if kinds[arm]["approach"] is None]
        chosen: dict[str, str] = {}
        pairs: list[Pair] = []
        for approach in ("prompting", "fine_tuning", "hybrid"):
            rivals = [self._entry(arm) for arm in present if kinds[arm]["approach"] == approach]
            if rivals:
                chosen[approach] = representative(rivals)["arm"]
                pairs += [(chosen[approach], one["arm"]) for one in rivals if one["arm"] != chosen[approach]]
        standing = list(chosen.values())
        pairs += [(b, a) for index, a in enumerate(standing) for b in standing[index + 1 :]]
        return pairs + [(arm, baseline) for arm in standing for baseline in baselines], standing

    def _entry(self, arm: str) -> dict[str, Any]:
        """An arm as `representative` wants it."""
        runners, metric = self._runners[arm], self._plan["task"]["metric"]
        dev = [runner.dev_metrics[metric]["value"] for runner in runners if runner.dev_metrics]
        size = runners[0].planned.cell.train_size
        return {"arm": arm, "train_size": size, "dev": {"value": fmean(dev)} if dev else None}

    def _ask(self, arms: Iterable[str], upto: int) -> None:
        every = [runner for arm in arms for runner in self._runners[arm]]
        wanted = [runner for runner in every if not isinstance(runner, Recorded) and runner.asked < upto]
        for runner, error in self._door.ask(wanted, upto):
            if error is not None:
                self._runners[runner.planned.cell.arm].remove(runner)
                self._fail(runner.planned, error)

    def _look(self, cap: int) -> dict[Pair, RaceWord]:
        """The words of all open pairs at this look; a pair without a common seed is dropped."""
        words: dict[Pair, RaceWord] = {}
        answers = {arm: self._answers(arm) for arm in self._field.active}
        margin, pairs, task = self._plan["race"]["margin"], len(self._field.words), self._plan["task"]
        size = next(ones[0].planned.cell.train_size for ones in self._runners.values() if ones)
        prior = prior_of(self._plan, {(arm, size): records for arm, records in answers.items() if records})
        for pair in self._field.open:
            both = paired_records(answers[pair[0]], answers[pair[1]])
            if both is None:
                words[pair] = "dropped"
            else:
                words[pair] = judge(
                    scored_of(both, task), task["metric"], cap, pairs=pairs, margin=margin, prior=prior
                ).word
        return words

    def _answers(self, arm: str) -> list[Record]:
        return [
            runner.found
            if isinstance(runner, Recorded)
            else {"cell": {"seed": runner.planned.cell.seed}, "predictions": runner.rows()}
            for runner in self._runners[arm]
        ]

    def _followers(self) -> set[str]:
        """The arms that stand for nothing and whose approach's representative has nothing else to decide any more."""
        kinds, open_pairs = self._plan["arms"], self._field.open
        busy = {
            arm
            for pair in open_pairs
            for arm in pair
            if kinds[pair[0]]["approach"] is None
            or kinds[pair[1]]["approach"] is None
            or self._standing.issuperset(pair)
        }
        return {b for a, b in open_pairs if a in self._standing and a not in busy and b not in self._standing}

    def _least(self, arm: str) -> int:
        return min((runner.asked for runner in self._runners[arm]), default=0)

    def _leave(self, arms: Iterable[str]) -> None:
        every = [runner for arm in arms for runner in self._runners[arm] if not isinstance(runner, Recorded)]
        for runner, found in self._door.records(every):
            self._runners[runner.planned.cell.arm].remove(runner)
            try:
                if isinstance(found, Exception):
                    raise found
                self._keep(runner.planned, found)
            except Exception as error:
                self._fail(runner.planned, error)
