"""`advisor bench compare` and `overview`: what runs left behind."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..errors import BenchmarkError
from .apps import bench_app
from .options import AsJson
from .process import FOR_ALL, need, print_json


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
    from ..runs import experiment, runner
    from ..runs.bill import read_volume
    from ..runs.page import write_page
    from ..runs.table import table

    need(FOR_ALL)
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
        print_json(results[0] if len(results) == 1 else results)
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
    from ..runs import overview, results_on_disk

    need(FOR_ALL)
    found = results_on_disk.read(results)
    if foresee is None:
        rows = overview.overview(found)
        print_json(rows) if as_json else typer.echo(overview.as_markdown(rows))
    else:
        rows = overview.foresights(found, foresee)
        print_json(rows) if as_json else typer.echo(overview.foresights_as_markdown(rows, foresee))
