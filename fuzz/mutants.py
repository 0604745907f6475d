"""Mutation testing of the engine: `python fuzz/mutants.py code|rules [COUNT] [SEED]`, from a clean checkout.

`code` draws places in `advisor/reasoning` at random, one mutant of cosmic-ray (`pip install cosmic-ray`) at each, and
runs the tests of the engine on it, in a clone. Places in annotations are left out: nothing reads them. `rules` changes
one number, word or direction in a rule file at a time and runs what CI runs on it: the rules as they were reviewed,
`advisor rules test` and `advisor rules check`. Prints what survived, and the score with its Wilson interval.
"""

from __future__ import annotations

import ast
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = "advisor/reasoning"
TESTS = (
    *("reviewed_rules", "oracle", "engine", "costs", "measured", "probe", "plan", "judgement", "record", "check"),
    *("difference", "limits", "stale", "likeness", "contradictions", "coverage", "quality_forecast", "portfolio"),
    *("properties", "costs_simulation", "backtest", "studies_record", "truth", "lint_scored", "overlay", "studies"),
)
TIMEOUT = 400.0


def code(count: int, rng: random.Random, folder: Path) -> list[tuple[str, bool]]:
    """Mutants of the engine's code, each with whether a test failed on it."""
    clone = _clone(folder)
    files = " ".join(f"tests/advisor/test_{name}.py" for name in TESTS)
    command = (
        f"env PYTHONPATH={clone} {sys.executable} -m pytest -x -q -p no:cacheprovider {files} tests/advisor/reports"
    )
    config, session = folder / "mutants.toml", folder / "mutants.sqlite"
    config.write_text(
        f'[cosmic-ray]\nmodule-path = "{CODE}"\ntimeout = {TIMEOUT}\nexcluded-modules = []\n'
        f'test-command = "{command}"\n[cosmic-ray.distributor]\nname = "local"\n',
        encoding="utf-8",
    )
    tool = Path(sys.executable).with_name("cosmic-ray")
    there = {**os.environ, "PYTHONPATH": str(clone)}
    subprocess.run([tool, "init", config, session], cwd=clone, env=there, check=True, stdout=subprocess.DEVNULL)
    with sqlite3.connect(session) as database:
        _draw(database, clone, count, rng)
    subprocess.run([tool, "exec", config, session], cwd=clone, env=there, check=True)
    with sqlite3.connect(session) as database:
        found = database.execute(
            "SELECT module_path, start_pos_row, operator_name, test_outcome, worker_outcome "
            "FROM mutation_specs JOIN work_results USING (job_id)"
        ).fetchall()
    return [
        (f"{module}:{row} {operator.removeprefix('core/')}", str(outcome).upper().endswith("KILLED"))
        for module, row, operator, outcome, worker in found
        if str(worker).upper().endswith("NORMAL")
    ]


def _draw(database: sqlite3.Connection, clone: Path, count: int, rng: random.Random) -> None:
    """Leaves one mutant at each of `count` places in the session."""
    columns = "job_id, module_path, operator_name, start_pos_row, start_pos_col"
    places: dict[tuple[str, int, int], list[str]] = {}
    annotated: dict[str, set[int]] = {}
    for job, module, _, row, column in database.execute(f"SELECT {columns} FROM mutation_specs ORDER BY job_id"):
        if module not in annotated:
            annotated[module] = set(_annotations(clone / module))
        if row not in annotated[module]:
            places.setdefault((module, row, column), []).append(job)
    drawn = rng.sample(sorted(places), min(count, len(places)))
    kept = {rng.choice(places[place]) for place in drawn}
    for (job,) in database.execute("SELECT job_id FROM work_items").fetchall():
        if job not in kept:
            database.execute("DELETE FROM mutation_specs WHERE job_id = ?", (job,))
            database.execute("DELETE FROM work_items WHERE job_id = ?", (job,))


def _annotations(path: Path) -> Iterator[int]:
    """The lines of annotations and of imports for the type checker."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.FunctionDef):
            parts = [node.returns, *(arg.annotation for arg in ast.walk(node.args) if isinstance(arg, ast.arg))]
        elif isinstance(node, ast.AnnAssign) and node.value is None:
            parts = [node]
        for part in parts:
            if isinstance(part, ast.expr | ast.stmt):
                yield from range(part.lineno, (part.end_lineno or part.lineno) + 1)


def rules(count: int, rng: random.Random, folder: Path) -> list[tuple[str, bool]]:
    """Mutants of the shipped rule files, each with whether the pack's own checks or cases tell."""
    clone = _clone(folder)
    paths = sorted(path for name in ("gates", "scores", "notes") for path in (clone / "rules" / name).glob("*.yaml"))
    places = [(path, number) for path in paths for number, line in enumerate(_lines(path)) if mutated(line, rng)]
    found = []
    for path, number in rng.sample(places, min(count, len(places))):
        whole = path.read_text(encoding="utf-8")
        lines = _lines(path)
        before, lines[number] = lines[number], mutated(lines[number], rng) or ""
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        name = f"{path.relative_to(clone)}:{number + 1} {before.strip()} -> {lines[number].strip()}"
        found.append((name, any(_fails(clone, words) for words in CHECKS)))
        path.write_text(whole, encoding="utf-8")
    return found


# What CI runs on a change of a rule file, the quickest first.
CHECKS = (
    ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/advisor/test_reviewed_rules.py"),
    ("-m", "advisor.cli", "rules", "test"),
    ("-m", "advisor.cli", "rules", "check"),
)


def mutated(line: str, rng: random.Random) -> str | None:
    """The line with one number, comparison or direction changed; None where it holds nothing that decides."""
    # Dates, words for people and a rule's own examples decide nothing; a line without a key is prose as well.
    if re.match(r"\s*(since|review_by|source|version|title|because|lift|examples|fires|not)\b", line) or "#" in line:
        return None
    if not re.match(r"\s*(- )?\{?\w+:", line):
        return None
    swaps = {"at_least": "at_most", "at_most": "at_least", "above": "below", "below": "above", "all:": "any:"}
    for word, other in swaps.items():
        if re.search(rf"\b{word}", line):
            return line.replace(word, other, 1)
    points = re.search(r"(?<=: )(-?\d+(?:\.\d+)?)\s*(?=[,}]|$)", line)
    if points:
        value = float(points[1])
        changed = rng.choice([-value, 3 * value]) if value else 1.0
        return line[: points.start(1)] + f"{changed:g}" + line[points.end(1) :]
    return None


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _fails(clone: Path, words: tuple[str, ...]) -> bool:
    there = {**os.environ, "PYTHONPATH": str(clone)}
    return (
        subprocess.run([sys.executable, *words], cwd=clone, env=there, capture_output=True, check=False).returncode != 0
    )


def _clone(folder: Path) -> Path:
    clone = folder / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    (folder / "shared").symlink_to(ROOT.parent / "shared")
    return clone


def main(what: str, count: int, seed: int) -> None:
    """Prints the survivors and the score."""
    from scipy.stats import binomtest

    with tempfile.TemporaryDirectory() as scratch:
        found = {"code": code, "rules": rules}[what](count, random.Random(seed), Path(scratch))
    killed = sum(dead for _, dead in found)
    interval = binomtest(killed, len(found)).proportion_ci(method="wilson")
    for name, dead in sorted(found):
        if not dead:
            print(f"survived: {name}")  # noqa: T201
    score = {"killed": killed, "of": len(found), "score": round(killed / len(found), 3)}
    print(json.dumps({**score, "low": round(interval.low, 3), "high": round(interval.high, 3)}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100, int(sys.argv[3]) if len(sys.argv) > 3 else 0)
