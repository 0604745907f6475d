"""Counts the ledger: hits, ties, misses, regret against constant policies, and how the percentages held."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from advisor.knowledge.record_summary import SCHEMA, THIN
from advisor.language import message
from advisor.reasoning import learning, ledger
from advisor.reasoning.ledger import Entry
from advisor.reasoning.quality.calibration import expected_calibration_error, reliability
from advisor.reasoning.record import wilson
from advisor.reasoning.studies_record import examples_group

# What each constant policy takes: the first of these approaches that was offered.
POLICIES: Mapping[str, Sequence[str]] = {
    "always_prompting": ("prompting", "fine_tuning", "hybrid"),
    "always_fine_tuning": ("fine_tuning", "hybrid", "prompting"),
    "always_hybrid": ("hybrid", "fine_tuning", "prompting"),
}
ORIGINS = {
    "run": message("own runs, locked before"),
    "study": message("published comparisons, paper left out"),
    "case": message("real choices, known to the makers of the rules"),
}
DIGITS = 4


def tally(entries: Sequence[Entry]) -> dict[str, Any]:
    """Counts over entries in JSON form; the interval is Wilson's for the share of hits and ties, at 95 %.

    Undecided predictions count among `n` and never among the hits.
    """
    counted = [entry for entry in entries if entry.counts]
    by = {name: sum(entry.outcome == name for entry in counted) for name in ("hit", "tie", "miss", "undecided")}
    low, high = wilson(by["hit"] + by["tie"], len(counted))
    scored = [entry for entry in counted if entry.regret is not None]
    lost = [entry.regret for entry in scored if entry.regret is not None]
    return {
        "n": len(counted),
        "groups": len({entry.group for entry in counted}),
        "hits": by["hit"],
        "ties": by["tie"],
        "misses": by["miss"],
        "undecided": by["undecided"],
        "interval": [round(low, DIGITS), round(high, DIGITS)],
        "regret": round(statistics.fmean(lost), DIGITS) if lost else None,
        "policies": {name: round(regret, DIGITS) for name, regret in policies(scored).items()},
    }


def policies(scored: Sequence[Entry]) -> dict[str, float]:
    """The mean regret of always choosing one approach, over the entries that were scored; empty without any."""
    if not scored:
        return {}
    return {
        name: statistics.fmean(max(entry.scores.values()) - entry.scores[_first(order, entry)] for entry in scored)
        for name, order in POLICIES.items()
    }


def calibration(entries: Iterable[Entry]) -> dict[str, Any]:
    """How the given probabilities held: number, error and reliability curve.

    Both are absent for fewer than 30. `by_task_kind` counts the same entries.
    """
    sure = [entry for entry in entries if entry.counts and entry.chance is not None]
    said = np.array([entry.chance for entry in sure], float)
    held = np.array([entry.held for entry in sure], bool)
    enough = len(sure) >= THIN
    kinds = sorted({entry.task_kind for entry in sure})
    return {
        "n": len(sure),
        "ece": round(expected_calibration_error(said, held), DIGITS) if enough else None,
        "brier": round(float(np.mean((said - held) ** 2)), DIGITS) if enough else None,
        "reliability": [
            {"said": round(p, DIGITS), "held": round(share, DIGITS), "n": count}
            for p, share, count in (reliability(said, held) if enough else ())
        ],
        "by_task_kind": {kind: sum(entry.task_kind == kind for entry in sure) for kind in kinds},
    }


def whole(entries: Sequence[Entry], remarks: Mapping[str, str]) -> dict[str, Any]:
    """The whole record in JSON form: by origin, by kind of task, by number of examples, and every wrong one."""
    record: dict[str, Any] = {}
    for origin, title in ORIGINS.items():
        mine = [entry for entry in entries if entry.origin == origin]
        if not mine:
            continue
        record[origin] = {
            "title": title,
            **tally(mine),
            "calibration": calibration(mine),
            "by_task_kind": _grouped(sorted(mine, key=_kind), _kind),
            "by_examples": _grouped(sorted(mine, key=_examples), lambda entry: examples_group(entry.examples)),
            "predictions": [line_of(entry, remarks) for entry in mine] if origin == "run" else [],
            "wrong": [line_of(entry, remarks) for entry in mine if entry.outcome in {"miss", "undecided"}],
        }
    return record


def of_folder(folder: Path) -> dict[str, Any]:
    """The whole record of a folder; our own runs come with what the forecast has learnt from them, if anything."""
    record = whole(ledger.read(folder), ledger.remarks(folder))
    if "run" in record:
        record["run"]["learnt"] = learning.newest(folder)
    return record


def line_of(entry: Entry, remarks: Mapping[str, str]) -> dict[str, Any]:
    """One prediction with its outcome and the reason where it was wrong."""
    return {
        "id": entry.id,
        "title": entry.title,
        "pick": entry.pick,
        "best": entry.best,
        "outcome": entry.outcome,
        "chance": entry.chance,
        "regret": entry.regret,
        "interval": None if entry.regret_high is None else [entry.regret_low, entry.regret_high],
        "scores": dict(entry.scores),
        "why": entry.why,
        "remark": remarks.get(entry.id, remarks.get(f"{entry.origin}:{entry.group}", "")),
        "source": entry.source,
    }


def summary(entries: Sequence[Entry]) -> dict[str, Any]:
    """What `rules/record/summary.json` holds: the counts by origin, and the calibration on published comparisons."""
    studies = [entry for entry in entries if entry.origin == "study"]
    judged = calibration(studies)
    return {
        "schema": SCHEMA,
        "rulebook_version": max((entry.rulebook_version for entry in studies), default=""),
        "forecast_model": studies[0].forecast_model if studies else "",
        "counts": {
            origin: tally([entry for entry in entries if entry.origin == origin])
            for origin in ORIGINS
            if any(entry.origin == origin and entry.counts for entry in entries)
        },
        "calibration": {name: judged[name] for name in ("n", "ece", "by_task_kind")},
    }


def _kind(entry: Entry) -> str:
    return entry.task_kind or "not stated"


def _examples(entry: Entry) -> float:
    return math.inf if entry.examples is None else entry.examples


def _first(order: Sequence[str], entry: Entry) -> str:
    return next(name for name in order if name in entry.scores)


def _grouped(entries: Sequence[Entry], key: Callable[[Entry], str]) -> dict[str, Any]:
    names = dict.fromkeys(key(entry) for entry in entries if entry.counts)
    return {name: tally([entry for entry in entries if key(entry) == name]) for name in names}
