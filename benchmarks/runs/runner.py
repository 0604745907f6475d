"""Runs a plan cell by cell; what is done stays done, what fails is recorded, nothing stops the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import tasks
from ..errors import BenchmarkError, JobFailed
from ..records import Task
from ..tasks.intake import REPORT_FILE
from . import provenance
from .budget import Budget
from .cluster import Cluster
from .executor import Conditions, Executor
from .measurement import measurement
from .plan import Plan, RacePlan, Wish, comparisons_of, make_plan, power_note, test_rows
from .progress import Progress, Silent
from .ring import Ring, of_source
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
    cluster: Cluster | None = None,
    workers: int = 1,
) -> Finished:
    """Runs the grid on a task folder or shipped sample, or finishes it where an earlier run left it.

    `out` is the run's directory; by default `runs/<task>-<digest>` under the current directory. With `budget_minutes`
    the most decisive cells come first, and none is started that would probably not be done in time. With a `cluster`,
    or more than one of `workers` (processes on this machine), they run the cells and this process writes them. Raises
    BenchmarkError if the input is wrong, JobFailed if another runner holds the directory. Failed cells do not raise:
    see Finished.
    """
    ring, progress = ring or of_source({}), progress or Silent()
    conditions = Conditions(progress, Budget.of(budget_minutes), cluster, workers)
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
        **ring.said,
    }
    with directory.locked():
        directory.open_plan(plan, source, provenance.now(), progress.say)
        directory.keep_report(folder / REPORT_FILE)
        return _run_plan(task, plan, directory, ring, files, conditions)


def resume(
    run_directory: str | Path,
    *,
    ring: Ring | None = None,
    progress: Progress | None = None,
    budget_minutes: float | None = None,
    cluster: Cluster | None = None,
    workers: int = 1,
) -> Finished:
    """Finishes the run in a directory, with the plan that stands there.

    Raises BenchmarkError if the task's data, the model or the arms' settings are no longer those of the plan.
    """
    progress = progress or Silent()
    conditions = Conditions(progress, Budget.of(budget_minutes), cluster, workers)
    directory = RunDirectory(run_directory)
    found = directory.read_plan()
    described, source = found["plan"], found["source"]
    ring = ring or of_source(source)
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
        return _run_plan(task, plan, directory, ring, files, conditions)


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
    conditions: Conditions,
) -> Finished:
    progress, budget, cluster = conditions.progress, conditions.budget, conditions.cluster
    if cluster is not None and ("race" in plan.description or "endpoint" in ring.said):
        held = "--race" if "race" in plan.description else "--endpoint"
        raise BenchmarkError([f"--ray: found together with {held}; allowed: one of the two"])
    if conditions.workers > 1 and "endpoint" in ring.said:
        raise BenchmarkError(["--workers: found together with --endpoint; allowed: one of the two"])
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
    executor = Executor(task, directory, ring, files, conditions, test=test, done=done)
    progress.begin(pending, list(done.values()), len(test))
    try:
        executor.run(plan, pending)
    finally:
        progress.close()
    found = directory.read_plan()
    reasons = {**dict.fromkeys(executor.unaffordable, "not run: the budget was spent"), **directory.failures()}
    result = measurement(found, done, reasons)
    directory.write_result(result)
    ran = tuple(key for key in done if key not in skipped)
    return Finished(directory.path, result, ran, skipped, executor.failed, tuple(executor.unaffordable))


def _needs_model(wish: Wish, ring: Ring) -> bool:
    return any(arm in ring.arms and ring.arms[arm].needs_model for arm in wish.arms)


def _same_data(task: Task, planned: Mapping[str, str]) -> None:
    changed = sorted(name for name in planned if task.fingerprint.get(name) != planned[name])
    if changed:
        raise BenchmarkError(
            [f"{task.card.name}/{name}: the file has changed since the run was planned; restore it" for name in changed]
        )
