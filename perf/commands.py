"""How long the commands take as whole processes, from the shell's point of view."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from advisor import locate
from advisor.reasoning.advise import engine
from advisor.reasoning.coverage import draw
from perf import scenarios
from perf.readings import Readings, claim, say

ADVISOR = Path(sys.executable).with_name("advisor")
ANSWERS = Path(__file__).with_name("answers.yaml")
PROJECTS = 10_000
MILLION = 1_000_000


def measure_portfolio() -> bool:
    """Prints what `advisor portfolio` takes; whether the claim holds here."""
    say(["", f"2. advisor portfolio on {PROJECTS:,} projects, the whole process"])
    knowledge = engine(locate.rules_dir(), date.today())
    with tempfile.TemporaryDirectory() as name:
        sheet = Path(name) / "projects.csv"
        scenarios.write_sheet(knowledge, draw(knowledge.book, PROJECTS, np.random.default_rng(2)), sheet)
        out = Path(name) / "advice.csv"
        wall = _measured(["portfolio", str(sheet), "--out", str(out)], rounds=5)
        rows = len(out.read_text().splitlines()) - 1
    return claim(f"{rows:,} rows of advice in under 5 s", wall.median < 5 and rows == PROJECTS)


def measure_million() -> bool:
    """Prints the time and the greatest memory of `advisor portfolio` on a million rows; whether the claim holds."""
    say(["", "advisor portfolio on a million projects: ten thousand random ones, each a hundred times"])
    knowledge = engine(locate.rules_dir(), date.today())
    with tempfile.TemporaryDirectory() as name:
        part, sheet, out = (Path(name) / file for file in ("part.csv", "projects.csv", "advice.csv"))
        scenarios.write_sheet(knowledge, draw(knowledge.book, PROJECTS, np.random.default_rng(2)), part)
        header, _, body = part.read_bytes().partition(b"\n")
        with sheet.open("wb") as file:
            file.write(header + b"\n")
            for _ in range(MILLION // PROJECTS):
                file.write(body)
        wall, _, peak = _run(["portfolio", str(sheet), "--out", str(out)])
        with out.open("rb") as file:
            rows = sum(1 for _ in file) - 1
    say(f"   {rows:,} rows in {wall:.0f} s, at most {peak / 2**20:,.0f} MiB")
    return claim("a million rows of advice in less than 1.5 GiB", rows == MILLION and peak < 1.5 * 2**30)


def measure_start() -> bool:
    """Prints what one advice and the help take; whether the claims hold here."""
    say(["", "3. advisor recommend on a full answers file, and advisor --help, the whole process"])
    recommend = _measured(["recommend", str(ANSWERS)], rounds=7)
    help_ = _measured(["--help"], rounds=7)
    return claim("recommend in under 0.7 s", recommend.median < 0.7) & claim("help in under 0.4 s", help_.median < 0.4)


def _measured(arguments: list[str], rounds: int) -> Readings:
    """Wall-clock seconds of a command, after one run that leaves compiled files behind as an installation does."""
    _run(arguments)
    wall, processor, _ = zip(*(_run(arguments) for _ in range(rounds)), strict=True)
    say(f"   advisor {arguments[0]:<12} {Readings(wall).shown()}; processor time {Readings(processor).shown()}")
    return Readings(wall)


def _run(arguments: list[str]) -> tuple[float, float, int]:
    """Seconds by the clock, seconds of processor time and greatest memory in bytes of one run of the command."""
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(ADVISOR), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=surroundings
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
