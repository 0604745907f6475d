"""Tasks: labelled data sets, read strictly.

Every mistake is reported in one go, each with file, line, field, what was found and what is allowed. Past this door the
rows are known to be good: answers that fit the card, no empty text, no text twice, none in both splits.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import BenchmarkError
from .card import CARD_FILE
from .folder import ROW_FILES, load
from .kinds import CLASSIFICATION, EXTRACTION, KINDS, label_of_metric, metrics_of

SAMPLES = Path(__file__).resolve().parent.parent / "samples"

__all__ = [
    "CARD_FILE",
    "CLASSIFICATION",
    "EXTRACTION",
    "KINDS",
    "ROW_FILES",
    "SAMPLES",
    "discover",
    "find",
    "label_of_metric",
    "load",
    "metrics_of",
]


def find(name_or_path: str | Path) -> Path:
    """The folder of a task, given by its path or by the name of a shipped sample. Raises BenchmarkError."""
    folder = Path(name_or_path).expanduser()
    if folder.is_dir():
        return folder
    sample = SAMPLES / str(name_or_path)
    if folder.name == str(name_or_path) and sample.is_dir():
        return sample
    names = ", ".join(path.name for path in discover()) or "none"
    raise BenchmarkError(
        [f"task {str(name_or_path)!r}: no such folder, and no shipped sample has that name (samples: {names})"]
    )


def discover(folder: str | Path | None = None) -> list[Path]:
    """The task folders directly under `folder`, by name; without one, the shipped samples."""
    root = SAMPLES if folder is None else Path(folder).expanduser()
    if not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if (path / CARD_FILE).is_file())
