"""kill -9 at random moments: `python fuzz/kills.py [grid|saving] [KILLS] [SEED]`, from the root of the checkout.

`grid` kills a benchmark of 24 real cells (two baselines, three sizes, four seeds on the shipped sample) and calls the
same command again, until the run is done; then the next run begins. After every kill no finished cell may have changed,
and every finished run must hold the numbers of one that was never disturbed. `saving` kills a process that saves
assessments one after the other and says each name once it is saved; afterwards each of them must be there once.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GRID = [
    *("-m", "advisor.cli", "bench", "run", "pennowick_support", "--arms", "majority,linear"),
    *("--train-sizes", "16,64,256", "--seeds", "0,1,2,3", "--out"),
]
SAVING = """
import sys
from advisor.store import Store
store = Store.open(sys.argv[1])
number = int(sys.argv[2])
while True:
    store.save_assessment("", f"assessment {number}", {"labelled_examples": number}, verdict="prompting")
    print(number, flush=True)
    number += 1
"""
CELLS = 24
MOST_SECONDS = 6.0  # a moment is drawn from as many, or from the time that an undisturbed run takes


def grid(kills: int, rng: random.Random, folder: Path) -> None:
    """Kills runs of the grid so many times; raises AssertionError where one loses, changes or repeats a cell."""
    started = time.monotonic()
    _run(folder / "calm").wait()
    whole = min(MOST_SECONDS, time.monotonic() - started)
    calm, done, runs, in_time = _numbers(folder / "calm"), 0, 0, 0
    assert len(calm) == CELLS
    out = folder / "killed"
    while done < kills:
        before = _stamps(out)
        process = _run(out)
        time.sleep(rng.uniform(0.0, whole))
        process.kill()
        if process.wait() == 0:
            in_time += 1
            assert _numbers(out) == calm, "a run that was killed ends with other numbers"
            shutil.rmtree(out)
            runs += 1
            continue
        done += 1
        after = _stamps(out)
        assert all(after.get(name) == stamp for name, stamp in before.items()), "a finished cell was touched"
        assert not list(out.rglob("*.corrupt")), "a cell was written by half"
    assert _run(out).wait() == 0
    assert _numbers(out) == calm, "a run that was killed ends with other numbers"
    print(f"grid: {done} kills, {runs + 1} runs came to their end, all {CELLS} cells of each as undisturbed")  # noqa: T201


def saving(kills: int, rng: random.Random, folder: Path) -> None:
    """Kills a process that saves assessments; raises AssertionError where one that was acknowledged is not there."""
    from sqlalchemy import text

    from advisor.store import Store

    url, said = f"sqlite:///{folder / 'store.db'}", 0
    Store.open(url).close()
    for _ in range(kills):
        words = [sys.executable, "-c", SAVING, url, str(said + 1)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        first = process.stdout.readline()  # from now on it is saving, so that no kill meets a process that only starts
        time.sleep(rng.uniform(0.0, 0.5))
        process.kill()
        lines = (first + (process.communicate()[0] or "")).splitlines()
        store = Store.open(url)
        there = sorted(int(found.name.split()[1]) for found in store.search("", limit=1_000_000))
        with store.engine.connect() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        store.close()
        last = int(lines[-1]) if lines and lines[-1].isdigit() else said
        # The one that was being saved when the process died may be there or not; none may be there twice or be missing.
        assert there in (list(range(1, last + 1)), list(range(1, last + 2))), "an assessment is lost or doubled"
        said = len(there)
    print(f"saving: {kills} kills, {said} assessments saved, each there once")  # noqa: T201


def _run(out: Path) -> subprocess.Popen[bytes]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, *GRID, str(out)], **quiet)


def _stamps(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (out / "cells").glob("*.json")}


def _numbers(out: Path) -> dict[str, object]:
    """What must be equal between two runs, by cell."""
    keys = ("id", "cell", "metrics", "dev_metrics", "predictions", "rows", "seeds", "settings", "data", "tokens")
    found = {}
    for path in (out / "cells").glob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        found[path.stem] = {key: record[key] for key in keys}
    return found


if __name__ == "__main__":
    what, count, seed = (sys.argv[1:] + ["all", "200", "0"][len(sys.argv) - 1 :])[:3]
    for name, work in (("grid", grid), ("saving", saving)):
        if what in (name, "all"):
            with tempfile.TemporaryDirectory() as scratch:
                work(int(count), random.Random(int(seed)), Path(scratch))
