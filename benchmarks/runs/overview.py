"""One table over many tasks: for each the best prompt, the best tuning, the hybrid, two cheap rivals, the crossover.

A pure function of measurements (docs/measurement-format.md); the arms that stand for approaches are those that the
measurements chose on development rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..statistics.crossover import Crossover, crossover
from ..statistics.curve import Point

Result = Mapping[str, Any]

COLUMNS = ("task", "metric", "examples", "best prompt", "best tuning", "hybrid", "linear", "encoder head")
RIVALS = ("linear", "encoder_head")
APPROACHES = ("prompting", "fine_tuning", "hybrid")


def overview(results: Sequence[Result]) -> list[dict[str, Any]]:
    """A row per measurement, in their order: scores with interval, what the main difference shows, the crossovers.

    Scores are those of the train size at which the approaches are compared; None where an arm was not run or cannot do
    the task. `missing` counts the cells that are not finished.
    """
    return [_row(result) for result in results]


def _row(result: Result) -> dict[str, Any]:
    best, task = result["best"], result["task"]
    sizes = [entry["train_size"] for entry in best.values()] or [entry["train_size"] for entry in result["arms"]]
    size = sizes[0] if best else max(sizes, default=None)
    at_size = {entry["arm"]: entry for entry in result["arms"] if entry["train_size"] == size}
    chosen = {name: best[name]["arm"] if name in best else None for name in APPROACHES}
    return {
        "task": task["name"],
        "kind": task["kind"],
        "metric": task["metric"],
        "train_size": size,
        "n": task["n_test"],
        **{name: _score(at_size.get(arm)) for name, arm in chosen.items()},
        **{arm: _score(at_size.get(arm)) for arm in RIVALS},
        "difference": _difference(result, chosen),
        "crossovers": {entry["approach"]: entry["sentence"] for entry in result.get("crossovers", ())},
        "blocked": list(result.get("blocked", ())),
        "missing": [entry["reason"] for entry in result["missing"]],
    }


def _score(entry: Result | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    score = entry["metric"]
    return {"arm": entry["arm"], "seeds": entry["n_seeds"], "n": entry["n"]} | {
        name: score[name] for name in ("value", "low", "high")
    }


def _difference(result: Result, chosen: Mapping[str, str | None]) -> dict[str, Any] | None:
    """Best tuning less best prompt on the items that both were asked, with what it shows."""
    for entry in result["comparisons"]:
        if (entry["a"], entry["b"]) == (chosen["fine_tuning"], chosen["prompting"]):
            return {name: entry[name] for name in ("difference", "low", "high", "n")} | {
                "word": entry["conclusion"]["word"],
                "p_adjusted": entry["conclusion"]["p_adjusted"],
            }
    return None


def foresights(results: Sequence[Result], upto: int) -> list[dict[str, Any]]:
    """For every crossover of measurements with larger sizes: would the sizes up to `upto` have foretold it?

    `predicted` is the sentence from the sizes up to `upto`, `measured` the one from all sizes, `number` the likely
    number of examples by all sizes (None where it is not within reach), `held` whether the predicted band holds it;
    None where all sizes together still leave the crossover open.
    Crossovers with fewer than two sizes up to `upto`, or none above, are left out.
    """
    found = []
    for result in results:
        for entry in result.get("crossovers", ()):
            points = [Point(**one) for one in entry["differences"]]
            early = [one for one in points if one.train_size <= upto]
            if len(early) < 2 or len(early) == len(points):
                continue
            predicted, measured = crossover(early), crossover(points)
            number = _number(measured)
            found.append(
                {
                    "task": result["task"]["name"],
                    "approach": entry["approach"],
                    "predicted": predicted.sentence,
                    "measured": measured.sentence,
                    "number": None if number == math.inf else number,
                    "held": None if number is None else predicted.contains(number),
                }
            )
    return found


def _number(measured: Crossover) -> float | None:
    """The likely number of examples; None where the measurement itself leaves it open."""
    if measured.status == "unknown":
        return None
    if measured.p_already >= 0.5:
        return float(measured.smallest)
    return math.inf if measured.p_within_reach < 0.5 else measured.likely


def as_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as a Markdown table, and under it the crossovers and what is missing, in plain sentences."""
    lines = ["| " + " | ".join((*COLUMNS, "tuning − prompt")) + " |", "|" + "---|" * (len(COLUMNS) + 1)]
    for row in rows:
        cells = [row["task"], row["metric"], str(row["train_size"])]
        cells += [_words(row[name], named=name in APPROACHES[:2]) for name in (*APPROACHES, *RIVALS)]
        lines.append("| " + " | ".join((*cells, _difference_words(row["difference"]))) + " |")
    notes = [
        f"- {row['task']}: {approach.replace('_', '-')} {sentence}"
        for row in rows
        for approach, sentence in row["crossovers"].items()
    ]
    if notes:
        lines += ["", "From how many examples on the approach beats the best prompt:", "", *notes]
    faults = [f"- {row['task']}: {reason}" for row in rows for reason in (*row["blocked"], *row["missing"])]
    return "\n".join([*lines, *(["", "Without a result:", "", *faults] if faults else [])])


def foresights_as_markdown(rows: Sequence[Mapping[str, Any]], upto: int) -> str:
    """The foretold crossovers as a Markdown table, with how many held."""
    head = ("task", "approach", f"foretold from up to {upto} examples", "measured with all", "held")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        held = {True: "yes", False: "no", None: "open"}[row["held"]]
        lines.append(f"| {row['task']} | {row['approach']} | {row['predicted']} | {row['measured']} | {held} |")
    decided = [row["held"] for row in rows if row["held"] is not None]
    return "\n".join([*lines, "", f"held: {sum(decided)} of {len(decided)}, {len(rows) - len(decided)} open"])


def _words(score: Mapping[str, Any] | None, named: bool) -> str:
    if score is None:
        return "–"
    arm = f"{score['arm']} " if named else ""
    return f"{arm}{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"


def _difference_words(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "–"
    shown = {"better": "tuning better", "worse": "prompt better", "equivalent": "equivalent"}
    word = shown.get(entry["word"], "no difference shown")
    return f"{entry['difference']:+.3f} ({entry['low']:+.3f} to {entry['high']:+.3f}): {word}"
