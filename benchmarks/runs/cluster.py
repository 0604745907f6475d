"""The cells of a run on a Ray cluster: workers fit and ask, the driver alone writes.

A worker holds the task and, once a cell needs it, the model, and runs one cell at a time with its own threads. A cell
whose worker died (node lost, killed for memory) goes to another one, at most three times; an arm that raised is not
tried again, for its seed would make it raise again. The driver may die as well: its run is resumed like any other.
"""

from __future__ import annotations

import logging
import re
import socket
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import BenchmarkError, JobFailed, MissingExtra
from ..records import Example, Task
from . import provenance
from .execution import Corner, Entrant
from .plan import PlannedCell
from .ring import Ring

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCAL = "local"
TRIES = 3
PATIENCE = 300.0  # seconds without any worker until the run gives up
REACHED = 10.0  # seconds within which the address of a cluster must answer
LOOK = 0.5  # seconds between two looks at the cluster's size


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where to run: `local`, `auto`, or the address of a cluster; the processor threads and GPUs of one worker."""

    address: str
    threads: int = 1
    gpus: float = 0.0


@dataclass(frozen=True, slots=True)
class Errand:
    """What every worker of a run is given: rows, arms, and the name and content hash of the model."""

    task: Task
    test: tuple[Example, ...]
    ring: Ring
    model: str | None
    content_hash: str | None


@dataclass(frozen=True, slots=True)
class Broken:
    """How a cell failed: the class of what was raised, its message and its traceback."""

    kind: str
    message: str
    lines: tuple[str, ...]


Done = Callable[[PlannedCell, Mapping[str, Any]], None]
Failed = Callable[[PlannedCell, Broken], None]


def read_cluster(address: str | None, threads: str | None, gpus: str | None) -> Cluster | None:
    """The cluster behind the words of a command line; None without an address. Raises BenchmarkError."""
    problems = []
    if address is None:
        alone = [name for name, value in (("--ray-threads", threads), ("--ray-gpus", gpus)) if value is not None]
        problems += [f"{name}: found without --ray; allowed: with the address of a cluster" for name in alone]
    if threads is not None and not re.fullmatch("[1-9][0-9]{0,3}", threads):
        problems.append(f"--ray-threads: found {threads!r}; allowed: a whole number from 1")
    if gpus is not None and not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,4})?", gpus):
        problems.append(f"--ray-gpus: found {gpus!r}; allowed: a number from 0, such as 1 or 0.5")
    if problems:
        raise BenchmarkError(problems)
    return None if address is None else Cluster(address, int(threads or 1), float(gpus or 0))


def broken(error: Exception) -> Broken:
    """An exception told in plain words, which travel between processes and fit a failure's file."""
    lines = tuple(traceback.format_exception(error))
    return Broken(type(error).__name__, " ".join(str(error).split()) or "no message", lines)


def spread(  # noqa: PLR0917 - what a run is made of
    cluster: Cluster,
    errand: Errand,
    pending: Sequence[PlannedCell],
    number_format: str | None,
    start: Callable[[PlannedCell], bool],
    done: Done,
    failed: Failed,
    say: Callable[[str], None],
) -> None:
    """Runs the pending cells and hands every record to `done`, every failure to `failed`; both are called here.

    `start(cell)` is asked before a cell is given out and may refuse it. `number_format` is that of the model in earlier
    cells; the first worker's holds where there are none. Raises MissingExtra without ray, BenchmarkError if the cluster
    cannot be joined or its nodes have other versions or another model, JobFailed if no node takes a worker.
    """
    with _joined(cluster) as ray:
        Dispatch(ray, cluster, errand, deque(pending), number_format, start, done, failed, say).run()


class Dispatch:
    """The driver's loop: which workers there are, which cell each has, and what is still to be given out."""

    def __init__(  # noqa: PLR0917
        self,
        ray: Any,
        cluster: Cluster,
        errand: Errand,
        queue: deque[PlannedCell],
        number_format: str | None,
        start: Callable[[PlannedCell], bool],
        done: Done,
        failed: Failed,
        say: Callable[[str], None],
    ) -> None:
        self._ray, self._cluster, self._queue = ray, cluster, queue
        self._start, self._done, self._failed, self._say = start, done, failed, say
        self._needs_model = errand.model is not None and any(
            errand.ring.arms[planned.cell.arm].needs_model for planned in queue
        )
        self._number_format = number_format
        self._errand = ray.put(errand)
        self._hire = ray.remote(num_cpus=cluster.threads, num_gpus=cluster.gpus, max_restarts=0)(Worker)
        self._starting: dict[Any, Any] = {}  # the promise of a worker to be ready: the worker
        self._idle: list[Any] = []
        self._running: dict[Any, tuple[Any, PlannedCell]] = {}  # the promise of a record: worker and cell
        self._tries: Counter[str] = Counter()
        self._versions: Mapping[str, Any] | None = None
        self._false_starts = 0

    def run(self) -> None:
        """Gives out cells until none is left and none is running."""
        lonely = time.monotonic()
        while self._queue or self._running:
            self._staff()
            self._give_out()
            if self._idle or self._running:
                lonely = time.monotonic()
            elif time.monotonic() - lonely > PATIENCE:
                wanted = f"{self._cluster.threads} processors and {self._cluster.gpus:g} GPUs"
                raise JobFailed([f"--ray: no node of the cluster took a worker with {wanted} within {PATIENCE:.0f} s"])
            promises = [*self._running, *self._starting]
            if not promises:
                continue
            ready, _ = self._ray.wait(promises, num_returns=1, timeout=LOOK)
            for promise in ready:
                if promise in self._starting:
                    self._welcome(promise)
                else:
                    self._collect(promise)

    def _staff(self) -> None:
        """Asks for as many workers as there are cells and room; the first comes alone and names the number format."""
        room = int(self._ray.cluster_resources().get("CPU", 0) // self._cluster.threads)
        wanted = min(room, len(self._queue) + len(self._running))
        if self._needs_model and self._number_format is None:
            wanted = min(1, wanted)
        there = len(self._starting) + len(self._idle) + len(self._running)
        for _ in range(wanted - there):
            worker = self._hire.remote(self._errand)
            self._starting[worker.ready.remote(self._needs_model, self._number_format)] = worker
        for promise in list(self._starting)[: max(0, there - max(wanted, 1))]:
            self._ray.kill(self._starting.pop(promise))

    def _give_out(self) -> None:
        while self._idle and self._queue:
            planned = self._queue.popleft()
            if self._start(planned):
                worker = self._idle.pop()
                self._running[worker.run.remote(planned)] = (worker, planned)

    def _welcome(self, promise: Any) -> None:
        worker = self._starting.pop(promise)
        try:
            number_format, versions, node = self._ray.get(promise)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause if isinstance(error.cause, BenchmarkError) else JobFailed([str(error)]) from error
        except self._ray.exceptions.RayError as error:
            self._false_starts += 1
            why = " ".join(str(error).split())
            if self._false_starts == TRIES:
                raise JobFailed(f"--ray: {TRIES} workers in a row were lost before their first cell ({why})") from error
            self._say(f"a worker was lost before its first cell ({why[:200]})")
            return
        if self._versions is not None and versions != self._versions:
            other = sorted(
                name for name in {*versions, *self._versions} if versions.get(name) != self._versions.get(name)
            )
            raise BenchmarkError(
                [f"--ray: node {node} has other versions of {', '.join(other)}; install the same on all"]
            )
        self._versions, self._number_format = versions, self._number_format or number_format
        self._idle.append(worker)
        self._false_starts = 0

    def _collect(self, promise: Any) -> None:
        worker, planned = self._running.pop(promise)
        try:
            outcome = self._ray.get(promise)
        except self._ray.exceptions.RayError as error:
            self._lost(worker, planned, error)
            return
        self._idle.append(worker)
        if isinstance(outcome, Broken):
            self._failed(planned, outcome)
        else:
            self._done(planned, outcome)

    def _lost(self, worker: Any, planned: PlannedCell, error: Exception) -> None:
        """A worker died with its cell: another one gets it, unless it has cost three already."""
        self._ray.kill(worker)
        self._tries[planned.id] += 1
        tries, what = self._tries[planned.id], f"{planned.cell.arm}, {planned.cell.train_size} examples"
        if tries < TRIES:
            self._say(f"{what}, seed {planned.cell.seed}: its worker was lost ({type(error).__name__}); tried again")
            self._queue.appendleft(planned)
        else:
            why = f"its worker was lost {tries} times; too little memory on the nodes is the usual cause"
            self._failed(planned, Broken("WorkerLost", why, tuple(traceback.format_exception(error))))


class Worker:
    """A process on some node that runs cells, one at a time."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self._model: Any | None = None
        self._number_format: str | None = None

    def ready(self, needs_model: bool, number_format: str | None) -> tuple[str | None, Mapping[str, Any], str]:
        """The model's number format, the packages' versions and the node's name, once the model is loaded."""
        self._number_format = number_format
        if needs_model:
            self._number_format = self._loaded().dtype
        world = provenance.environment()
        return self._number_format, {**world["packages"], "python": world["python"]}, socket.gethostname()

    def run(self, planned: PlannedCell) -> dict[str, Any] | Broken:
        """The cell's record; what an arm raised comes back as words."""
        try:
            entrant = self._fitted(planned)
            entrant.ask(self._errand.test)
            return entrant.record()
        except Exception as error:
            return self._broken(error)

    def _fitted(self, planned: PlannedCell) -> Entrant:
        errand = self._errand
        arm = errand.ring.arms[planned.cell.arm]
        corner = Corner.of(errand.task, planned, errand.test)
        model = self._loaded() if arm.needs_model else None
        return Entrant(planned, arm, corner, errand.ring.make, model, lambda _phase, _items: None)

    def _broken(self, error: Exception) -> Broken:
        # An arm that broke in the middle may have left something attached to the model.
        self._model = None
        return broken(error)

    def _loaded(self) -> Any:
        errand = self._errand
        if self._model is None:
            files = errand.ring.resolve(errand.model or "")
            if files.content_hash != errand.content_hash:
                raise BenchmarkError(
                    [f"model {errand.model!r} has another content on this node; fetch it again on all nodes"]
                )
            self._model = errand.ring.load(files, dtype=self._number_format)
        return self._model


@contextmanager
def _joined(cluster: Cluster) -> Iterator[Any]:
    """Ray, connected; what this process started itself is shut down again."""
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise MissingExtra.of("ray", "ray") from error
    began = not ray.is_initialized()
    if began:
        where: dict[str, Any] = {"address": cluster.address}
        _knock(cluster.address)
        if cluster.address == LOCAL:
            where |= {"include_dashboard": False}
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **where)
        except (ConnectionError, ValueError, RuntimeError) as error:
            found = f"found {cluster.address!r} ({' '.join(str(error).split())})"
            allowed = "local, auto, or the address of a running cluster"
            raise BenchmarkError(f"--ray: {found}; allowed: {allowed}") from None
    try:
        yield ray
    finally:
        if began:
            ray.shutdown()


def _knock(address: str) -> None:
    """Raises BenchmarkError where nobody listens at HOST:PORT; ray itself would try for minutes without a word."""
    found = re.fullmatch(r"(?:ray://)?(?P<host>[^/\s]+):(?P<port>[0-9]{1,5})", address)
    if found is None:
        return
    try:
        socket.create_connection((found["host"], int(found["port"])), timeout=REACHED).close()
    except (OSError, OverflowError) as error:
        allowed = "local, auto, or the address of a running cluster"
        raise BenchmarkError(f"--ray: nobody answers at {address!r} ({error}); allowed: {allowed}") from None
