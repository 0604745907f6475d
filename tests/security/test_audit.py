"""The step of CI that audits packages fails for a known weakness, and never for want of a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _audit(folder: Path, python: str, pip_audit: str) -> subprocess.CompletedProcess[str]:
    """The step in a checkout whose programs say what the test wants."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "audit", folder / ".ci" / "audit")
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name, script in (("python", python), ("pip-audit", pip_audit)):
        path = folder / ".venv" / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    closed = {**os.environ, "https_proxy": "http://127.0.0.1:1", "no_proxy": ""}
    return subprocess.run([folder / ".ci" / "audit"], env=closed, capture_output=True, text=True, check=False)


def test_without_a_network_the_audit_is_skipped_and_says_so(tmp_path: Path) -> None:
    """The real interpreter asks through a proxy that is not there; pip-audit is not even started."""
    done = _audit(tmp_path, f'exec {sys.executable} "$@"', "echo started; exit 1")
    assert done.returncode == 0 and "audit: skipped" in done.stderr and "started" not in done.stdout


@pytest.mark.parametrize(
    ("pip_audit", "status"),
    [
        ("echo 'Found 1 known vulnerability in 1 package'; exit 1", 1),
        ("echo 'No known vulnerabilities found'; exit 0", 0),
        ("echo 'requests.exceptions.ConnectionError' >&2; exit 1", 0),
    ],
)
def test_what_the_audit_finds_decides(tmp_path: Path, pip_audit: str, status: int) -> None:
    """A known weakness fails the step; an answer that breaks off does not, and is told."""
    done = _audit(tmp_path, "exit 0", pip_audit)
    assert done.returncode == status
    assert ("skipped" in done.stderr) == ("ConnectionError" in pip_audit)


def test_a_broken_step_is_not_taken_for_a_missing_network(tmp_path: Path) -> None:
    """An interpreter that fails by itself fails the step."""
    assert _audit(tmp_path, "exit 1", "exit 0").returncode == 1
