"""`advisor doctor` says what is wrong with a run, and repairs what needs no guessing."""

from __future__ import annotations

import json

from ring_fakes import ARMS, executions, fake_ring, write_task

from benchmarks.runs import read_wish, run
from benchmarks.runs.store import RunDirectory, sealed


def _finished(tmp_path):
    task, log = write_task(tmp_path / "desk"), tmp_path / "log"

    def again():
        wish = read_wish(tuple(ARMS), arms="majority,linear", train_sizes="16")
        return run(str(task), wish, out=tmp_path / "run", ring=fake_ring(log))

    again()
    return tmp_path / "run", again, log


def test_a_broken_cell_is_told_of_repaired_on_demand_and_run_again(tmp_path, advisor_cli):
    """Without --repair nothing changes; with it the sound cells stay, and only the broken one runs again."""
    folder, again, log = _finished(tmp_path)
    before = json.loads((folder / "result.json").read_bytes())["arms"]
    assert advisor_cli("doctor", str(folder)).returncode == 0
    broken, sound = sorted((folder / "cells").glob("*.json"))
    kept = sound.read_bytes()
    broken.write_bytes(broken.read_bytes()[:-40])
    (folder / "cells" / f".{sound.name}.1.tmp").write_text("{")
    listed = sorted(folder.rglob("*"))
    told = advisor_cli("doctor", str(folder))
    assert told.returncode == 1 and broken.name in told.stdout and "half-written" in told.stdout
    assert "--repair" in told.stderr
    assert sorted(folder.rglob("*")) == listed
    mended = advisor_cli("doctor", str(folder), "--repair")
    assert mended.returncode == 0, mended.stdout
    assert "1 of 2 cells" in mended.stdout
    assert not broken.exists() and broken.with_name(f"{broken.name}.corrupt").exists()
    assert sound.read_bytes() == kept
    done = len(executions(log))
    again()
    assert len(executions(log)) == done + 1
    after = json.loads((folder / "result.json").read_bytes())["arms"]
    assert [(arm["arm"], arm["metric"]) for arm in after] == [(arm["arm"], arm["metric"]) for arm in before]


def test_what_needs_guessing_is_told_and_left_alone(tmp_path, advisor_cli):
    """A missing plan, a stranger among the cells and an unreadable result stay as they are."""
    folder, _, _ = _finished(tmp_path)
    (folder / "cells" / "stranger.json").write_text("{}")
    (folder / "result.json").write_text("{")
    told = advisor_cli("doctor", str(folder), "--repair")
    assert told.returncode == 1
    assert "stranger.json" in told.stdout and "bench compare" in told.stdout
    assert (folder / "cells" / "stranger.json").exists() and (folder / "result.json").read_text() == "{"
    (folder / "plan.json").unlink()
    told = advisor_cli("doctor", str(folder), "--repair", "--json")
    assert told.returncode == 1
    assert [look["what"] for look in json.loads(told.stdout) if not look["well"]] == ["plan.json"]


def test_a_plan_cannot_lead_out_of_its_folder(tmp_path, advisor_cli):
    """A plan that names a cell by a path is a fault, and the file there is not touched."""
    folder, _, _ = _finished(tmp_path)
    victim = tmp_path / "victim.json"
    victim.write_text("{}")
    plan = RunDirectory(folder).read_plan()
    plan["plan"]["cells"][0]["id"] = "../../victim"
    from benchmarks.records import digest

    plan["digest"] = digest(plan["plan"])
    (folder / "plan.json").write_text(json.dumps(sealed(plan)))
    told = advisor_cli("doctor", str(folder), "--repair")
    assert told.returncode == 1 and "cell id" in told.stdout
    assert victim.read_text() == "{}" and not list(tmp_path.glob("victim.json.*"))


def test_the_doctor_looks_at_answers_and_at_the_installation(tmp_path, advisor_cli):
    """Every problem of an answers file is a line; the installation names its rule pack."""
    (tmp_path / "answers.yaml").write_text("task_kind: nonsense\nno_such_field: 1\n")
    told = advisor_cli("doctor", str(tmp_path / "answers.yaml"))
    assert told.returncode == 1 and told.stdout.count("wrong") == 2
    (tmp_path / "answers.yaml").write_text("task_kind: classification\n")
    assert "1 of" in advisor_cli("doctor", str(tmp_path / "answers.yaml")).stdout
    assert advisor_cli("doctor", str(tmp_path)).returncode == 2
    whole = advisor_cli("doctor")
    assert "rule pack" in whole.stdout and "Python" in whole.stdout
