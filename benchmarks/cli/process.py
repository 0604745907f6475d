"""What commands do around their work: ends, interrupts, missing packages, printing."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

from ..errors import BenchmarkError, JobFailed, MissingExtra

if TYPE_CHECKING:
    from ..runs import Finished

INTERRUPTED = 130
FOR_ALL = ("scipy", "sklearn", "tqdm")
FOR_MODELS = ("torch", "transformers", "peft", "safetensors")
FOR_ENDPOINTS = ("httpx", "jsonschema")


def exit_code(error: BaseException) -> int:
    """The exit status for an error: 2 wrong input, 3 missing extra, 4 failed job, 130 interrupted."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return error.exit_status if isinstance(error, BenchmarkError) else JobFailed.exit_status


def run_app(app: typer.Typer, name: str, argv: Sequence[str] | None) -> int:
    """Runs an app with these words, or those of the process; prints problems and returns the exit status."""
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


def need(modules: Iterable[str]) -> None:
    """Raises MissingExtra if one of the modules is not installed; imports none of them."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise MissingExtra.of(module)


@contextmanager
def interruptible() -> Iterator[None]:
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


def report(finished: Finished, as_json: bool) -> None:
    """Prints what was measured. Raises JobFailed afterwards if cells failed."""
    from ..runs.table import table

    typer.echo(f"{finished.path / 'result.json'} written", err=True)
    if as_json:
        print_json(finished.result)
    else:
        typer.echo(table(finished.result))
    finished.raise_if_incomplete()


def print_json(value: object) -> None:
    """Prints a value as JSON on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))
