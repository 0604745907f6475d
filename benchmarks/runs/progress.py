"""What a person sees while a run works: a bar over cells with a time that can be believed, and one over items.

Cells differ by a factor of ten thousand (a majority vote, a LoRA training), so the remaining time is estimated per arm
from cells of that arm that are done, in this run or an earlier one; arms not timed yet are named, not guessed.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from .plan import PlannedCell


class Progress(Protocol):
    """Hears what the runner does."""

    def begin(self, pending: Sequence[PlannedCell], done: Sequence[Mapping[str, Any]], items: int) -> None:
        """The run starts with these cells to do, and these records from before."""
        ...

    def start(self, planned: PlannedCell) -> None:
        """A cell starts."""
        ...

    def step(self, phase: str, items: int) -> None:
        """The cell is in `phase` and has done `items` more items."""
        ...

    def finish(self, planned: PlannedCell, record: Mapping[str, Any] | None, note: str) -> None:
        """The cell is done (`record`) or failed (None); `note` says it in a line."""
        ...

    def say(self, line: str) -> None:
        """A message."""
        ...

    def close(self) -> None:
        """The run is over."""
        ...


class Silent:
    """Shows nothing."""

    def begin(self, pending: Sequence[PlannedCell], done: Sequence[Mapping[str, Any]], items: int) -> None:
        """Nothing."""

    def start(self, planned: PlannedCell) -> None:
        """Nothing."""

    def step(self, phase: str, items: int) -> None:
        """Nothing."""

    def finish(self, planned: PlannedCell, record: Mapping[str, Any] | None, note: str) -> None:
        """Nothing."""

    def say(self, line: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def seconds_left(pending: Sequence[PlannedCell], done: Sequence[Mapping[str, Any]]) -> tuple[float, tuple[str, ...]]:
    """The seconds that the pending cells of timed arms will take, and the arms that no finished cell has timed.

    Of the arm's finished cells those nearest in train size count. Sizes are not scaled: tuning does a fixed number of
    steps, and prompts are scored over the same test items.
    """
    total = 0.0
    untimed: dict[str, None] = {}
    for planned in pending:
        timed = [record for record in done if record["cell"]["arm"] == planned.cell.arm]
        if not timed:
            untimed[planned.cell.arm] = None
            continue
        size = planned.cell.train_size
        gap = min(abs(record["cell"]["train_size"] - size) for record in timed)
        near = [record["timing"] for record in timed if abs(record["cell"]["train_size"] - size) == gap]
        total += statistics.fmean(_whole(timing) for timing in near)
    return total, tuple(untimed)


def _whole(timing: Mapping[str, Any]) -> float:
    one_by_one = timing["latency"]["p50"] * timing["latency"]["items"]
    return float(timing["fit_seconds"] + timing["predict_seconds"] + one_by_one)


def spoken(seconds: float) -> str:
    """A span of time as people say it: 40 s, 12 min, 2 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def left(pending: Sequence[PlannedCell], done: Sequence[Mapping[str, Any]], gone: float = 0.0, at_once: int = 1) -> str:
    """The remaining time in words, with the arms it leaves out; `gone` seconds of the first cell have passed.

    So many cells run `at_once`.
    """
    if not pending:
        return "nothing left"
    first, _ = seconds_left(pending[:1], done)
    rest, untimed = seconds_left(pending, done)
    seconds = (rest - min(first, gone)) / at_once
    if not untimed:
        return f"about {spoken(seconds)} left"
    if seconds < 1:
        return "time left not known yet"
    return f"at least {spoken(seconds)} left ({', '.join(untimed)} not timed yet)"


class Bars:
    """Two bars on standard error, in plain ASCII, and one line per finished cell; so many cells run `at_once`."""

    def __init__(self, at_once: int = 1) -> None:
        self._at_once = at_once
        self._pending: list[PlannedCell] = []
        self._done: list[Mapping[str, Any]] = []
        self._items = 0
        self._cells: Any = None
        self._inner: Any = None
        self._since = 0.0
        self._closed = threading.Event()
        # In a log file a bar is noise: there the cells' bar is written rarely and the items' bar not at all.
        self._terminal = sys.stderr.isatty()
        self._pace = 0.2 if self._terminal else 20.0

    def begin(self, pending: Sequence[PlannedCell], done: Sequence[Mapping[str, Any]], items: int) -> None:
        """Opens the bar over cells."""
        from tqdm import tqdm

        self._pending, self._done, self._items = list(pending), list(done), items
        self._cells = tqdm(
            total=len(pending) + len(done),
            initial=len(done),
            desc="cells",
            file=sys.stderr,
            ascii=True,
            mininterval=self._pace,
            dynamic_ncols=True,
            bar_format="{desc} {n_fmt}/{total_fmt} |{bar:20}| {elapsed} gone{postfix}",
        )
        self._cells.set_postfix_str(left(self._pending, self._done, at_once=self._at_once))
        self._since = time.monotonic()
        if self._terminal:
            # Training reports nothing for minutes: the clocks must be seen to go on.
            threading.Thread(target=self._tick, daemon=True).start()

    def start(self, planned: PlannedCell) -> None:
        """Opens the bar over the cell's items."""
        from tqdm import tqdm

        self._since = time.monotonic()
        cell = planned.cell
        if self._inner is not None:
            # In a race, or with workers, many cells are open: the bar shows the last that started, a log tells of each.
            self._inner.close()
            if not self._terminal:
                self.say(f"{cell.arm}, {cell.train_size} examples, seed {cell.seed}: fitting")
        self._inner = tqdm(
            total=self._items,
            desc=f"  {cell.arm} {cell.train_size} seed {cell.seed}: fit",
            file=sys.stderr,
            ascii=True,
            leave=False,
            disable=not self._terminal,
            mininterval=self._pace,
            dynamic_ncols=True,
            bar_format="{desc} {n_fmt}/{total_fmt} |{bar:20}| {elapsed} gone, {remaining} left",
        )

    def step(self, phase: str, items: int) -> None:
        """Names the phase when it changes, and moves the bar over items."""
        if self._inner is None or self._inner.disable:
            return
        if items == 0:
            self._inner.set_description_str(f"{self._inner.desc.rsplit(': ', 1)[0]}: {phase}", refresh=False)
            # The clock of the items starts with the first phase that has items, or fitting would slow them all down.
            self._inner.unpause()
            self._inner.refresh()
        else:
            self._inner.update(items)

    def finish(self, planned: PlannedCell, record: Mapping[str, Any] | None, note: str) -> None:
        """Closes the cell's bar, writes its line and moves the bar over cells."""
        if self._inner is not None:
            self._inner.close()
            self._inner = None
        self._pending = [other for other in self._pending if other.id != planned.id]
        if record is not None:
            self._done.append(record)
        remaining = left(self._pending, self._done, at_once=self._at_once)
        self.say(f"{note}; {remaining}")
        if self._cells is not None:
            self._cells.set_postfix_str(remaining, refresh=False)
            self._cells.update(1)

    def say(self, line: str) -> None:
        """Writes a line above the bars."""
        if self._cells is None:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        else:
            self._cells.write(line, file=sys.stderr)

    def close(self) -> None:
        """Closes both bars."""
        self._closed.set()
        for bar in (self._inner, self._cells):
            if bar is not None:
                bar.close()
        self._inner = self._cells = None

    def _tick(self) -> None:
        while not self._closed.wait(1.0):
            cells, inner = self._cells, self._inner
            if cells is not None:
                gone = time.monotonic() - self._since
                cells.set_postfix_str(left(self._pending, self._done, gone, self._at_once))
            if inner is not None:
                inner.refresh()
