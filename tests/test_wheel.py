"""The built wheel: one top-level name, everything inside, working away from the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel unpacked as an installer would, on whose path nothing of the checkout lies."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def run(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed command line from a folder outside the checkout, the checkout itself being off the path."""
    code = (
        "import sys\n"
        f"sys.path[:] = [{str(installed)!r}] + [p for p in sys.path if p not in ('', {str(ROOT)!r})]\n"
        "import advisor\n"
        f"assert advisor.__file__.startswith({str(installed)!r}), advisor.__file__\n"
        "from advisor.cli import main\n"
        f"sys.argv = ['advisor', *{list(arguments)!r}]\n"
        "main()\n"
    )
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False)


def test_one_name_lands_in_site_packages(wheel: Path) -> None:
    """The wheel holds `advisor/` and its metadata; rules, samples, templates and the app script are inside."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"advisor"}
    for needed in (
        "_rules/pack.yaml",
        "_rules/prices.csv",
        "_app.py",
        "_benchmarks/cli/__init__.py",
        "reports/advice.schema.json",
    ):
        assert f"advisor/{needed}" in names
    assert any(name.startswith("advisor/_benchmarks/samples/") and name.endswith("train.jsonl") for name in names)
    assert not any("__pycache__" in name for name in names)


def test_advice_rules_and_reports_work_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """recommend, rules check and rules test run away from the checkout, on the rules in the wheel."""
    answers = tmp_path / "answers.yaml"
    answers.write_text("task_kind: classification\nlabelled_examples: 5000\nclass_count: 5\n")
    advice = run(installed, tmp_path, "recommend", str(answers), "--json")
    assert advice.returncode == 0, advice.stderr
    assert json.loads(advice.stdout)["ranking"]
    report = run(installed, tmp_path, "recommend", str(answers), "--format", "html")
    assert report.stdout.startswith("<!DOCTYPE html>")
    assert run(installed, tmp_path, "rules", "check").returncode == 0
    assert run(installed, tmp_path, "rules", "test").returncode == 0


def test_the_benchmark_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """The shipped sample runs with the arms that need no language model, and the advice reads the result."""
    tasks = run(installed, tmp_path, "bench", "tasks", "--json")
    assert tasks.returncode == 0, tasks.stderr
    name = json.loads(tasks.stdout)[0]["name"]
    out = tmp_path / "run"
    arguments = ("--arms", "majority,linear", "--train-sizes", "64", "--test-limit", "50", "--out", str(out))
    done = run(installed, tmp_path, "bench", "run", name, *arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "result.json").read_text())["status"] == "complete"
