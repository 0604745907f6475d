"""A language model as files on a disk: which formats are allowed, what identifies them, where they live.

Only safetensors and GGUF weights are accepted, because loading them cannot run code.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import BenchmarkError
from ..records import digest

MARKER = "advisor-model.json"
WEIGHTS = (".safetensors", ".gguf")
UNSAFE = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
TEXTS = (".json", ".jinja", ".txt", ".model")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model's files came from: the door, the exact source, what was done to the weights, and the date."""

    door: str
    source: str
    note: str = ""
    date: str = ""

    def __str__(self) -> str:
        parts = [f"{self.door}: {self.source}", self.note, self.date]
        return "; ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model that can be loaded from `folder`; `content_hash` covers weights, configuration and tokenizer."""

    name: str
    folder: Path
    content_hash: str
    origin: Origin


def models_home(home: Path | None = None) -> Path:
    """The folder of pulled models: `home`, else $ADVISOR_HOME/models, else the user's cache folder."""
    if home is not None:
        return home
    if os.environ.get("ADVISOR_HOME"):
        return Path(os.environ["ADVISOR_HOME"]).expanduser() / "models"
    import platformdirs

    return Path(platformdirs.user_cache_dir("advisor")) / "models"


def file_hash(path: Path) -> str:
    """The SHA-256 of a file, as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file that loading may read, by name."""
    return {path.name: file_hash(path) for path in _read_when_loading(folder)}


def read_folder(folder: Path, name: str) -> ModelFiles:
    """The model in `folder`. Raises BenchmarkError if it is incomplete, refused, or changed since pulled."""
    problems = _format_problems(folder)
    if problems:
        raise BenchmarkError(problems)
    found = hashes(folder)
    marker = _marker(folder)
    if marker is None:
        return ModelFiles(name, folder, digest(found), Origin("local folder", folder.name, "files as found"))
    changed = sorted(key for key in found.keys() | marker["files"].keys() if found.get(key) != marker["files"].get(key))
    if changed:
        raise BenchmarkError(
            f"model {name!r}: {', '.join(changed)} in {folder} changed since it was pulled; "
            f"delete that folder and run `advisor models pull {name}`"
        )
    return ModelFiles(name, folder, digest(found), Origin(**marker["origin"]))


def write_marker(folder: Path, origin: Origin) -> None:
    """Record the origin and the hash of every file beside the files, so that a later change is noticed."""
    text = json.dumps({"origin": asdict(origin), "files": hashes(folder)}, indent=2, sort_keys=True)
    (folder / MARKER).write_text(text + "\n", encoding="utf-8")


def gguf_file(folder: Path) -> Path | None:
    """The GGUF file of a folder that has no safetensors, else None."""
    if any(folder.glob("*.safetensors")):
        return None
    return next(iter(sorted(folder.glob("*.gguf"))), None)


def _read_when_loading(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name != MARKER and path.suffix in WEIGHTS + TEXTS:
            yield path


def _marker(folder: Path) -> dict[str, dict[str, str]] | None:
    path = folder / MARKER
    if not path.is_file():
        return None
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        Origin(**raw["origin"])
        dict(raw["files"])
    except (ValueError, TypeError, KeyError) as error:
        raise BenchmarkError(
            f"{path}: not a marker this version wrote ({error}); delete the folder and pull again"
        ) from None
    return {"origin": raw["origin"], "files": raw["files"]}


def _format_problems(folder: Path) -> list[str]:
    if not folder.is_dir():
        return [f"model folder {folder}: there is no such folder"]
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    ggufs = [name for name in names if name.endswith(".gguf")]
    if any(name.endswith(".safetensors") for name in names):
        needed = [name for name in ("config.json", "tokenizer.json") if name not in names]
        return [f"model folder {folder}: {name} is missing beside the weights" for name in needed]
    if len(ggufs) == 1:
        return []
    if len(ggufs) > 1:
        return [f"model folder {folder}: found {len(ggufs)} GGUF files; allowed: one. Move one into its own folder"]
    unsafe = [name for name in names if name.endswith(UNSAFE)]
    if unsafe:
        return [
            f"model folder {folder}: found only {', '.join(unsafe[:3])}; such files can run code when they are loaded. "
            "Allowed: *.safetensors or one *.gguf. Remedy: ask for a safetensors copy, or convert it where you trust it"
        ]
    return [f"model folder {folder}: holds no weights; allowed: *.safetensors with config.json, or one *.gguf"]
