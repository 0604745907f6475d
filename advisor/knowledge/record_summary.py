"""The advisor's record in brief: counts over its ledger, as every advice and report reads them (rules/record/).

The ledger itself is long and read by `advisor record` alone. The summary is written beside it whenever it changes, and
a test holds the two together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor import locate
from advisor.errors import InputError, Problem
from advisor.knowledge.domain import Rulebook

FOLDER = "record"
SUMMARY = "summary.json"
SCHEMA = "advisor/record-summary/1"
THIN = 30  # judged forecasts below which no percentage is given


@dataclass(frozen=True, slots=True)
class Count:
    """What became of `n` predictions from `groups` tasks, papers or cases; mean regret in points of 100.

    `policies` are the mean regrets of always choosing one approach. Regrets are None where nothing was scored.
    """

    n: int
    groups: int
    hits: int
    ties: int
    misses: int
    undecided: int
    low: float
    high: float
    regret: float | None
    policies: Mapping[str, float]

    @property
    def good(self) -> int:
        """Hits and ties together."""
        return self.hits + self.ties


@dataclass(frozen=True, slots=True)
class RecordSummary:
    """Counts by origin (`run`, `study`, `case`), and what the percentages are calibrated on.

    `calibrated` is the number of forecasts with a probability that were judged on studies left out of the fit,
    `calibrated_by_kind` the same by kind of task, `calibration_error` their expected calibration error (None where they
    are too few). `forecast_model` is the digest of the model that was judged.
    """

    counts: Mapping[str, Count]
    calibrated: int
    calibrated_by_kind: Mapping[str, int]
    calibration_error: float | None
    forecast_model: str
    rulebook_version: str

    def is_of(self, model: str) -> bool:
        """Whether the quality model with this digest is the one that was judged."""
        return bool(self.forecast_model) and model.startswith(self.forecast_model)

    def behind(self, task_kind: str | None) -> int:
        """How many judged forecasts stand behind a percentage for a kind of task; behind all where it is not known."""
        return self.calibrated if task_kind is None else self.calibrated_by_kind.get(task_kind, 0)


def record_folder(book: Rulebook) -> Path:
    """The record of a pack: that of its uppermost layer that has one, else the shipped one."""
    folders = [layer / FOLDER for layer in reversed(book.layers) if (layer / FOLDER / SUMMARY).exists()]
    return folders[0] if folders else locate.rules_dir() / FOLDER


def read_summary(folder: Path) -> RecordSummary | None:
    """The summary in a record's folder; None where there is no record. Raises InputError where it is not one."""
    path = folder / SUMMARY
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if raw["schema"] != SCHEMA:
            raise ValueError(f"schema {raw['schema']!r} instead of {SCHEMA}")
        calibration = raw["calibration"]
        return RecordSummary(
            counts={name: _count(entry) for name, entry in raw["counts"].items()},
            calibrated=int(calibration["n"]),
            calibrated_by_kind={name: int(n) for name, n in calibration["by_task_kind"].items()},
            calibration_error=None if calibration["ece"] is None else float(calibration["ece"]),
            forecast_model=str(raw["forecast_model"]),
            rulebook_version=str(raw["rulebook_version"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        found = f"{type(error).__name__}: {error}"
        remedy = "make it anew with: advisor record add"
        raise InputError([Problem(str(path), "", found, "the summary of a record", remedy)]) from None


def _count(raw: Mapping[str, Any]) -> Count:
    low, high = raw["interval"]
    return Count(
        **{name: int(raw[name]) for name in ("n", "groups", "hits", "ties", "misses", "undecided")},
        low=float(low),
        high=float(high),
        regret=None if raw["regret"] is None else float(raw["regret"]),
        policies={name: float(value) for name, value in raw["policies"].items()},
    )
