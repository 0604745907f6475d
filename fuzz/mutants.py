"""Mutation testing of the engine: `python fuzz/mutants.py code|rules [COUNT] [SEED]`, from a clean checkout.

`code` draws places in `advisor/reasoning` at random, one mutant of cosmic-ray at each, and runs the fast tests of the
advisor in a clone: first, on each mutant, those that ran its line on clean code; then all tests on what is left
(`pip install cosmic-ray pytest-cov`). A larger COUNT goes on with the same draw. Left out is what decides nothing:
annotations, which nothing reads; `slots` of a frozen dataclass, which only saves memory; what Python cannot compile.
`rules` changes one number, word or direction in a rule file at a time and runs what CI runs on it: the rules as they
were reviewed, `advisor rules test` and `advisor rules check`. Tells each mutant's fate on stderr as it goes, then
prints the survivors, and the score with its Wilson interval, also when it is interrupted: then what was not judged by
all tests counts as a survivor.
"""

from __future__ import annotations

import ast
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = "advisor/reasoning"
ALL = (
    *("-m", "not slow and not browser", "tests/advisor", "--ignore=tests/advisor/ui", "--ignore=tests/advisor/store"),
)
# Those that call the engine in their own process, so that it is known which lines they run.
DIRECT = (*ALL, "--ignore=tests/advisor/reports", "--ignore-glob=*/test_cli*", "--ignore-glob=*/test_messages.py")
# Seconds that the tests of a line may take on clean code before all tests run, times as long before one hangs, and
# seconds that all of them may take.
FIRST, PATIENCE, JUDGED = 20.0, 8, 1800.0
MEMORY = 8 << 30


@dataclass(frozen=True)
class Mutant:
    """What one mutation puts in place of the lines from `first` to before `end` of a module, counted from 0."""

    path: Path
    row: int
    name: str
    first: int
    end: int
    lines: tuple[str, ...]


def code(count: int, rng: random.Random, folder: Path) -> Iterator[tuple[str, str]]:
    """Mutants of the engine's code, each with the test that failed on it; again once all tests ran, where none did."""
    clone = _clone(folder)
    spent, reach = _clean(clone)
    left: list[Mutant] = []
    for mutant in _drawn(clone, count, rng):
        module = reach[str(mutant.path.relative_to(clone))]
        # A line that ran at import only, or in another process, is tried by the tests of its module.
        tests, seconds = _quickest(module.get(mutant.row) or set().union(*module.values()), spent)
        status, failed = _told(clone, [mutant], ["-x", *tests], PATIENCE * seconds + 60) if tests else (0, [])
        if status not in {0, 1, HANGS}:
            # The module cannot be imported, or a test has another name: all tests tell.
            status, failed = _told(clone, [mutant], ["-x", *ALL], JUDGED)
        if status:
            yield mutant.name, failed[0] if failed else _ended(status)
        else:
            left.append(mutant)
            yield mutant.name, ""
    while left:
        apart = [one for k, one in enumerate(left) if not any(_touch(one, other) for other in left[:k])]
        left = [one for one in left if one not in apart]
        yield from _judged(clone, apart)


def _touch(one: Mutant, other: Mutant) -> bool:
    return one.path == other.path and one.first <= other.end and other.first <= one.end


def _quickest(tests: set[str], spent: dict[str, float]) -> tuple[list[str], float]:
    """The quickest of some tests, FIRST seconds of them, and how long they took on clean code."""
    chosen, seconds = [], 0.0
    for test in sorted(tests, key=lambda test: (spent[test], test)):
        if seconds + spent[test] > FIRST:
            break
        chosen.append(test)
        seconds += spent[test]
    return chosen, seconds


def _judged(clone: Path, mutants: list[Mutant]) -> Iterator[tuple[str, str]]:
    """What all tests say of mutants of different lines: each is tried by what fails on all of them at once.

    Two that undo each other would survive so: the score can come out lower than it is, never higher.
    """
    status, failed = _told(clone, mutants, ALL, JUDGED)
    for mutant in mutants if failed else ():
        status, fails = _told(clone, [mutant], ["-x", *failed], JUDGED)
        if status in {1, HANGS}:
            yield mutant.name, fails[0] if fails else _ended(status)
    if status and not failed:
        if len(mutants) == 1:
            yield mutants[0].name, _ended(status)
        else:
            yield from _judged(clone, mutants[::2])
            yield from _judged(clone, mutants[1::2])


def _told(clone: Path, mutants: list[Mutant], tests: Iterable[str], patience: float) -> tuple[int, list[str]]:
    """Pytest's exit status with these mutants in place, and the tests that failed."""
    whole = {mutant.path: mutant.path.read_text(encoding="utf-8") for mutant in mutants}
    for mutant in sorted(mutants, key=lambda mutant: -mutant.first):
        lines = mutant.path.read_text(encoding="utf-8").splitlines(keepends=True)
        lines[mutant.first : mutant.end] = mutant.lines
        mutant.path.write_text("".join(lines), encoding="utf-8")
    status, told = _pytest(clone, *tests, patience=patience)
    for path, text in whole.items():
        path.write_text(text, encoding="utf-8")
    return status, re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", told, re.MULTILINE)


def _drawn(clone: Path, count: int, rng: random.Random) -> Iterator[Mutant]:
    """One mutant at each of `count` places."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    operators = {name: get_operator(name) for name in sorted(operator_names())}
    operators = {name: operator() for name, operator in operators.items() if not operator.arguments()}
    places: dict[tuple[Path, int, int], list[tuple[str, int]]] = defaultdict(list)
    for path in sorted((clone / CODE).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        nodes, idle = list(ast_nodes(get_ast(text))), list(_idle(text))
        for name, operator in operators.items():
            begins = [begin for node in nodes for begin, _ in operator.mutation_positions(node)]
            for occurrence, begin in enumerate(begins):
                if not any(low <= begin < high for low, high in idle):
                    places[path, *begin].append((name, occurrence))
    left = count
    for path, row, column in rng.sample(sorted(places), len(places)):
        name, occurrence = rng.choice(places[path, row, column])
        whole = path.read_text(encoding="utf-8")
        text = mutate_code(whole, operators[name], occurrence)
        try:
            compile(text, path, "exec")
        except SyntaxError:
            continue
        old, new = whole.splitlines(keepends=True), text.splitlines(keepends=True)
        changes = [
            opcode[1:] for opcode in SequenceMatcher(None, old, new, False).get_opcodes() if opcode[0] != "equal"
        ]
        (first, _, begin, _), (_, end, _, stop) = changes[0], changes[-1]
        words = f"{''.join(old[first:end]).strip()} -> {''.join(new[begin:stop]).strip()}"
        place = f"{path.relative_to(clone)}:{row}:{column + 1} {name.removeprefix('core/')}"
        yield Mutant(path, row, f"{place}: {words}", first, end, tuple(new[begin:stop]))
        left -= 1
        if not left:
            return


def _idle(text: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where annotations and `slots=True` begin and end."""
    for node in ast.walk(ast.parse(text)):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.FunctionDef):
            parts = [node.returns, *(arg.annotation for arg in ast.walk(node.args) if isinstance(arg, ast.arg))]
        elif isinstance(node, ast.AnnAssign):
            parts = [node.annotation]
        elif isinstance(node, ast.keyword) and node.arg == "slots":
            parts = [node.value]
        for part in parts:
            if part is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno or part.lineno, part.end_col_offset or 0)


def _clean(clone: Path) -> tuple[dict[str, float], dict[str, dict[int, set[str]]]]:
    """The seconds of each test on clean code, and the tests that ran each line of each module."""
    import coverage

    print("all tests run once on the clean code", file=sys.stderr)  # noqa: T201
    watch = ("--durations=0", "--durations-min=0", f"--cov={CODE}", "--cov-context=test", "--cov-report=")
    status, told = _pytest(clone, *DIRECT, *watch)
    if status:
        raise SystemExit(f"the tests fail on the clean code:\n{told[-4000:]}")
    spent: dict[str, float] = defaultdict(float)
    for seconds, test in re.findall(r"^([\d.]+)s (?:call|setup|teardown) +(.+)$", told, re.MULTILINE):
        spent[test] += float(seconds)
    data = coverage.CoverageData(str(clone / ".coverage"))
    data.read()
    reach: dict[str, dict[int, set[str]]] = defaultdict(dict)
    for name in data.measured_files():
        for line, contexts in data.contexts_by_lineno(name).items():
            reach[str(Path(name).relative_to(clone))][line] = {it.rpartition("|")[0] for it in contexts if it}
    return spent, reach


HANGS = -1


def _ended(status: int) -> str:
    return "a hang" if status == HANGS else f"pytest's status {status}"


def _pytest(clone: Path, *words: str, patience: float | None = None) -> tuple[int, str]:
    """Exit status and words of pytest in the clone; HANGS, with all processes it began ended, after `patience` s."""
    # Bytecode is written by the run on clean code alone: a mutant's would be taken for that of the next.
    there = {**os.environ, "PYTHONPATH": str(clone), "OMP_NUM_THREADS": "1"}
    there["PYTHONDONTWRITEBYTECODE"] = "" if patience is None else "1"
    # One seed: what properties are tried on must not differ between the clean code and a mutant.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *words]
    pipe, err = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(
        command, cwd=clone, env=there, stdout=pipe, stderr=err, text=True, start_new_session=True
    ) as process:
        try:
            told, _ = process.communicate(timeout=patience)
        except BaseException as fault:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(fault, subprocess.TimeoutExpired):
                return HANGS, ""
            raise
    return process.returncode, told


def rules(count: int, rng: random.Random, folder: Path) -> Iterator[tuple[str, str]]:
    """Mutants of the shipped rule files, each with the check that failed on it, if one did."""
    clone = _clone(folder)
    paths = sorted(path for name in ("gates", "scores", "notes") for path in (clone / "rules" / name).glob("*.yaml"))
    places = [(path, number) for path in paths for number, line in enumerate(_lines(path)) if mutated(line, rng)]
    for path, number in rng.sample(places, min(count, len(places))):
        whole = path.read_text(encoding="utf-8")
        lines = _lines(path)
        before, lines[number] = lines[number], mutated(lines[number], rng) or ""
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        name = f"{path.relative_to(clone)}:{number + 1} {before.strip()} -> {lines[number].strip()}"
        yield name, next((" ".join(words[1:]) for words in CHECKS if _fails(clone, words)), "")
        path.write_text(whole, encoding="utf-8")


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

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would not hear it
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        try:
            for name, killer in {"code": code, "rules": rules}[what](count, random.Random(seed), Path(scratch)):
                found[name] = killer
                fate = f"killed by {killer}" if killer else "SURVIVED"
                print(f"{len(found)}/{count} {name}: {fate}", file=sys.stderr, flush=True)  # noqa: T201
        except KeyboardInterrupt:
            print("interrupted; the score is that of the mutants so far", file=sys.stderr)  # noqa: T201
    if not found:
        return
    killed = sum(map(bool, found.values()))
    interval = binomtest(killed, len(found)).proportion_ci(method="wilson")
    for name, killer in sorted(found.items()):
        if not killer:
            print(f"survived: {name}")  # noqa: T201
    score = {"killed": killed, "of": len(found), "score": round(killed / len(found), 3)}
    print(json.dumps({**score, "low": round(interval.low, 3), "high": round(interval.high, 3)}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100, int(sys.argv[3]) if len(sys.argv) > 3 else 0)
