"""The cells of a run in several processes of this machine: they fit and ask, the driver alone writes.

On a processor a training step leaves threads waiting for each other at every small operation; two processes with one
thread each do more in the same time than one with two. A worker keeps the contestants that it fitted, so that a race
can go on asking them. It ends with the driver, whatever ends that.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import connection, get_context, parent_process
from typing import Any

from ..errors import BenchmarkError, JobFailed
from .cluster import Broken, Errand, Worker, broken
from .execution import Entrant
from .plan import PlannedCell

THREADS = "OMP_NUM_THREADS"


class AwayFailed(Exception):
    """What a contestant raised in its worker, or that the worker was lost, in words."""

    def __init__(self, what: Broken) -> None:
        super().__init__(what.message)
        self.broken = what


@dataclass(slots=True, eq=False)
class Away:
    """A fitted contestant in a worker, seen from the driver: what an Entrant is to a race."""

    planned: PlannedCell
    dev_metrics: Any
    hand: Hand
    found: list[dict[str, Any]] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """How many test items it has answered."""
        return len(self.found)

    def rows(self) -> list[dict[str, Any]]:
        """The judged predictions so far."""
        return self.found


class Hand:
    """A worker process, seen from the driver: one request at a time."""

    def __init__(self, errand: Errand) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, errand), daemon=True)
        self._process.start()
        theirs.close()
        self.lost = False

    def send(self, request: str, *words: Any) -> None:
        """Sends a request; a worker that is gone is noticed when its answer is awaited."""
        try:
            self.pipe.send((request, words))
        except OSError:
            self.lost = True

    def receive(self) -> Any:
        """The answer to the last request; Broken if the contestant raised or the worker is gone."""
        try:
            if not self.lost:
                return self.pipe.recv()
        except (EOFError, OSError):
            self.lost = True
        self._process.join(5)
        why = f"its worker was lost (exit code {self._process.exitcode}); too little memory is the usual cause"
        return Broken("WorkerLost", why, ())

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self.pipe.close()


class Crew:
    """So many workers, each with its share of the threads; used as a context, for they end with it.

    The first loads the model alone and names its number format, which holds for all. Raises BenchmarkError and
    JobFailed where the model cannot be loaded.
    """

    def __init__(self, errand: Errand, workers: int, *, needs_model: bool, number_format: str | None) -> None:
        self._errand, self._workers = errand, workers
        self._needs_model, self._number_format = needs_model and errand.model is not None, number_format
        self._hands: list[Hand] = []

    def __enter__(self) -> Crew:
        try:
            with _shared_threads(self._workers):
                self._hire(1)
                self._hire(self._workers - 1)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for hand in self._hands:
            hand.end()

    def whole(self, cells: Iterable[PlannedCell]) -> Iterator[tuple[PlannedCell, Mapping[str, Any] | Broken]]:
        """Runs cells on all test rows and gives their records as they come; the next is taken when a worker is free."""
        for planned, outcome, _ in self._spread("run", cells):
            yield planned, outcome

    def fitted(self, cells: Iterable[PlannedCell]) -> Iterator[tuple[PlannedCell, Away | Broken]]:
        """Fits the cells' contestants and gives them as they come."""
        for planned, outcome, hand in self._spread("enter", cells):
            yield planned, outcome if isinstance(outcome, Broken) else Away(planned, outcome, hand)

    def ask(self, runners: Sequence[Away], upto: int) -> Iterator[tuple[Away, Exception | None]]:
        """Asks every contestant on until it has answered `upto` of the test rows."""
        for runner, outcome in self._each(runners, lambda one: ("ask", one.planned.id, one.asked, upto)):
            if not isinstance(outcome, Broken):
                runner.found += outcome
            yield runner, AwayFailed(outcome) if isinstance(outcome, Broken) else None

    def records(self, runners: Sequence[Away]) -> Iterator[tuple[Away, Exception | Mapping[str, Any]]]:
        """The records of the contestants' cells; the workers forget them."""
        for runner, outcome in self._each(runners, lambda one: ("record", one.planned.id)):
            yield runner, AwayFailed(outcome) if isinstance(outcome, Broken) else outcome

    def _each(self, runners: Sequence[Away], words: Callable[[Away], tuple[Any, ...]]) -> Iterator[tuple[Away, Any]]:
        """Sends every contestant's worker these words, one at a time; the answers as they come."""
        waiting = {runner.hand: iter([other for other in runners if other.hand is runner.hand]) for runner in runners}
        busy: dict[Any, Away] = {}

        def go_on(hand: Hand) -> None:
            if (runner := next(waiting[hand], None)) is not None:
                hand.send(*words(runner))
                busy[hand.pipe] = runner

        for hand in waiting:
            go_on(hand)
        while busy:
            for pipe in connection.wait(list(busy)):
                runner = busy.pop(pipe)
                yield runner, runner.hand.receive()
                go_on(runner.hand)

    def _hire(self, count: int) -> None:
        new = [Hand(self._errand) for _ in range(count)]
        self._hands += new
        for hand in new:
            hand.send("ready", self._needs_model, self._number_format)
        for hand in new:
            found = hand.receive()
            if isinstance(found, Broken):
                raise JobFailed(f"--workers: a worker could not start: {found.kind}: {found.message}")
            self._number_format = self._number_format or found[0]

    def _spread(self, request: str, cells: Iterable[PlannedCell]) -> Iterator[tuple[PlannedCell, Any, Hand]]:
        waiting, busy = iter(cells), dict[Any, tuple[Hand, PlannedCell]]()
        while True:
            free = [hand for hand in self._hands if not hand.lost and hand.pipe not in busy]
            for hand, planned in zip(free, waiting, strict=False):
                hand.send(request, planned)
                busy[hand.pipe] = (hand, planned)
            if not busy:
                break
            for pipe in connection.wait(list(busy)):
                hand, planned = busy.pop(pipe)
                yield planned, hand.receive(), hand
        if any(True for _ in waiting):
            raise JobFailed("--workers: every worker was lost; too little memory is the usual cause: take fewer")


class _Bench(Worker):
    """Inside a worker: the contestants that it fitted and that are still to be asked."""

    def __init__(self, errand: Errand) -> None:
        super().__init__(errand)
        self._entrants: dict[str, Entrant] = {}

    def enter(self, planned: PlannedCell) -> Any:
        """Fits the cell's contestant; its scores on the development rows."""
        try:
            self._entrants[planned.id] = entrant = self._fitted(planned)
        except Exception as error:
            return self._broken(error)
        return entrant.dev_metrics

    def ask(self, cell: str, start: int, stop: int) -> list[dict[str, Any]]:
        """Asks the test rows from `start` to `stop`; the judged predictions."""
        entrant = self._entrants[cell]
        entrant.ask(self._errand.test[start:stop])
        return entrant.rows()[start:]

    def record(self, cell: str) -> dict[str, Any]:
        """The cell's record."""
        return self._entrants.pop(cell).record()


def read_workers(words: str | None, cluster: Any | None = None) -> int:
    """The number of processes behind the words of a command line. Raises BenchmarkError."""
    if words is None:
        return 1
    if not re.fullmatch("[1-9][0-9]{0,2}", words):
        raise BenchmarkError([f"--workers: found {words!r}; allowed: a whole number from 1"])
    if cluster is not None:
        raise BenchmarkError(["--workers: found together with --ray; allowed: one of the two"])
    return int(words)


def _serve(pipe: Any, errand: Errand) -> None:
    """The worker's loop: a request, an answer, until the driver is gone."""
    # Ctrl-C reaches the whole group of processes; the driver alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_driver, daemon=True).start()
    bench = _Bench(errand)
    while True:
        try:
            request, words = pipe.recv()
        except EOFError:
            return
        try:
            answer = getattr(bench, request)(*words)
        except Exception as error:
            answer = broken(error)
        pipe.send(answer)


def _end_with_driver() -> None:
    """A fit may take minutes that nobody waits for any more."""
    if (driver := parent_process()) is not None:
        connection.wait([driver.sentinel])
        os._exit(1)


@contextmanager
def _shared_threads(shares: int) -> Iterator[None]:
    """Processes started inside get so many equal shares of the threads that this one may have."""
    before = os.environ.get(THREADS)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    have = int(before) if before is not None and before.isdigit() else usable
    os.environ[THREADS] = str(max(1, have // shares))
    try:
        yield
    finally:
        if before is None:
            del os.environ[THREADS]
        else:
            os.environ[THREADS] = before
