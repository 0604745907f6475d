"""A measurement as text of at most a hundred columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .bill import Volume, bill

WIDTH = 100


def table(result: Mapping[str, Any], volume: Volume | None = None) -> str:
    """The measurement for a person: what was run, every arm with its interval, and the paired differences.

    With a `volume` also what a month of each arm takes.
    """
    parts = (_blocked, _versions, _best, _differences, _deciders, _crossovers, _shifts, _memory, _missing)
    told = [line for part in parts for line in part(result)]
    return "\n".join([*_head(result), "", *_arms(result), *told, *(_bills(result, volume) if volume else [])])


def _head(result: Mapping[str, Any]) -> list[str]:
    task, model = result["task"], result["model"]
    lines = [
        f"{task['name']}: {task['kind']} ({task['language']}), {answers_in_words(task['kind'], task['labels'])}, "
        f"{task['metric']} on {task['n_test']} test items"
    ]
    if model:
        lines.append(f"model {model['name']} ({model['content_hash'][:12]})")
    points = 100 * result["detectable"]["difference"]
    what = "accuracy" if task["labels"] else "the share of right answers"
    lines.append(f"differences in {what} below about {points:.1f} points cannot be expected to show with so many items")
    return lines


def answers_in_words(kind: str, labels: Sequence[str]) -> str:
    """What the answers of a task are, in two words."""
    if labels:
        return f"{len(labels)} labels"
    return "JSON objects" if kind == "extraction" else "free text"


def _arms(result: Mapping[str, Any]) -> list[str]:
    name = result["task"]["metric"]
    level = f"{result['level']:.0%} interval"
    rows = [["arm", "train size", name, level, "n", "seeds", "no answer", "fit", "per item"]]
    for entry in sorted(result["arms"], key=lambda one: one["train_size"]):
        score = entry["metric"]
        rows.append(
            [
                entry["arm"],
                str(entry["train_size"]),
                f"{score['value']:.3f}",
                f"{score['low']:.3f} to {score['high']:.3f}",
                str(entry["n"]),
                str(entry["n_seeds"]),
                f"{entry['invalid_share']:.1%}",
                spoken_seconds(entry["fit_seconds"]),
                spoken_seconds(entry["seconds_per_item"]),
            ]
        )
    return _columns(rows, left=(0,)) if len(rows) > 1 else ["no cell is finished yet"]


def _blocked(result: Mapping[str, Any]) -> list[str]:
    """Why nothing is concluded, if nothing is."""
    if not result.get("blocked"):
        return []
    lines = ["", "BLOCKED: no verdict rests on these scores"]
    for reason in result["blocked"]:
        lines += textwrap.wrap(reason, WIDTH - 2, initial_indent="  ", subsequent_indent="    ")
    return lines


def _versions(result: Mapping[str, Any]) -> list[str]:
    """Which packages changed between the cells of the run, if any did."""
    told = changed_packages(result.get("provenance", ()))
    if not told:
        return []
    text = f"the cells ran under different versions: {'; '.join(told)}; differences between them may come from that"
    return ["", *textwrap.wrap(text, WIDTH)]


def changed_packages(environments: Sequence[Mapping[str, Any]]) -> list[str]:
    """The packages that were not the same for all cells, each with its versions and their numbers of cells."""
    seen: dict[str, Counter[str]] = {}
    for one in environments:
        for name, version in {**one["packages"], "python": one["python"]}.items():
            seen.setdefault(name, Counter())[version] += one["cells"]
    return [
        f"{name} " + ", ".join(f"{version} ({cells} cells)" for version, cells in sorted(versions.items()))
        for name, versions in sorted(seen.items())
        if len(versions) > 1
    ]


def _best(result: Mapping[str, Any]) -> list[str]:
    reasons = {"dev": "better on the development rows", "preference": "preferred, there are no development rows"}
    lines = []
    for approach, entry in result["best"].items():
        others = [arm for arm in entry["among"] if arm != entry["arm"]]
        why = f", {reasons[entry['chosen_on']]} than {' and '.join(others)}" if others else ""
        if others and entry["chosen_on"] == "preference":
            why = f", {reasons['preference']} to choose on"
        lines.append(f"  {approach}: {entry['arm']}{why}")
    return ["", "For each approach stands:", *lines] if lines else []


def _differences(result: Mapping[str, Any]) -> list[str]:
    if not result["comparisons"]:
        return []
    first = result["comparisons"][0]
    rows = [["difference", "", f"{first['level']:.0%} interval", "adjusted", "n", "what it shows"]]
    for entry in result["comparisons"]:
        rows.append(
            [
                f"{entry['a']} - {entry['b']}",
                f"{entry['difference']:+.3f}",
                f"{entry['low']:+.3f} to {entry['high']:+.3f}",
                _p(entry["conclusion"]["p_adjusted"]),
                str(entry["n"]),
                verdict_words(entry),
            ]
        )
    lines = [
        f"Paired differences in {first['metric']} at {first['train_size']} examples, on items that both were asked:"
    ]
    lines += _columns(rows, left=(0, 5), indent="  ")
    points = f"{100 * result['margin']:g} points"
    note = f"  p-values are adjusted for {len(result['comparisons'])} comparisons (Holm); equivalent: within {points}"
    return ["", *lines, note]


def verdict_words(entry: Mapping[str, Any]) -> str:
    """The conclusion of a comparison in plain words."""
    conclusion = entry["conclusion"]
    if conclusion["saturated"]:
        return "undecided: saturated"
    if conclusion["word"] == "equivalent":
        return "equivalent"
    if conclusion["word"] == "undecided":
        return "no difference shown"
    return f"{entry['a'] if conclusion['word'] == 'better' else entry['b']} is better"


def _deciders(result: Mapping[str, Any]) -> list[str]:
    """What would decide the comparisons that are undecided."""
    open_ones = [entry for entry in result["comparisons"] if entry["conclusion"]["word"] == "undecided"]
    if not open_ones:
        return []
    lines = [f"  {entry['a']} - {entry['b']}: {entry['conclusion']['reason']}" for entry in open_ones]
    return ["", "Undecided:", *(line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..." for line in lines)]


def _crossovers(result: Mapping[str, Any]) -> list[str]:
    lines = []
    for entry in result.get("crossovers", ()):
        caveat = "" if entry["extrapolable"] else " (sizes contradict each other: not extrapolated)"
        text = f"{entry['tuned']} against {entry['prompt']}: {entry['sentence']}{caveat}"
        lines += textwrap.wrap(text, WIDTH - 2, initial_indent="  ", subsequent_indent="    ")
    return ["", "Crossover (from how many labelled examples on tuning beats the best prompt):", *lines] if lines else []


def _shifts(result: Mapping[str, Any]) -> list[str]:
    """Scores on shifted texts beside the same items as they are, where they were asked."""
    found = [entry for entry in result["arms"] if "shift" in entry]
    if not found:
        return []
    names = [name for name in found[0]["shift"] if name != "n"]
    rows = [["arm", "train size", *names]]
    rows += [
        [entry["arm"], str(entry["train_size"]), *(f"{entry['shift'][name]:.3f}" for name in names)] for entry in found
    ]
    title = f"{result['task']['metric']} on {found[0]['shift']['n']} items as they are, and shifted:"
    return ["", title, *_columns(rows, left=(0,), indent="  ")]


def _memory(result: Mapping[str, Any]) -> list[str]:
    """General ability of tuned models beside the untouched one, where it was asked."""
    found = [entry for entry in result["arms"] if "memory" in entry]
    if not found:
        return []
    lines = []
    for entry in found:
        tuned, base = entry["memory"]["tuned"], entry["memory"]["base"]
        lines.append(
            f"  {entry['arm']}, {entry['train_size']} examples: {tuned['matched']:.0%} matched instead of "
            f"{base['matched']:.0%}, {tuned['nats']:.1f} nats instead of {base['nats']:.1f}"
        )
    return ["", f"What tuning forgot ({found[0]['memory']['n']} everyday sentences, base untouched):", *lines]


def _bills(result: Mapping[str, Any], volume: Volume) -> list[str]:
    """A month of every arm at the stated volume and prices."""
    rows = [["arm", "train size", "hours", "million tokens", "USD by hours", "USD by tokens"]]
    for entry in result["arms"]:
        month = bill(entry, volume)
        dollars = ["-" if month[name] is None else f"{month[name]:,.2f}" for name in ("usd_by_hours", "usd_by_tokens")]
        rows.append(
            [
                entry["arm"],
                str(entry["train_size"]),
                f"{month['hours']:,.2f}",
                f"{month['million_tokens']:,.2f}",
                *dollars,
            ]
        )
    title = f"A month of {volume.requests:,.0f} requests, by measured time and tokens, one machine like the run's:"
    return ["", title, *_columns(rows, left=(0,), indent="  ")]


def _missing(result: Mapping[str, Any]) -> list[str]:
    if not result["missing"]:
        return []
    lines = ["", f"INCOMPLETE: {len(result['missing'])} cells are missing"]
    for entry in result["missing"]:
        line = f"  {entry['arm']}, {entry['train_size']} examples, seed {entry['seed']}: {entry['reason']}"
        lines.append(line if len(line) <= WIDTH else line[: WIDTH - 3] + "...")
    return lines


def _columns(rows: Sequence[Sequence[str]], left: tuple[int, ...], indent: str = "") -> list[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            text.ljust(width) if index in left else text.rjust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(indent + "  ".join(cells).rstrip())
    return lines


def spoken_seconds(value: float) -> str:
    """A span of time with two digits or so."""
    if value < 0.00005:
        return "< 0.1 ms"
    if value < 0.0995:
        return f"{1000 * value:.1f} ms"
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
