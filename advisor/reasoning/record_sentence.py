"""The record in one sentence, as every report tells it among its limits."""

from __future__ import annotations

from advisor.knowledge.record_summary import RecordSummary
from advisor.language import say


def sentence(summary: RecordSummary) -> str:
    """What a report says of the record, with counts and their origin; empty where nothing was counted."""
    parts = []
    run, study, case = (summary.counts.get(name) for name in ("run", "study", "case"))
    if study is not None and study.n:
        parts.append(
            say(
                "{good} of {n} published comparisons from {groups} papers, each forecast without its paper",
                good=study.good,
                n=study.n,
                groups=study.groups,
            )
        )
    if run is not None and run.n:
        parts.append(
            say(
                "{good} of {n} own runs on {groups} tasks, locked before the benchmark",
                good=run.good,
                n=run.n,
                groups=run.groups,
            )
        )
    if case is not None and case.n:
        parts.append(say("{good} of {n} real choices that the makers of the rules knew", good=case.good, n=case.n))
    if not parts:
        return ""
    told = say(
        "The record of this advice, hits and ties (rules {version}): {parts}.",
        version=summary.rulebook_version,
        parts="; ".join(parts),
    )
    return told + " " + say("Every miss is listed, with its reason, by: advisor record.")
