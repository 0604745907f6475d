"""The two commands that the modules beside this one add theirs to."""

from __future__ import annotations

import typer

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
