"""Cells on a real Ray cluster of two nodes on this machine: the same results, whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ring_fakes import ARMS, Failing, Keywords, executions, fake_ring, write_task
from test_run_killed import comparable, without_times

from benchmarks.errors import BenchmarkError
from benchmarks.runs import RacePlan, Wish, read_wish, resume, run
from benchmarks.runs.cluster import Cluster, read_cluster
from benchmarks.runs.progress import Silent

pytestmark = pytest.mark.slow
HERE = Path(__file__).resolve().parent
# The workers of these tests find the fakes beside this file; installed arms need nothing of the kind.
THERE = {"env_vars": {"PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE.parents[2])))}}
WISH = read_wish(tuple(ARMS), train_sizes="16,40", model="tiny")


class Slower(Keywords):
    """Keywords that is still at work when its node is taken away."""

    def fit(self, train: Any, dev: Any) -> Any:
        """Sleeps first."""
        time.sleep(0.6)
        return super().fit(train, dev)


class Heard(Silent):
    """Keeps what the run says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        """Keeps a line."""
        self.lines.append(line)


class Deadly(Keywords):
    """An arm that kills its whole process, as the system does where memory ends."""

    def fit(self, train: Any, dev: Any) -> Any:
        """Ends the process without a word."""
        os._exit(1)


class Threads(Keywords):
    """An arm that tells how many threads its process was given."""

    def fit(self, train: Any, dev: Any) -> Any:
        """Notes the variable that linear algebra reads."""
        super().fit(train, dev)
        return {"threads": os.environ["OMP_NUM_THREADS"]}


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    """A head node of one processor; tests add and take away others."""
    pytest.importorskip("ray")
    import ray
    from ray.cluster_utils import Cluster as Nodes

    found = Nodes(initialize_head=True, head_node_args={"num_cpus": 1})
    ray.init(address=found.address, log_to_driver=False, runtime_env=THERE)
    yield found
    ray.shutdown()
    found.shutdown()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same grid, run here cell by cell."""
    folder = tmp_path_factory.mktemp("calm")
    task = write_task(folder / "desk")
    return task, run(str(task), WISH, out=folder / "run", ring=fake_ring(folder / "log"))


def workers(log: Path) -> set[int]:
    """The processes that have fitted a contestant."""
    return {json.loads(line)[3] for line in executions(log)}


def test_an_address_where_nobody_listens_is_refused_at_once(tmp_path: Path) -> None:
    """The message names the address and what is allowed, within seconds."""
    pytest.importorskip("ray")
    task = write_task(tmp_path / "desk")
    began = time.monotonic()
    with pytest.raises(BenchmarkError, match=r"nobody answers at '127\.0\.0\.1:9'.*allowed: local"):
        run(str(task), WISH, out=tmp_path / "run", ring=fake_ring(tmp_path / "log"), cluster=Cluster("127.0.0.1:9"))
    assert time.monotonic() - began < 10


def test_a_node_that_is_lost_while_it_works_changes_no_number(nodes: Any, undisturbed: Any, tmp_path: Path) -> None:
    """Its cells go to the other node, every cell is recorded once, and all equal the run without a cluster."""
    task, calm = undisturbed
    log = tmp_path / "log"
    second = nodes.add_node(num_cpus=2)
    nodes.wait_for_nodes()

    def pull() -> None:
        deadline = time.monotonic() + 60
        while len(workers(log)) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        nodes.remove_node(second, allow_graceful=False)

    plug = threading.Thread(target=pull)
    plug.start()
    heard, slow = Heard(), fake_ring(log, dict.fromkeys(ARMS, Slower))
    found = run(str(task), WISH, out=tmp_path / "run", ring=slow, cluster=Cluster("auto"), progress=heard)
    plug.join()
    assert len(workers(log)) >= 3
    assert any("its worker was lost" in line for line in heard.lines), "the node was taken away too late"
    assert found.failed == {}
    assert comparable(found.path) == comparable(calm.path)
    assert without_times(dict(found.result)) == without_times(dict(calm.result))


def test_what_kills_every_worker_is_given_up_and_what_raises_is_not_tried_again(nodes: Any, tmp_path: Path) -> None:
    """Three lost workers fail a cell with the likely cause; an exception fails it at once; the rest is done."""
    task = write_task(tmp_path / "desk")
    ring = fake_ring(tmp_path / "log", {"lora": Deadly, "hybrid": Failing, "linear": Threads})
    wish = read_wish(tuple(ARMS), train_sizes="16", model="tiny")
    found = run(str(task), wish, out=tmp_path / "run", ring=ring, cluster=Cluster("auto", threads=1))
    failures = sorted(found.failed.values())
    assert len(failures) == 2
    assert "RuntimeError: the loss is not a number" in failures[0]
    assert "lost 3 times; too little memory" in failures[1]
    cells = [json.loads(path.read_text(encoding="utf-8")) for path in (found.path / "cells").glob("*.json")]
    assert {cell["cell"]["arm"]: cell["fit"].get("threads") for cell in cells}["linear"] == "1"
    assert len(cells) == 4


def test_a_driver_that_dies_leaves_a_run_that_any_other_finishes(nodes: Any, undisturbed: Any, tmp_path: Path) -> None:
    """kill -9 of the driver keeps what was recorded; the run is finished without the cluster, to the same numbers."""
    task, calm = undisturbed
    out, log = tmp_path / "run", tmp_path / "log"
    words = [sys.executable, str(HERE / "ring_child.py"), str(task), str(out), str(log), nodes.address]
    driver = subprocess.Popen(words, env={**os.environ, **THERE["env_vars"]})
    deadline = time.monotonic() + 60
    while len(list((out / "cells").glob("*.json"))) < 3 and time.monotonic() < deadline:
        assert driver.poll() is None, "the run ended before it could be killed"
        time.sleep(0.02)
    driver.kill()
    driver.wait()
    done = {path.stem for path in (out / "cells").glob("*.json")}
    assert 3 <= len(done) < 12
    finished = resume(out, ring=fake_ring(log))
    assert set(finished.skipped) >= done
    assert comparable(out) == comparable(calm.path)


def test_a_node_with_another_model_is_refused(nodes: Any, tmp_path: Path) -> None:
    """The content of the model is compared on every node before any cell runs."""
    task = write_task(tmp_path / "desk")
    ring = fake_ring(tmp_path / "log")
    here = os.getpid()

    def other(name: str) -> Any:
        files = ring.resolve(name)
        if os.getpid() != here:
            files.content_hash = "cd" * 32
        return files

    from dataclasses import replace

    with pytest.raises(BenchmarkError, match="another content on this node"):
        run(str(task), WISH, out=tmp_path / "run", ring=replace(ring, resolve=other), cluster=Cluster("auto"))


def test_a_race_is_no_work_for_a_cluster(tmp_path: Path) -> None:
    """Arms of a race wait for each other; the two options together are refused."""
    task = write_task(tmp_path / "desk")
    wish = Wish(tuple(ARMS), (16,), (0,), None, "tiny", RacePlan())
    with pytest.raises(BenchmarkError, match="--ray: found together with --race"):
        run(str(task), wish, out=tmp_path / "run", ring=fake_ring(tmp_path / "log"), cluster=Cluster("local"))


def test_the_options_of_a_cluster_are_checked_at_the_door() -> None:
    """Threads and GPUs need an address and are numbers; every mistake is told at once."""
    assert read_cluster("local", "2", "0.5") == Cluster("local", 2, 0.5)
    with pytest.raises(BenchmarkError) as caught:
        read_cluster(None, "zero", "-1")
    assert len(caught.value.problems) == 4
