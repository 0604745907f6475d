"""The record in words: for the terminal, and as a table for the README."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from advisor.knowledge.record_summary import THIN
from advisor.language import numeral, say, written
from advisor.reasoning.tally import POLICIES

BEGIN, END = "<!-- record: made by `advisor record table --write` -->", "<!-- record: end -->"
OUTCOMES = ("hits", "ties", "misses", "undecided")


def lines(record: Mapping[str, Any]) -> list[str]:
    """The record for the terminal."""
    text = [
        "Hit: the best, or within the margin of it. Tie: nothing told apart. Undecided counts as no hit.",
        "Margin: 1 point of 100 for published comparisons, for own runs as stated (2 points unless said otherwise).",
    ]
    for part in record.values():
        text += ["", f"{part['title']}: {part['n']} predictions from {_groups(part)}"]
        text += [f"  {line}" for line in _counts(part)]
        text += [f"  {line}" for line in _calibration(part["calibration"], part["regret"] is not None)]
        text += [f"  {told}" for told in (learnt(part),) if told]
        for title, key in (("task kind", "by_task_kind"), ("labelled examples", "by_examples")):
            if len(part[key]) > 1:
                text += [f"  by {title}"] + [f"    {name:20s} {_short(group)}" for name, group in part[key].items()]
        if part["predictions"]:
            text += ["  every prediction"] + [f"    {line}" for line in map(_prediction, part["predictions"])]
        if part["wrong"]:
            text += [f"  wrong or undecided: {len(part['wrong'])}"]
            text += [f"    {line}" for miss in part["wrong"] for line in _miss(miss)]
    return text


def in_brief(tally: Mapping[str, Any]) -> list[str]:
    """Counts over some predictions: hits, ties, their interval, and the points lost beside the constant policies."""
    good = tally["hits"] + tally["ties"]
    return [f"{good} of {tally['n']} hits or ties; tasks: {tally['groups']}", *_counts(tally)]


def table(record: Mapping[str, Any]) -> str:
    """The record as a Markdown table with the wrong ones of our own runs and of the real cases below it."""
    head = "| predictions | n | hits | ties | misses | undecided | hits or ties | points lost | " + " | ".join(
        name.replace("_", " ").replace("fine tuning", "fine-tuning") for name in POLICIES
    )
    rows = [head + " |", "|---" * (8 + len(POLICIES)) + "|"]
    for part in record.values():
        low, high = part["interval"]
        n = part["n"]
        share = f"{(part['hits'] + part['ties']) / n:.2f} ({low:.2f} to {high:.2f})" if n >= THIN else ""
        share = share or f"{part['hits'] + part['ties']} of {n} ({low:.2f} to {high:.2f})"
        lost = "" if part["regret"] is None else f"{part['regret']:.1f}"
        others = [f"{part['policies'][name]:.1f}" if part["policies"] else "" for name in POLICIES]
        counts = [str(part[name]) for name in OUTCOMES]
        title = f"{part['title']} ({_groups(part)})"
        rows.append("| " + " | ".join([title, str(n), *counts, share, lost, *others]) + " |")
    text = "\n".join(rows)
    told = learnt(record.get("run", {}))
    text += f"\n\n{told}" if told else ""
    wrong = [
        f"- **{miss['title']}**: advised {miss['pick'] or 'nothing'}, {_became(miss)}. {miss['remark'] or _why(miss)}"
        for name in ("run", "case")
        for miss in record.get(name, {"wrong": []})["wrong"]
    ]
    if wrong:
        text += "\n\nWrong or undecided, of our own runs and the real cases:\n\n" + "\n".join(wrong)
    return text


def learnt(part: Mapping[str, Any]) -> str:
    """What the forecast in force has learnt from our own runs, by what it then does on what was left out of it."""
    found = part.get("learnt")
    if not found:
        return ""
    tasks, papers = found["tasks"], found["papers"]
    before, after = (numeral(f"{value:.1f}") for value in tasks["regret"])
    papers_before, papers_after = (numeral(f"{value:.2f}") for value in papers["regret"])
    return say(
        "The forecast has since learnt from {n} of them (version {version}, {day}). With the runs of the task in "
        "question left out, it loses {after} points where it lost {before}, and is within a point of the best in "
        "{hits} of {rows} where it was in {hits_before}; on published papers left out, {papers_after} where it lost "
        "{papers_before}.",
        n=len(found["runs"]),
        version=found["version"],
        day=written(date.fromisoformat(found["at"])),
        after=after,
        before=before,
        hits=tasks["hits"][1],
        hits_before=tasks["hits"][0],
        rows=tasks["rows"],
        papers_after=papers_after,
        papers_before=papers_before,
    )


def placed(page: str, made: str) -> str | None:
    """The page with the table between its markers; None where it has none."""
    if BEGIN not in page or END not in page.partition(BEGIN)[2]:
        return None
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{made}\n{END}{rest.partition(END)[2]}"


def _counts(part: Mapping[str, Any]) -> Iterator[str]:
    low, high = part["interval"]
    counted = ", ".join(f"{part[name]} {name}" for name in OUTCOMES if part[name] or name != "undecided")
    yield f"{counted}; share of hits or ties, Wilson 95 %: {low:.2f} to {high:.2f}"
    if part["regret"] is not None:
        others = ", ".join(f"{name.replace('_', ' ')} {regret:.2f}" for name, regret in part["policies"].items())
        yield f"points of 100 lost on average: {part['regret']:.2f}; {others}"


def _calibration(found: Mapping[str, Any], scored: bool) -> Iterator[str]:
    if not scored:
        return
    if found["ece"] is None:
        yield f"calibration: none shown, {found['n']} predictions with a probability are too few (from {THIN} on)"
        return
    yield (
        f"calibration: expected error {found['ece']:.3f}, Brier score {found['brier']:.3f}, n = {found['n']} (a tenth "
        f"with fewer than {THIN} shows no share)"
    )
    for bin_ in found["reliability"]:
        if bin_["n"] >= THIN:
            yield f"  said {100 * bin_['said']:.0f} %, held {100 * bin_['held']:.0f} % (n = {bin_['n']})"
        else:
            yield f"  said about {bin_['said']:.1f}: n = {bin_['n']}"


def _short(group: Mapping[str, Any]) -> str:
    lost = "" if group["regret"] is None else f", {group['regret']:.2f} points lost"
    return f"{group['hits'] + group['ties']} of {group['n']}{lost}"


def _prediction(entry: Mapping[str, Any]) -> str:
    scores = ", ".join(f"{name} {value:.1f}" for name, value in entry["scores"].items())
    lost = f"{entry['regret']:.1f} lost"
    return f"{entry['title']}: {entry['outcome']}, advised {entry['pick']}, best {entry['best']}, {lost} ({scores})"


def _miss(miss: Mapping[str, Any]) -> Iterator[str]:
    yield f"{miss['id']}: advised {miss['pick'] or 'nothing'}, {_became(miss)}; {miss['title']}"
    reason = miss["remark"] or _why(miss)
    if reason:
        yield f"  {reason}"


def _became(miss: Mapping[str, Any]) -> str:
    if miss["regret"] is None:
        return f"expected {miss['best']}"
    told = f"{miss['best']} was {miss['regret']:.1f} points better"
    if miss["interval"] is not None:
        low, high = miss["interval"]
        told += f" ({low:.1f} to {high:.1f}{'; undecided' if miss['outcome'] == 'undecided' else ''})"
    return told


def _why(miss: Mapping[str, Any]) -> str:
    if not miss["why"]:
        return ""
    return f"Put first by: {miss['why']}." if miss["id"].startswith("run:") else f"{miss['why'].capitalize()}."


def _groups(part: Mapping[str, Any]) -> str:
    noun = "paper" if "published" in part["title"] else "case" if "real" in part["title"] else "task"
    return f"{part['groups']} {noun}{'s' if part['groups'] != 1 else ''}"
