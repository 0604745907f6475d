"""The commands `bench` and `models`. Data goes to standard output, messages and bars to standard error.

Commands raise BenchmarkError; whoever mounts the apps prints its problems and exits with `exit_code(error)`.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import bench, comparing, models
from .apps import bench_app, models_app
from .process import INTERRUPTED, exit_code, run_app

__all__ = [
    "INTERRUPTED", "bench", "bench_app", "comparing", "exit_code", "main_bench", "main_models", "models", "models_app",
]  # fmt: skip


def main_bench(argv: Sequence[str] | None = None) -> int:
    """Runs `bench` with these words, prints problems to standard error, and returns the exit status."""
    return run_app(bench_app, "bench", argv)


def main_models(argv: Sequence[str] | None = None) -> int:
    """Runs `models` with these words, prints problems to standard error, and returns the exit status."""
    return run_app(models_app, "models", argv)
