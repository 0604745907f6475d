"""What a user of a served app cannot do: reach into the network, see keys or another's work, or fill the machine."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from advisor.cli.commands import app
from advisor.cli.serve import UPLOAD_MB
from advisor.errors import InputError
from advisor.store import Store, worker
from advisor.ui import benching
from benchmarks import cli

ROOT = Path(__file__).resolve().parents[2]
CANARY = "sk-canary-5d20b7e9aa"
INSIDE = "http://169.254.169.254/latest/meta-data"
SPEC = {"task": "pennowick_support", "arms": "majority", "train-sizes": "16", "seeds": "0", "test-limit": "20"}
KEYS = {
    "folder",
    "digest",
    "look",
    "day",
    "stamps",
}  # of what all sessions share: the pack, the day, files of the server
UNHASHED = {"_book", "_engine"}  # passed on beside a key that stands for them
PERSONAL = ("session_state", "st.user", "st.context", "query_params", "owner", "session_engine")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store in a data folder of the test's own."""
    monkeypatch.setenv("ADVISOR_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("ADVISOR_DATABASE_URL", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(benching, "samples", lambda: ("pennowick_support",))
    opened = Store.open()
    yield opened
    opened.close()


def _options() -> set[str]:
    """Every option that `advisor bench run` has, without its dashes."""
    command: Any = typer.main.get_command(cli.bench_app)
    found = {option.removeprefix("--") for each in command.commands["run"].params for option in each.opts}
    assert {"endpoint", "key-env", "arms", "out"} <= found
    return found


def test_a_job_carries_no_address_no_key_and_no_file_of_the_server(store: Store) -> None:
    """With every option of the benchmark set in a job, the worker passes on those of the page and its own folder."""
    spec = {**dict.fromkeys(_options(), INSIDE), "task": "pennowick_support"}
    words = worker.command(store.submit_job("ann", "x", spec))
    passed = {word.split("=")[0].removeprefix("--") for word in words if word.startswith("--") and "=" in word}
    assert passed - {"out"} == set(worker.OPTIONS) & set(spec)
    assert not passed & {"endpoint", "key-env", "price-input", "ray", "experiment", "resume", "encoder", "model-path"}
    assert f"--out={INSIDE}" not in words


@pytest.mark.parametrize("option", sorted(_options() - {*benching.WORDS, "help"}))
def test_the_page_starts_no_run_with_an_option_that_it_does_not_offer(store: Store, option: str) -> None:
    """Neither the look before a run nor the run takes it, and no job is made."""
    for call in (lambda spec: benching.look(spec, "ann"), lambda spec: benching.start(store, "ann", spec, "x")):
        with pytest.raises(InputError, match=option):
            call({**SPEC, option: INSIDE})
    assert store.list_jobs("ann") == []


def test_an_endpoint_in_the_place_of_a_model_is_no_model(tmp_path: Path, advisor_cli: Any) -> None:
    """Without --endpoint the command opens no address: a model named like one is looked for on the disk alone."""
    words = ("--arms", "zero_shot", "--train-sizes", "16", "--model", INSIDE, "--out", str(tmp_path / "run"))
    told = advisor_cli("bench", "run", "pennowick_support", *words)
    assert told.returncode == 2 and "there is no such folder" in told.stderr, told.stderr
    assert not (tmp_path / "run").exists()


def test_a_job_leaves_no_key_of_the_environment_anywhere(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A benchmark of a worker that has keys in its environment writes none to log, record, report or database."""
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "ANTHROPIC_API_KEY", "ADVISOR_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, CANARY)
    good = store.submit_job("ann", "x", SPEC)
    bad = store.submit_job("ann", "x", {**SPEC, "arms": "no such arm"})
    assert worker.work(store, once=True) == 2
    assert [store.job(job.id).state for job in (good, bad)] == ["done", "failed"]
    (tmp_path / "comparison.html").write_text(benching.comparison((good.id,)), encoding="utf-8")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"advisor.db", "result.json", "comparison.html", f"{bad.id}.log"} <= {path.name for path in written}
    assert not [path for path in written if CANARY.encode() in path.read_bytes()]


def test_a_job_that_takes_too_long_is_stopped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of its time the benchmark is interrupted, and the job has failed with that reason."""
    monkeypatch.setattr(worker, "JOB_HOURS", 0.0)
    job = store.submit_job("ann", "x", {**SPEC, "seeds": ",".join(str(seed) for seed in range(60))})
    assert worker.work(store, once=True) == 1
    assert store.job(job.id).state == "failed" and "stopped after" in store.job(job.id).error


def test_caches_that_sessions_share_hold_nothing_personal() -> None:
    """Each is keyed by pack, day or files of the server alone, and reads no session, user, cookie or address."""
    cached = []
    for path in sorted((ROOT / "advisor" / "ui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            words = [ast.unparse(each) for each in getattr(node, "decorator_list", ())]
            if isinstance(node, ast.FunctionDef) and any("cache" in word for word in words):
                where, body = f"{path.name}: {node.name}", "\n".join(ast.unparse(line) for line in node.body)
                cached.append(node.name)
                assert {argument.arg for argument in node.args.args} <= KEYS | UNHASHED, where
                assert not [word for word in PERSONAL if word in body], where
    assert len(cached) > 5 and "samples" in cached


def _settings(monkeypatch: pytest.MonkeyPatch, *words: str) -> dict[str, str]:
    seen: dict[str, str] = {}
    monkeypatch.setattr(subprocess, "call", lambda command, env: seen.update(env) or 0)
    done = CliRunner().invoke(app, ["app", *words])
    assert done.exit_code == 0, done.output
    return seen


def test_uploads_are_bounded_however_the_app_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bound in the command's settings and in the file that Streamlit reads; every uploader has its own."""
    import tomllib

    assert _settings(monkeypatch)["STREAMLIT_SERVER_MAX_UPLOAD_SIZE"] == str(UPLOAD_MB)
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["maxUploadSize"] == UPLOAD_MB
    for path in sorted((ROOT / "advisor" / "ui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("file_uploader"):
                assert "max_upload_size" in {word.arg for word in node.keywords}, f"{path.name}:{node.lineno}"


def test_other_machines_are_shown_no_lines_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who serves others shows an error without its paths and values; on one's own machine they help."""
    name = "STREAMLIT_CLIENT_SHOW_ERROR_DETAILS"
    assert _settings(monkeypatch, "--address", "0.0.0.0", "--insecure")[name] == "none"
    assert name not in _settings(monkeypatch) or name in os.environ


def test_requests_that_other_sites_forge_are_refused(tmp_path: Path) -> None:
    """Neither our settings nor the file beside the app turn the protection against them off."""
    code = "from streamlit import config; print(config.get_option('server.enableXsrfProtection'),"
    code += " config.get_option('server.enableCORS'), config.get_option('server.enableStaticServing'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "False"]
