"""Runs a plan cell by cell; what is done stays done, what fails is recorded, nothing stops the rest."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import tasks
from ..errors import BenchmarkError, JobFailed, MissingExtra
from ..records import Task
from ..tasks.intake import REPORT_FILE
from . import provenance
from .budget import Budget, decisive_first
from .execution import Corner, Entrant
from .measurement import measurement
from .plan import Plan, PlannedCell, RacePlan, Wish, comparisons_of, make_plan, power_note, split_rows, test_rows
from .progress import Progress, Silent
from .racing import Heat, Recorded
from .ring import Ring, of_source, shipped
from .store import RunDirectory


@dataclass(frozen=True, slots=True)
class Finished:
    """What a run left: its directory, the measurement, which cells ran now, which were done before, which failed."""

    path: Path
    result: Mapping[str, Any]
    ran: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: Mapping[str, str] = field(default_factory=dict)
    unaffordable: tuple[str, ...] = ()

    def raise_if_incomplete(self) -> None:
        """Raises JobFailed that names every failed cell, and counts those that the budget did not reach."""
        problems = list(self.failed.values())
        if self.failed:
            problems.append(f"the rest is done; 'advisor bench resume {self.path}' tries the failed cells again")
        if self.unaffordable:
            cells = f"{len(self.unaffordable)} cells were not run, because the budget was spent"
            problems.append(f"{cells}; 'advisor bench resume {self.path}' runs them")
        if problems:
            raise JobFailed(problems)


def run(
    task_name: str,
    wish: Wish,
    *,
    out: str | Path | None = None,
    ring: Ring | None = None,
    progress: Progress | None = None,
    budget_minutes: float | None = None,
) -> Finished:
    """Runs the grid on a task folder or shipped sample, or finishes it where an earlier run left it.

    `out` is the run's directory; by default `runs/<task>-<digest>` under the current directory. With `budget_minutes`
    the most decisive cells come first, and none is started that would probably not be done in time. Raises
    BenchmarkError if the input is wrong, JobFailed if another runner holds the directory. Failed cells do not raise:
    see Finished.
    """
    ring, progress = ring or shipped(), progress or Silent()
    folder = tasks.find(task_name)
    task = tasks.load(folder)
    files = ring.resolve(wish.model) if wish.model and _needs_model(wish, ring) else None
    plan = make_plan(task, wish, ring, files)
    directory = RunDirectory(out if out is not None else Path("runs") / plan.folder_name)
    source = {
        "task": str(task_name),
        "task_folder": str(folder.resolve()),
        # A path is kept in full: 'advisor bench resume' may be called from another folder.
        "model": None if files is None else files.name if wish.model == files.name else str(files.folder),
        "model_origin": str(files.origin) if files else None,
        **({"endpoint": dict(ring.said)} if ring.said else {}),
    }
    with directory.locked():
        directory.open_plan(plan, source, provenance.now(), progress.say)
        directory.keep_report(folder / REPORT_FILE)
        return _run_plan(task, plan, directory, ring, files, progress, Budget.of(budget_minutes))


def resume(
    run_directory: str | Path,
    *,
    ring: Ring | None = None,
    progress: Progress | None = None,
    budget_minutes: float | None = None,
) -> Finished:
    """Finishes the run in a directory, with the plan that stands there.

    Raises BenchmarkError if the task's data, the model or the arms' settings are no longer those of the plan.
    """
    progress = progress or Silent()
    directory = RunDirectory(run_directory)
    found = directory.read_plan()
    described, source = found["plan"], found["source"]
    ring = ring or of_source(source) or shipped()
    folder = Path(source["task_folder"])
    task = tasks.load(folder if folder.is_dir() else tasks.find(source["task"]))
    _same_data(task, described["data"])
    wish = Wish(
        arms=tuple(described["arms"]),
        train_sizes=tuple(described["train_sizes"]),
        seeds=tuple(described["seeds"]),
        test_limit=described["test_limit"],
        model=source["model"],
        race=RacePlan(**described["race"]) if "race" in described else None,
        checks="checks" in described,
    )
    files = ring.resolve(wish.model) if wish.model else None
    plan = make_plan(task, wish, ring, files)
    if plan.digest != found["digest"]:
        raise BenchmarkError(
            [
                f"{directory.path}: the plan cannot be repeated: the model or the arms' settings have changed since; "
                f"start a new run with 'advisor bench run {source['task']}'"
            ]
        )
    with directory.locked():
        return _run_plan(task, plan, directory, ring, files, progress, Budget.of(budget_minutes))


def compare(run_directory: str | Path, *, margin: float | None = None) -> tuple[dict[str, Any], list[str]]:
    """The measurement of a run as its cell files stand, written to result.json, and remarks on files left out.

    With another `margin` than the run's own nothing is written.
    """
    directory = RunDirectory(run_directory)
    plan, cells, faults = directory.read_cells()
    remarks = [f"cells/{key}.json: {fault}; left out" for key, fault in faults.items()]
    result = measurement(plan, cells, directory.failures(), margin=margin)
    if margin is not None:
        return result, remarks
    try:
        directory.write_result(result)
    except OSError as error:
        remarks.append(f"{directory.path}: result.json was not written ({error.strerror})")
    return result, remarks


def _run_plan(
    task: Task,
    plan: Plan,
    directory: RunDirectory,
    ring: Ring,
    files: Any | None,
    progress: Progress,
    budget: Budget | None,
) -> Finished:
    done = {}
    for planned in plan.cells:
        record = directory.finished(planned, progress.say)
        if record is not None:
            done[planned.id] = record
    skipped = tuple(done)
    pending = [planned for planned in plan.cells if planned.id not in done]
    test = test_rows(task, plan.description["test_limit"])
    progress.say(f"{directory.path}: {len(plan.cells)} cells, {len(skipped)} done before, {len(pending)} to do")
    comparisons = comparisons_of(plan.description)
    progress.say(power_note(len(test), len(plan.description["seeds"]), task.card.kind, comparisons))
    if budget is not None:
        progress.say(budget.note)
    if ring.opened is not None:
        ring.opened(directory.path)
    runner = _Runner(task, directory, ring, files, progress, test=test, done=done, budget=budget)
    progress.begin(pending, list(done.values()), len(test))
    try:
        if "race" in plan.description:
            runner.race(plan)
        else:
            for planned in decisive_first(pending) if budget is not None else pending:
                runner.attempt(planned)
    finally:
        progress.close()
    found = directory.read_plan()
    reasons = {**dict.fromkeys(runner.unaffordable, "not run: the budget was spent"), **directory.failures()}
    result = measurement(found, done, reasons)
    directory.write_result(result)
    ran = tuple(key for key in done if key not in skipped)
    return Finished(directory.path, result, ran, skipped, runner.failed, tuple(runner.unaffordable))


class _Runner:
    """The running state: the model once it is loaded, the records of finished cells, and what has failed."""

    def __init__(
        self,
        task: Task,
        directory: RunDirectory,
        ring: Ring,
        files: Any | None,
        progress: Progress,
        *,
        test: tuple[Any, ...],
        done: dict[str, dict[str, Any]],
        budget: Budget | None,
    ) -> None:
        self.failed: dict[str, str] = {}
        self.unaffordable: list[str] = []
        self._task, self._directory, self._ring, self._files = task, directory, ring, files
        self._progress, self._test, self._done, self._budget = progress, test, done, budget
        self._number_format = _number_format(done)
        self._model: Any | None = None

    def attempt(self, planned: PlannedCell) -> None:
        """Runs a cell whole, on all test rows; its record or its failure is written."""
        entrant = self._enter(planned)
        if entrant is None:
            return
        try:
            entrant.ask(self._test)
            self._finish(entrant)
        except MissingExtra:
            raise
        except Exception as error:
            self._fail(planned, error)

    def race(self, plan: Plan) -> None:
        """Runs the cells of one train size after the other as a race; with a budget the largest size comes first."""
        sizes = sorted(plan.description["train_sizes"], reverse=self._budget is not None)
        for size in sizes:
            cells = [planned for planned in plan.cells if planned.cell.train_size == size]
            if all(planned.id in self._done for planned in cells):
                continue
            runners: list[Entrant | Recorded] = []
            for planned in decisive_first(cells) if self._budget is not None else cells:
                if planned.id in self._done:
                    runners.append(Recorded(planned, self._done[planned.id]))
                elif (entrant := self._enter(planned)) is not None:
                    runners.append(entrant)
            heat = Heat(plan.description, runners, self._test, self._finish, lambda one, e: self._fail(one.planned, e))
            heat.run()

    def _enter(self, planned: PlannedCell) -> Entrant | None:
        """The cell's contestant, fitted; None if it cannot be afforded or failed, which is noted."""
        cell = planned.cell
        if self._budget is not None and not self._budget.allows(planned, list(self._done.values())):
            self.unaffordable.append(planned.id)
            self._progress.finish(planned, None, f"{_title(planned)}: not run, the budget does not reach for it")
            return None
        arm = self._ring.arms[cell.arm]
        model = self._loaded() if arm.needs_model else None
        split = split_rows(self._task, cell.train_size, cell.seed)
        corner = Corner(self._task.card, split, self._test, self._task.fingerprint, self._task.train)
        self._progress.start(planned)
        try:
            return Entrant(planned, arm, corner, self._ring.make, model, self._progress.step)
        except MissingExtra:
            raise
        except Exception as error:
            self._fail(planned, error)
            return None

    def _finish(self, entrant: Entrant) -> None:
        """Writes the record of a cell that has been asked all that it will be."""
        written = self._directory.write_cell(entrant.record())
        self._done[entrant.planned.id] = written
        metric = self._task.card.metric
        score = written["metrics"][metric]
        seconds = written["timing"]["fit_seconds"] + written["timing"]["predict_seconds"]
        items = f" on {score['n']} items" if score["n"] < len(self._test) else ""
        note = f"{metric} {score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]{items}, {seconds:.1f} s"
        self._progress.finish(entrant.planned, written, f"{_title(entrant.planned)}: {note}")

    def _fail(self, planned: PlannedCell, error: Exception) -> None:
        if isinstance(error, MissingExtra):
            raise error
        self._note_failure(planned, _title(planned), error)
        # An arm that broke in the middle may have left something attached to the model.
        self._model = None

    def _note_failure(self, planned: PlannedCell, title: str, error: Exception) -> None:
        message = " ".join(str(error).split()) or "no message"
        failure = {
            "class": type(error).__name__,
            "message": message,
            "traceback": traceback.format_exception(error),
            "failed_at": provenance.now(),
        }
        try:
            path = self._directory.write_failure(planned, failure)
        except OSError as full:
            # Where not even a failure can be written, going on would only burn time.
            raise JobFailed(
                [f"{self._directory.path}: cannot be written ({full.strerror}); {title}: {message}"]
            ) from full
        self.failed[planned.id] = f"{title}: failed with {type(error).__name__}: {message} (see {path})"
        self._progress.finish(planned, None, f"{title}: FAILED, {type(error).__name__}: {message}")

    def _loaded(self) -> Any:
        if self._model is None:
            self._progress.say(f"loading {self._files.name}" if self._files else "loading the model")
            self._model = self._ring.load(self._files, dtype=self._number_format)
        return self._model


def _title(planned: PlannedCell) -> str:
    return f"{planned.cell.arm}, {planned.cell.train_size} examples, seed {planned.cell.seed}"


def _needs_model(wish: Wish, ring: Ring) -> bool:
    return any(arm in ring.arms and ring.arms[arm].needs_model for arm in wish.arms)


def _number_format(done: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The number format of the model in earlier cells: a resumed run must not mix two."""
    return next((record["model"]["dtype"] for record in done.values() if record["model"]), None)


def _same_data(task: Task, planned: Mapping[str, str]) -> None:
    changed = sorted(name for name in planned if task.fingerprint.get(name) != planned[name])
    if changed:
        raise BenchmarkError(
            [f"{task.card.name}/{name}: the file has changed since the run was planned; restore it" for name in changed]
        )
