"""The commands `bench` and `models`. Data goes to standard output, messages and bars to standard error.

Commands raise BenchmarkError; whoever mounts the apps prints its problems and exits with `exit_code(error)`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import textwrap
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .errors import BenchmarkError, JobFailed, MissingExtra

if TYPE_CHECKING:
    from .runs import Finished, Wish
    from .runs.ring import Ring

INTERRUPTED = 130
_NEEDED = ("scipy", "sklearn", "tqdm")
_NEEDED_BY_MODELS = ("torch", "transformers", "peft", "safetensors")
_NEEDED_BY_ENDPOINTS = ("httpx", "jsonschema")
_MODEL = "smollm2-135m"
_OF_ENDPOINT = ("endpoint", "key_env", "price_input", "price_output", "budget_usd")

bench_app = typer.Typer(
    name="bench",
    help="Run prompting, fine-tuning and hybrid side by side on labelled data, and compare them.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)
models_app = typer.Typer(
    name="models",
    help="List the language models that the benchmark can use, and fetch one.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)

EncoderName = Annotated[
    str | None,
    typer.Option(help="The sentence encoder of encoder arms: a name, hub:OWNER/NAME or folder. Default: minilm-l6-v2."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Ray = Annotated[str | None, typer.Option(help="Run the cells on a Ray cluster: local, auto, or its address.")]
RayThreads = Annotated[str | None, typer.Option(help="With --ray: processor threads of one worker, 1.")]
RayGpus = Annotated[str | None, typer.Option(help="With --ray: GPUs, or the share of one, for one worker, 0.")]
EndpointUrl = Annotated[
    str | None, typer.Option(help="The URL of an OpenAI-compatible server that answers as --model.")
]
KeyEnv = Annotated[str | None, typer.Option(help="With --endpoint: the variable that holds its key.")]
PriceInput = Annotated[str | None, typer.Option(help="With --endpoint: USD per million tokens read.")]
PriceOutput = Annotated[str | None, typer.Option(help="With --endpoint: USD per million tokens written.")]
BudgetUsd = Annotated[str | None, typer.Option(help="With --endpoint: send nothing that could exceed it.")]


def exit_code(error: BaseException) -> int:
    """The exit status for an error: 2 wrong input, 3 missing extra, 4 failed job, 130 interrupted."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return error.exit_status if isinstance(error, BenchmarkError) else JobFailed.exit_status


def main_bench(argv: Sequence[str] | None = None) -> int:
    """Runs `bench` with these words, prints problems to standard error, and returns the exit status."""
    return _main(bench_app, "bench", argv)


def main_models(argv: Sequence[str] | None = None) -> int:
    """Runs `models` with these words, prints problems to standard error, and returns the exit status."""
    return _main(models_app, "models", argv)


def _main(app: typer.Typer, name: str, argv: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = app(args=words, prog_name=f"advisor {name}", standalone_mode=False)
    except BenchmarkError as error:
        for problem in error.problems:
            typer.echo(f"advisor: {problem}", err=True)
        return exit_code(error)
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:
        # Wrong options are reported by the parser itself, which knows how to print them.
        if not hasattr(error, "show"):
            raise
        error.show()
        return BenchmarkError.exit_status
    return int(status or 0)


@bench_app.command("tasks")
def list_tasks(
    folder: Annotated[
        str | None, typer.Argument(help="A folder of task folders. Default: the samples that come with the benchmark.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List tasks, after checking them: the samples that come with the benchmark, or those in a folder."""
    from . import tasks
    from .runs.table import answers_in_words

    found: list[dict[str, Any]] = []
    problems: list[str] = []
    for path in tasks.discover(folder):
        try:
            task = tasks.load(path)
        except BenchmarkError as error:
            problems += error.problems
            continue
        card = task.card
        found.append(
            {
                "name": path.name,
                "kind": card.kind,
                "language": card.language,
                "domain": card.domain,
                "description": card.description,
                "labels": list(card.labels),
                "metric": card.metric,
                "n_train": len(task.train),
                "n_test": len(task.test),
                "licence": card.licence,
                "folder": str(path),
            }
        )
    if folder is not None and not found and not problems:
        problems.append(f"{folder}: holds no task; allowed: a folder of folders with task.json")
    if problems:
        raise BenchmarkError(problems)
    if as_json:
        _print_json(found)
        return
    for entry in found:
        typer.echo(
            f"{entry['name']}: {entry['kind']} ({entry['language']}), "
            f"{answers_in_words(entry['kind'], entry['labels'])}, "
            f"{entry['n_train']} train and {entry['n_test']} test rows, {entry['metric']}, {entry['licence']}"
        )
        typer.echo(f"  {textwrap.shorten(entry['description'], 200, placeholder=' ...')}")
    typer.echo(
        "A folder with task.json, train.jsonl and test.jsonl is a task as well: advisor bench run FOLDER", err=True
    )


@bench_app.command("run")
def run_bench(  # noqa: PLR0913, PLR0917 - the words of the command, which nobody calls by position
    context: typer.Context,
    task: Annotated[
        str,
        typer.Argument(
            help="A task folder, a sample (advisor bench tasks), a CSV, TSV, JSONL or Parquet file, hub:NAME, or an "
            "experiment .yaml."
        ),
    ],
    arms: Annotated[str, typer.Option(help="all (the usual ones), every, or names with commas between them.")] = "all",
    train_sizes: Annotated[str, typer.Option(help="Numbers of labelled examples.")] = "16,64",
    seeds: Annotated[str, typer.Option(help="Seeds; each draws its own examples.")] = "0",
    test_limit: Annotated[str | None, typer.Option(help="Use only so many test rows.")] = None,
    model: Annotated[
        str | None,
        typer.Option(help="A model's name, hub:OWNER/NAME or folder (advisor models list). Default: smollm2-135m."),
    ] = None,
    encoder: EncoderName = None,
    race: Annotated[bool, typer.Option("--race", help="Ask in batches; stop where the verdict is certain.")] = False,
    margin: Annotated[str | None, typer.Option(help="With --race: the difference that does not matter, 0.02.")] = None,
    checks: Annotated[bool, typer.Option("--checks", help="Also: shifted texts, and what tuning forgot.")] = False,
    endpoint: EndpointUrl = None,
    key_env: KeyEnv = None,
    price_input: PriceInput = None,
    price_output: PriceOutput = None,
    budget_usd: BudgetUsd = None,
    budget_minutes: Annotated[str | None, typer.Option(help="Start nothing that would not be done in time.")] = None,
    ray: Ray = None,
    ray_threads: RayThreads = None,
    ray_gpus: RayGpus = None,
    out: Annotated[str | None, typer.Option(help="The run's directory. Default: runs/TASK-DIGEST here.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Of a data file: the column with the texts.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Of a data file: the column with the answers.")] = None,
    test_file: Annotated[str | None, typer.Option(help="A second data file, with the test rows.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of a data file's task. Default: classification.")] = None,
    description: Annotated[str | None, typer.Option(help="Of a data file's task: what prompts say is wanted.")] = None,
    split_seed: Annotated[str | None, typer.Option(help="Without a test file: the seed that draws test rows.")] = None,
    drop_leaks: Annotated[bool, typer.Option("--drop-leaks", help="Take rows out of train that test has too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run arms x train sizes x seeds on a task. The same command again finishes a run that was stopped."""
    from .runs import experiment, own_data, runner
    from .runs.cluster import read_cluster
    from .runs.progress import Bars

    _need(_NEEDED)
    words: dict[str, Any] = {
        "arms": arms,
        "train_sizes": train_sizes,
        "seeds": seeds,
        "test_limit": test_limit,
        "model": model,
        "encoder": encoder,
        "race": race,
        "margin": margin,
        "checks": checks,
        "endpoint": endpoint,
        "key_env": key_env,
        "price_input": price_input,
        "price_output": price_output,
        "budget_usd": budget_usd,
        "budget_minutes": budget_minutes,
        "ray": ray,
        "ray_threads": ray_threads,
        "ray_gpus": ray_gpus,
        "out": out,
        "text_column": text_column,
        "label_column": label_column,
        "test_file": test_file,
        "kind": kind,
        "description": description,
        "split_seed": split_seed,
        "drop_leaks": drop_leaks,
    }
    if experiment.is_experiment(task):
        given = {name for name in words if str(context.get_parameter_source(name)).endswith("COMMANDLINE")}
        task, words = experiment.read(task, words, given)
    budget = experiment.minutes(words.pop("budget_minutes"))
    cluster = read_cluster(words.pop("ray"), words.pop("ray_threads"), words.pop("ray_gpus"))
    folder = words.pop("out")
    of_data = {name: words.pop(name) for name in own_data.WORDS}
    task = own_data.task_of(task, of_data, folder, lambda text: typer.echo(text, err=True))
    of_endpoint = {name: words.pop(name) for name in _OF_ENDPOINT}
    ring = _ring_of(of_endpoint, words)
    wish = _checked(task, ring=ring, **words)
    with _interruptible():
        finished = runner.run(
            task, wish, out=folder, ring=ring, progress=Bars(), budget_minutes=budget, cluster=cluster
        )
    _report(finished, as_json)


@bench_app.command("describe")
def describe_task(  # noqa: PLR0913, PLR0917 - the words of the command, which nobody calls by position
    task: Annotated[str, typer.Argument(help="As for bench run, without experiments.")],
    arms: Annotated[str, typer.Option(help="As for bench run.")] = "all",
    train_sizes: Annotated[str, typer.Option(help="Numbers of labelled examples.")] = "16,64",
    seeds: Annotated[str, typer.Option(help="Seeds; each draws its own examples.")] = "0",
    test_limit: Annotated[str | None, typer.Option(help="Use only so many test rows.")] = None,
    model: Annotated[
        str | None,
        typer.Option(help="A model's name, hub:OWNER/NAME or folder (advisor models list). Default: smollm2-135m."),
    ] = None,
    encoder: EncoderName = None,
    endpoint: EndpointUrl = None,
    key_env: KeyEnv = None,
    price_input: PriceInput = None,
    price_output: PriceOutput = None,
    budget_usd: BudgetUsd = None,
    out: Annotated[str | None, typer.Option(help="The run's directory, under which imported data lie.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Of a data file: the column with the texts.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Of a data file: the column with the answers.")] = None,
    test_file: Annotated[str | None, typer.Option(help="A second data file, with the test rows.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of a data file's task. Default: classification.")] = None,
    description: Annotated[str | None, typer.Option(help="Of a data file's task: what prompts say is wanted.")] = None,
) -> None:
    """Print what a task, its arms and its model say of themselves, as JSON. Nothing runs."""
    from .runs import own_data
    from .runs.description import describe

    _need(_NEEDED)
    words = {"text_column": text_column, "label_column": label_column, "test_file": test_file}
    words |= {"kind": kind, "description": description}
    folder = own_data.task_of(task, words, out, lambda text: typer.echo(text, err=True))
    options: dict[str, Any] = {"arms": arms, "train_sizes": train_sizes, "seeds": seeds, "test_limit": test_limit}
    options |= {"model": model, "encoder": encoder}
    given = (endpoint, key_env, price_input, price_output, budget_usd)
    ring = _ring_of(dict(zip(_OF_ENDPOINT, given, strict=True)), options)
    _print_json(describe(folder, _checked(folder, ring=ring, race=False, margin=None, **options), ring))


@bench_app.command("suite")
def run_suite(  # noqa: PLR0917 - the words of the command, which nobody calls by position
    folder: Annotated[str, typer.Argument(help="A folder of task folders.")],
    only: Annotated[str | None, typer.Option(help="Names of tasks with commas between them. Default: all.")] = None,
    arms: Annotated[str, typer.Option(help="As for bench run; a task's kind takes those that it can.")] = "all",
    train_sizes: Annotated[str, typer.Option(help="Numbers of labelled examples.")] = "16,64",
    seeds: Annotated[str, typer.Option(help="Seeds; each draws its own examples.")] = "0",
    test_limit: Annotated[str | None, typer.Option(help="Use only so many test rows of each task.")] = None,
    model: Annotated[
        str, typer.Option(help="A model's name, hub:OWNER/NAME or folder (advisor models list).")
    ] = "smollm2-135m",
    out: Annotated[str, typer.Option(help="The folder of the runs, one folder for each task.")] = "runs/suite",
    as_json: AsJson = False,
) -> None:
    """Run all tasks of a folder, one after the other, and print one table over them. The same command goes on."""
    from .runs import overview, runner, suite
    from .runs.progress import Bars

    _need(_NEEDED)
    words: dict[str, Any] = {"train_sizes": train_sizes, "seeds": seeds, "test_limit": test_limit, "model": model}
    entries = suite.entries(folder, only, arms)
    wishes = [_checked(str(entry.folder), arms=entry.arms, race=False, margin=None, **words) for entry in entries]
    results, problems = [], []
    with _interruptible():
        for entry, wish in zip(entries, wishes, strict=True):
            typer.echo(entry.remark, err=True)
            try:
                finished = runner.run(str(entry.folder), wish, out=Path(out) / entry.name, progress=Bars())
            except BenchmarkError as error:
                problems += [f"{entry.name}: {problem}" for problem in error.problems]
                continue
            results.append(finished.result)
    rows = overview.overview(results)
    if as_json:
        _print_json(rows)
    else:
        typer.echo(overview.as_markdown(rows))
    problems += [f"{row['task']}: {reason}" for row in rows for reason in row["missing"]]
    if problems:
        raise JobFailed(problems)


@bench_app.command("resume")
def resume_bench(
    run_directory: Annotated[str, typer.Argument(help="The directory of a run.")],
    budget_minutes: Annotated[str | None, typer.Option(help="Start nothing that would not be done in time.")] = None,
    ray: Ray = None,
    ray_threads: RayThreads = None,
    ray_gpus: RayGpus = None,
    as_json: AsJson = False,
) -> None:
    """Finish a run that was stopped, with the plan that stands in its directory."""
    from .runs import experiment, runner
    from .runs.cluster import read_cluster
    from .runs.progress import Bars

    _need(_NEEDED)
    budget, cluster = experiment.minutes(budget_minutes), read_cluster(ray, ray_threads, ray_gpus)
    with _interruptible():
        finished = runner.resume(run_directory, progress=Bars(), budget_minutes=budget, cluster=cluster)
    _report(finished, as_json)


@bench_app.command("compare")
def compare_runs(
    run_directories: Annotated[list[str], typer.Argument(help="Directories of runs.")],
    margin: Annotated[str | None, typer.Option(help="The difference that does not matter; writes no result.")] = None,
    html: Annotated[str | None, typer.Option(help="Write a page with curves, costs and items to this file.")] = None,
    requests: Annotated[str | None, typer.Option(help="Scale costs to so many requests a month.")] = None,
    usd_per_hour: Annotated[str | None, typer.Option(help="With --requests: an hour of such a machine.")] = None,
    usd_per_million_tokens: Annotated[str | None, typer.Option(help="With --requests: a hosted model.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the scores, the paired differences and the crossover of runs, and rebuild their result.json."""
    from .runs import experiment, runner
    from .runs.bill import read_volume
    from .runs.page import write_page
    from .runs.table import table

    _need(_NEEDED)
    allowed, volume = experiment.share(margin), read_volume(requests, usd_per_hour, usd_per_million_tokens)
    results: list[dict[str, Any]] = []
    problems: list[str] = []
    for path in run_directories:
        try:
            result, remarks = runner.compare(path, margin=allowed)
        except BenchmarkError as error:
            problems += error.problems
            continue
        results.append(result)
        for remark in remarks:
            typer.echo(remark, err=True)
    if problems:
        raise BenchmarkError(problems)
    if html is not None:
        write_page(html, list(zip(run_directories, results, strict=True)), volume)
        typer.echo(f"{html} written", err=True)
    if as_json:
        _print_json(results[0] if len(results) == 1 else results)
    else:
        typer.echo("\n\n".join(table(result, volume) for result in results))


@bench_app.command("overview")
def show_overview(
    results: Annotated[list[str], typer.Argument(help="Results: result.json, directories of runs, folders of either.")],
    foresee: Annotated[
        int | None, typer.Option(help="Instead: would the sizes up to this have foretold the crossovers?")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print one table over many results, or whether small train sizes foretold the crossovers."""
    from .runs import overview, results_on_disk

    _need(_NEEDED)
    found = results_on_disk.read(results)
    if foresee is None:
        rows = overview.overview(found)
        _print_json(rows) if as_json else typer.echo(overview.as_markdown(rows))
    else:
        rows = overview.foresights(found, foresee)
        _print_json(rows) if as_json else typer.echo(overview.foresights_as_markdown(rows, foresee))


@models_app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models that are known, and those on this disk."""
    from .models import registry

    found: list[dict[str, Any]] = [
        {
            "name": entry.name,
            "summary": entry.summary,
            "licence": entry.licence,
            "on_disk": entry.files is not None,
            "folder": str(entry.files.folder) if entry.files else None,
            "content_hash": entry.files.content_hash if entry.files else None,
            "origin": str(entry.files.origin) if entry.files else None,
            "problem": entry.problem,
        }
        for entry in registry.listing()
    ]
    if as_json:
        _print_json(found)
        return
    for entry in found:
        where = (
            entry["folder"]
            or entry["problem"]
            or f"not on this disk; fetch it with: advisor models pull {entry['name']}"
        )
        typer.echo(f"{entry['name']}: {entry['summary']} ({entry['licence']})")
        typer.echo(f"  {where}")


@models_app.command("pull")
def pull_model(
    name: Annotated[
        str, typer.Argument(help="A name (advisor models list), or hub:OWNER/NAME, with @REVISION if need be.")
    ],
) -> None:
    """Fetch a model, check it against its pinned hash and print its folder."""
    from .models import registry

    with _interruptible():
        files = registry.pull(name, progress=lambda line: typer.echo(line, err=True))
    typer.echo(f"content hash {files.content_hash}, from {files.origin}", err=True)
    typer.echo(str(files.folder))


def _ring_of(of_endpoint: dict[str, Any], words: dict[str, Any]) -> Ring:
    """The ring of an endpoint or the shipped one, with the encoder that `words` held. Names the model in `words`."""
    from .models.encoder import choose_encoder
    from .models.endpoint import read_endpoint
    from .runs import ring

    name = words.pop("encoder")
    if name is not None:
        _need(_NEEDED_BY_MODELS)
    encoder = None if name is None else choose_encoder(name)
    url = of_endpoint.pop("endpoint")
    if url is None:
        alone = [f"--{name.replace('_', '-')}" for name, value in of_endpoint.items() if value is not None]
        if alone:
            raise BenchmarkError([f"{name}: found without --endpoint; allowed: with it" for name in alone])
        words["model"] = words["model"] or _MODEL
        return ring.shipped(encoder)
    _need(_NEEDED_BY_ENDPOINTS)
    endpoint = read_endpoint(url, words["model"], **of_endpoint)
    endpoint.key()
    return ring.of_endpoint(endpoint, encoder)


def _checked(task: str, *, model: str, race: bool, margin: str | None, ring: Ring | None = None, **words: Any) -> Wish:
    """The wish, after looking at task, options and model together: all their problems come in one error."""
    from . import tasks
    from .models import registry
    from .runs import RacePlan, experiment, read_wish
    from .runs.ring import shipped

    ring = ring or shipped()

    problems: list[str] = []
    raced = None
    try:
        allowed = experiment.share(margin)
        if allowed is not None and not race:
            problems.append("--margin: found without --race; allowed: with it, or with advisor bench compare")
        raced = (RacePlan() if allowed is None else RacePlan(margin=allowed)) if race else None
    except BenchmarkError as error:
        problems += error.problems
    most, wish, known = None, None, tuple(ring.arms)
    try:
        found = tasks.load(tasks.find(task))
        most = len(found.train)
        known = tuple(arm for arm in known if found.card.kind in ring.arms[arm].kinds)
    except BenchmarkError as error:
        problems += error.problems
    usual = tuple(arm for arm in known if not ring.arms[arm].by_name)
    try:
        wish = read_wish(known, usual=usual, model=model, most=most, race=raced, **words)
    except BenchmarkError as error:
        problems += error.problems
    if wish is None or any(ring.arms[arm].needs_model for arm in wish.arms):
        if wish is not None and not problems and "endpoint" not in ring.said:
            _need(_NEEDED_BY_MODELS)
        try:
            ring.resolve(model)
        except BenchmarkError as error:
            problems += error.problems
    if wish is not None and any(ring.arms[arm].needs_encoder for arm in wish.arms):
        try:
            registry.resolve(ring.said.get("encoder", registry.ENCODER))
        except BenchmarkError as error:
            problems += error.problems
    elif wish is not None and "encoder" in ring.said:
        wanting = ", ".join(arm for arm in known if ring.arms[arm].needs_encoder) or "none of this task's kind"
        problems.append(f"--encoder: found without an arm that reads with it; allowed: with {wanting}")
    if problems or wish is None:
        raise BenchmarkError(problems)
    return wish


def _need(modules: Iterable[str]) -> None:
    """Raises MissingExtra if one of the modules is not installed; imports none of them."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise MissingExtra.of(module)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turns Ctrl-C into exit status 130; what is finished is on disk already.

    An interrupt that lands in a callback of compiled code is lost there, so it is raised again until it is heard.
    """
    over = threading.Event()

    def again() -> None:
        while not over.wait(0.5):
            os.kill(os.getpid(), signal.SIGINT)

    def interrupted(signum: int, frame: FrameType | None) -> None:
        if not repeating.is_alive() and not over.is_set():
            repeating.start()
        raise KeyboardInterrupt

    repeating = threading.Thread(target=again, daemon=True)
    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    except KeyboardInterrupt:
        over.set()
        typer.echo("interrupted; finished cells are kept, the same command goes on where it stopped", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        over.set()
        signal.signal(signal.SIGINT, before)


def _report(finished: Finished, as_json: bool) -> None:
    from .runs.table import table

    typer.echo(f"{finished.path / 'result.json'} written", err=True)
    if as_json:
        _print_json(finished.result)
    else:
        typer.echo(table(finished.result))
    finished.raise_if_incomplete()


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))
