"""What the command line does to files and streams: nothing is lost, nothing written half, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from advisor.cli import files
from advisor.errors import InputError

Cli = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[2]


def test_the_interview_goes_on_from_the_answers_that_are_there(advisor_cli: Cli, tmp_path: Path) -> None:
    """An existing answers file keeps its answers, name and prices; leaving at once does not touch it."""
    path = tmp_path / "mine.yaml"
    text = "name: Mine  # a remark\ntask_kind: code\nprices: {hourly_rate: 99}\n"
    path.write_text(text)
    assert advisor_cli("ask", "--out", str(path), stdin="q\n").returncode == 0
    assert path.read_text() == text
    advisor_cli("ask", "--out", str(path), stdin="1\nq\n")
    answers = yaml.safe_load(path.read_text())
    assert len(answers) == 4
    assert (answers["name"], answers["task_kind"]) == ("Mine", "code")


def test_the_interview_says_at_once_that_it_cannot_save(advisor_cli: Cli, tmp_path: Path) -> None:
    """A missing folder or a folder as file is refused before the first question."""
    for place in (tmp_path / "none" / "x.yaml", tmp_path):
        result = advisor_cli("ask", "--out", str(place), stdin="1\n")
        assert result.returncode == 2
        assert str(place) in result.stderr
        assert "Enter:" not in result.stderr


def test_the_interview_asks_again_after_bytes_that_are_no_text() -> None:
    """Bytes outside of UTF-8 are a wrong answer, not the end."""
    command = [sys.executable, "-m", "advisor.cli", "ask"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, input=b"\xff\xfe\nq\n", capture_output=True, env=env, timeout=120, check=False)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert done.stdout == b"{}\n"


@pytest.mark.parametrize("command", ["recommend", "portfolio"])
def test_the_output_never_replaces_its_input(command: str, advisor_cli: Cli, tmp_path: Path) -> None:
    """--out with the name of the input, or of a link to it, exits 2 and leaves the input as it was."""
    path, link = tmp_path / "in.txt", tmp_path / "link.txt"
    text = "task_kind: code\n" if command == "recommend" else "task_kind\ncode\n"
    path.write_text(text)
    link.symlink_to(path)
    for target in (path, link):
        result = advisor_cli(command, str(path), "--out", str(target))
        assert (result.returncode, path.read_text()) == (2, text)
        assert "--out" in result.stderr


def test_a_format_that_cannot_be_written_is_not_guessed(advisor_cli: Cli, tmp_path: Path) -> None:
    """--out x.odt does not put plain text into a file that claims to be something else."""
    (tmp_path / "a.yaml").write_text("")
    result = advisor_cli("recommend", "a.yaml", "--out", "x.odt", cwd=tmp_path)
    assert result.returncode == 2
    assert ".odt" in result.stderr
    assert not (tmp_path / "x.odt").exists()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up in the middle leaves the file of before and no debris."""
    path = tmp_path / "report.txt"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        files.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_or_closed_standard_output_is_status_4(tmp_path: Path) -> None:
    """Data that cannot be delivered is a job that failed, said in one line."""
    (tmp_path / "a.yaml").write_text("")
    command = f"{sys.executable} -m advisor.cli recommend a.yaml"
    for stream in (">/dev/full", ">&-"):
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            f"{command} {stream}", shell=True, cwd=tmp_path, env=env, stderr=subprocess.PIPE, timeout=120, check=False
        )
        assert done.returncode == 4, done.stderr
        assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "20260101", "2026-W01-1", "2026-02-30", ""])
def test_a_day_is_written_one_way_and_within_the_calendar(day: str, advisor_cli: Cli, tmp_path: Path) -> None:
    """Only yyyy-mm-dd counts, and days whose horizon would leave the calendar are refused by name."""
    (tmp_path / "a.yaml").write_text("")
    result = advisor_cli("recommend", "a.yaml", "--as-of", day, cwd=tmp_path)
    assert result.returncode == 2
    assert "--as-of" in result.stderr
    assert "yyyy-mm-dd" in result.stderr
