"""How cells come to be run: one after the other, in worker processes, in a race or on a cluster; and what was kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import JobFailed, MissingExtra
from ..records import Task
from . import provenance
from .budget import Budget, decisive_first
from .cluster import Broken, Cluster, Errand, broken, spread
from .crew import Away, AwayFailed, Crew
from .execution import Corner, Entrant
from .plan import Plan, PlannedCell
from .progress import Progress
from .racing import Door, Heat, Recorded, Runner
from .ring import Ring
from .store import RunDirectory


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which a run runs: who hears of it, how much time it has, the cluster if there is one, and the processes."""

    progress: Progress
    budget: Budget | None = None
    cluster: Cluster | None = None
    workers: int = 1


class Executor:
    """Runs cells here or in workers; `failed` and `unaffordable` tell what did not come to an end.

    Its state is the model once it is loaded, and the records of finished cells (`done`, to which it adds).
    """

    def __init__(
        self,
        task: Task,
        directory: RunDirectory,
        ring: Ring,
        files: Any | None,
        conditions: Conditions,
        *,
        test: tuple[Any, ...],
        done: dict[str, dict[str, Any]],
    ) -> None:
        self.failed: dict[str, str] = {}
        self.unaffordable: list[str] = []
        self._task, self._directory, self._ring, self._files = task, directory, ring, files
        self._progress, self._budget, self._cluster = conditions.progress, conditions.budget, conditions.cluster
        self._workers = conditions.workers
        self._test, self._done = test, done
        self._number_format = _number_format(done)
        self._model: Any | None = None

    def run(self, plan: Plan, pending: Sequence[PlannedCell]) -> None:
        """Runs the pending cells of the plan, the most decisive first where time is short."""
        ordered = decisive_first(pending) if self._budget is not None else pending
        if self._workers > 1 and pending:
            with self._crew(pending) as crew:
                self._work(plan, ordered, crew)
        elif "race" in plan.description:
            self._race(plan, self._entered)
        elif self._cluster is not None:
            self._spread(ordered, self._cluster)
        else:
            for planned in ordered:
                self._attempt(planned)

    def _attempt(self, planned: PlannedCell) -> None:
        """Runs a cell whole, on all test rows; its record or its failure is written."""
        entrant = self._enter(planned)
        if entrant is None:
            return
        try:
            entrant.ask(self._test)
            self._write(planned, entrant.record())
        except MissingExtra:
            raise
        except Exception as error:
            self._fail(planned, error)

    def _work(self, plan: Plan, ordered: Sequence[PlannedCell], crew: Crew) -> None:
        """Runs the cells in the crew's processes, in a race or each by itself."""
        if "race" in plan.description:
            self._race(plan, lambda cells: self._kept(crew.fitted(self._heavy_first(cells))), crew)
            return
        for planned, record in self._kept(crew.whole(self._heavy_first(ordered))):
            self._write(planned, record)

    def _heavy_first(self, cells: Iterable[PlannedCell]) -> Iterator[PlannedCell]:
        """The cells that are to start, so that no long one is left to a single worker at the end.

        The ring names light arms before heavy ones. Where time is short, what decides most keeps its place.
        """
        place = {arm: index for index, arm in enumerate(self._ring.arms)}
        heavy = cells if self._budget is not None else sorted(cells, key=lambda one: -place[one.cell.arm])
        return filter(self._start, heavy)

    def _kept(self, outcomes: Iterable[tuple[PlannedCell, Any]]) -> Iterator[tuple[PlannedCell, Any]]:
        """What did not break; a failure is noted."""
        for planned, outcome in outcomes:
            if isinstance(outcome, Broken):
                self._note_failure(planned, outcome)
            else:
                yield planned, outcome

    def _crew(self, pending: Sequence[PlannedCell]) -> Crew:
        needs_model = any(self._ring.arms[planned.cell.arm].needs_model for planned in pending)
        self._progress.say(f"starting {min(self._workers, len(pending))} processes")
        return Crew(
            self._errand(),
            min(self._workers, len(pending)),
            needs_model=needs_model,
            number_format=self._number_format,
        )

    def _errand(self) -> Errand:
        # A model of the registry is found by its name on every node, one of the user's own under its path.
        model = self._directory.read_plan()["source"]["model"]
        content = self._files.content_hash if self._files else None
        return Errand(self._task, self._test, self._ring, model, content)

    def _spread(self, pending: Sequence[PlannedCell], cluster: Cluster) -> None:
        """Runs the cells on a cluster; records and failures are written here as they come."""
        spread(
            cluster,
            self._errand(),
            pending,
            self._number_format,
            start=self._start,
            done=self._write,
            failed=self._note_failure,
            say=self._progress.say,
        )

    def _race(
        self,
        plan: Plan,
        enter: Callable[[Iterable[PlannedCell]], Iterable[tuple[PlannedCell, Entrant | Away]]],
        door: Door | None = None,
    ) -> None:
        """Runs the cells of one train size after the other as a race; with a budget the largest size comes first."""
        sizes = sorted(plan.description["train_sizes"], reverse=self._budget is not None)
        for size in sizes:
            cells = [planned for planned in plan.cells if planned.cell.train_size == size]
            if all(planned.id in self._done for planned in cells):
                continue
            ordered = decisive_first(cells) if self._budget is not None else cells
            found: dict[str, Runner] = {
                planned.id: Recorded(planned, self._done[planned.id]) for planned in cells if planned.id in self._done
            }
            for planned, entrant in enter(planned for planned in ordered if planned.id not in found):
                found[planned.id] = entrant
            # In the plan's order, whoever was fitted first.
            runners = [found[planned.id] for planned in ordered if planned.id in found]
            Heat(plan.description, runners, self._test, self._write, self._fail, self._progress.say, door).run()

    def _entered(self, cells: Iterable[PlannedCell]) -> Iterator[tuple[PlannedCell, Entrant]]:
        for planned in cells:
            if (entrant := self._enter(planned)) is not None:
                yield planned, entrant

    def _enter(self, planned: PlannedCell) -> Entrant | None:
        """The cell's contestant, fitted; None if it cannot be afforded or failed, which is noted."""
        if not self._start(planned):
            return None
        arm = self._ring.arms[planned.cell.arm]
        model = self._loaded() if arm.needs_model else None
        corner = Corner.of(self._task, planned, self._test)
        try:
            return Entrant(planned, arm, corner, self._ring.make, model, self._progress.step)
        except MissingExtra:
            raise
        except Exception as error:
            self._fail(planned, error)
            return None

    def _start(self, planned: PlannedCell) -> bool:
        """Announces a cell; False, which is noted, if the budget does not reach for it."""
        if self._budget is not None and not self._budget.allows(planned, list(self._done.values())):
            self.unaffordable.append(planned.id)
            self._progress.finish(planned, None, f"{_title(planned)}: not run, the budget does not reach for it")
            return False
        self._progress.start(planned)
        return True

    def _write(self, planned: PlannedCell, record: Mapping[str, Any]) -> None:
        written = self._directory.write_cell(record)
        self._done[planned.id] = written
        metric = self._task.card.metric
        score = written["metrics"][metric]
        seconds = written["timing"]["fit_seconds"] + written["timing"]["predict_seconds"]
        items = f" on {score['n']} items" if score["n"] < len(self._test) else ""
        note = f"{metric} {score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]{items}, {seconds:.1f} s"
        self._progress.finish(planned, written, f"{_title(planned)}: {note}")

    def _fail(self, planned: PlannedCell, error: Exception) -> None:
        if isinstance(error, MissingExtra):
            raise error
        self._note_failure(planned, error.broken if isinstance(error, AwayFailed) else broken(error))
        # An arm that broke in the middle may have left something attached to the model.
        self._model = None

    def _note_failure(self, planned: PlannedCell, error: Broken) -> None:
        title = _title(planned)
        failure = {
            "class": error.kind,
            "message": error.message,
            "traceback": list(error.lines),
            "failed_at": provenance.now(),
        }
        try:
            path = self._directory.write_failure(planned, failure)
        except OSError as full:
            # Where not even a failure can be written, going on would only burn time.
            raise JobFailed(
                [f"{self._directory.path}: cannot be written ({full.strerror}); {title}: {error.message}"]
            ) from full
        self.failed[planned.id] = f"{title}: failed with {error.kind}: {error.message} (see {path})"
        self._progress.finish(planned, None, f"{title}: FAILED, {error.kind}: {error.message}")

    def _loaded(self) -> Any:
        if self._model is None:
            self._progress.say(f"loading {self._files.name}" if self._files else "loading the model")
            self._model = self._ring.load(self._files, dtype=self._number_format)
        return self._model


def _title(planned: PlannedCell) -> str:
    return f"{planned.cell.arm}, {planned.cell.train_size} examples, seed {planned.cell.seed}"


def _number_format(done: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The number format of the model in earlier cells: a resumed run must not mix two."""
    return next((record["model"]["dtype"] for record in done.values() if record["model"]), None)
