"""Shared ground of the tests: the shipped pack, an engine over it, and a run of the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings

from advisor import locate
from advisor.knowledge import rulebook
from advisor.knowledge.domain import Rulebook
from advisor.reasoning.advise import engine
from advisor.reasoning.engine import Engine

ROOT = Path(__file__).resolve().parent.parent
DAY = date(2026, 11, 23)

# The same commit is tried on the same examples everywhere; HYPOTHESIS_PROFILE=search draws new ones.
settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("search", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def book() -> Rulebook:
    """The shipped rulebook."""
    return rulebook.load(locate.rules_dir())


@pytest.fixture(scope="session")
def shipped() -> Engine:
    """The engine over the shipped rulebook on a fixed day."""
    return engine(locate.rules_dir(), DAY)


@pytest.fixture(scope="session")
def advisor_cli() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `advisor ARGS` as a process in a folder and returns what it printed and its exit status."""

    def run(*arguments: str, cwd: Path | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "advisor.cli", *arguments],
            cwd=cwd or ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real labelled tasks that lies beside a checkout; the test is skipped where there is none."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder shared/data is not beside this checkout")
    return folder
