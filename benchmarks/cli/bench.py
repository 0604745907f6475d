"""`advisor bench tasks`, `run`, `describe`, `suite` and `resume`."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import BenchmarkError, JobFailed
from .apps import bench_app
from .options import (
    OF_ENDPOINT,
    AsJson,
    BudgetUsd,
    EncoderName,
    EndpointUrl,
    KeyEnv,
    PriceInput,
    PriceOutput,
    Ray,
    RayGpus,
    RayThreads,
    Workers,
)
from .process import FOR_ALL, interruptible, need, print_json, report
from .wishes import checked, ring_of


@bench_app.command("tasks")
def list_tasks(
    folder: Annotated[
        str | None, typer.Argument(help="A folder of task folders. Default: the samples that come with the benchmark.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List tasks, after checking them: the samples that come with the benchmark, or those in a folder."""
    from .. import tasks
    from ..runs.table import answers_in_words

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
        print_json(found)
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
    workers: Workers = None,
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
    from ..runs import experiment, own_data, runner
    from ..runs.cluster import read_cluster
    from ..runs.crew import read_workers
    from ..runs.progress import Bars

    need(FOR_ALL)
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
        "workers": workers,
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
    processes = read_workers(words.pop("workers"), cluster)
    folder = words.pop("out")
    of_data = {name: words.pop(name) for name in own_data.WORDS}
    task = own_data.task_of(task, of_data, folder, lambda text: typer.echo(text, err=True))
    of_endpoint = {name: words.pop(name) for name in OF_ENDPOINT}
    ring = ring_of(of_endpoint, words)
    wish = checked(task, ring=ring, **words)
    with interruptible():
        finished = runner.run(
            task,
            wish,
            out=folder,
            ring=ring,
            progress=Bars(processes),
            budget_minutes=budget,
            cluster=cluster,
            workers=processes,
        )
    report(finished, as_json)


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
    budget_minutes: Annotated[str | None, typer.Option(help="As for bench run; only looked at.")] = None,
    workers: Annotated[str | None, typer.Option(help="As for bench run; only looked at.")] = None,
    out: Annotated[str | None, typer.Option(help="The run's directory, under which imported data lie.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Of a data file: the column with the texts.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Of a data file: the column with the answers.")] = None,
    test_file: Annotated[str | None, typer.Option(help="A second data file, with the test rows.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of a data file's task. Default: classification.")] = None,
    description: Annotated[str | None, typer.Option(help="Of a data file's task: what prompts say is wanted.")] = None,
) -> None:
    """Print what a task, its arms and its model say of themselves, as JSON. Nothing runs."""
    from ..runs import experiment, own_data
    from ..runs.crew import read_workers
    from ..runs.description import describe

    need(FOR_ALL)
    experiment.minutes(budget_minutes)
    read_workers(workers)
    words = {"text_column": text_column, "label_column": label_column, "test_file": test_file}
    words |= {"kind": kind, "description": description}
    folder = own_data.task_of(task, words, out, lambda text: typer.echo(text, err=True))
    options: dict[str, Any] = {"arms": arms, "train_sizes": train_sizes, "seeds": seeds, "test_limit": test_limit}
    options |= {"model": model, "encoder": encoder}
    given = (endpoint, key_env, price_input, price_output, budget_usd)
    ring = ring_of(dict(zip(OF_ENDPOINT, given, strict=True)), options)
    print_json(describe(folder, checked(folder, ring=ring, race=False, margin=None, **options), ring))


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
    from ..runs import overview, runner, suite
    from ..runs.progress import Bars

    need(FOR_ALL)
    words: dict[str, Any] = {"train_sizes": train_sizes, "seeds": seeds, "test_limit": test_limit, "model": model}
    entries = suite.entries(folder, only, arms)
    wishes = [checked(str(entry.folder), arms=entry.arms, race=False, margin=None, **words) for entry in entries]
    results, problems = [], []
    with interruptible():
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
        print_json(rows)
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
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Finish a run that was stopped, with the plan that stands in its directory."""
    from ..runs import experiment, runner
    from ..runs.cluster import read_cluster
    from ..runs.crew import read_workers
    from ..runs.progress import Bars

    need(FOR_ALL)
    budget, cluster = experiment.minutes(budget_minutes), read_cluster(ray, ray_threads, ray_gpus)
    processes = read_workers(workers, cluster)
    with interruptible():
        finished = runner.resume(
            run_directory, progress=Bars(processes), budget_minutes=budget, cluster=cluster, workers=processes
        )
    report(finished, as_json)
