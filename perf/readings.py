"""Repeated measurements, what is said of them, and the machine that they were taken on."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Readings:
    """The same quantity measured several times."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.values)

    def shown(self, digits: int = 2, unit: str = "s") -> str:
        """Median, least and greatest, and how often it was measured."""
        low, high = min(self.values), max(self.values)
        return f"{self.median:,.{digits}f} {unit} ({low:,.{digits}f} to {high:,.{digits}f}, n = {len(self.values)})"


def timed(work: Callable[[], object]) -> float:
    """Seconds by the clock that it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ratios(others: Readings, ours: Readings) -> Readings:
    """How many times as long the others took, round by round: both were measured in the same round."""
    return Readings(tuple(other / own for other, own in zip(others.values, ours.values, strict=True)))


def say(lines: str | Iterable[str]) -> None:
    """Prints lines at once."""
    sys.stdout.write((lines if isinstance(lines, str) else "\n".join(lines)) + "\n")
    sys.stdout.flush()


def claim(text: str, met: bool) -> bool:
    """Prints whether a claim holds here, and returns it."""
    say(f"claim: {'met' if met else 'not met'}: {text}")
    return met


def environment(packages: Sequence[str]) -> list[str]:
    """The machine, its load, Python and the versions of packages, a line each."""
    return [
        f"processor  {_processor()}, {len(os.sched_getaffinity(0))} of {os.cpu_count()} cores usable",
        f"system     {platform.system()} {platform.release()}, {platform.machine()}",
        f"python     {platform.python_implementation()} {platform.python_version()}",
        "packages   " + ", ".join(f"{name} {version(name)}" for name in packages),
        f"code       commit {_commit()}",
        load(),
    ]


def load() -> str:
    """How many processes wanted a core in the last minute, and a warning where they were more than the cores."""
    one, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    busy = " (busy: other work took time from what is measured here)" if one > cores else ""
    return f"load       {one:.1f} on {cores} cores{busy}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _commit() -> str:
    try:
        command = ["git", "describe", "--always", "--dirty"]
        found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
