"""The published studies nearest to the case: what won, by how much, where they disagree, what none of them covers."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.language import say
from advisor.reasoning.advice import Conflict, LikeEvidence, LikeStudy
from advisor.reports.document import Block, Bullets, Callout, Link, Paragraph, Runs, Table, runs
from advisor.reports.wording import capital


def like(found: LikeEvidence) -> Iterator[Block]:
    """The blocks on studies like the case, the nearest first."""
    yield Paragraph(runs(found.text))
    yield Table(
        (say("Study"), say("What won"), say("Lead in points"), say("Unlike yours in"), say("How it was read")),
        tuple(_row(study) for study in found.studies),
        say("Studies like yours, judged by their nearest comparisons"),
        (2,),
    )
    yield Bullets(tuple((runs(f"{study.title} – ", study.summary, _caveat(study)),) for study in found.studies))
    for conflict in found.conflicts:
        yield Callout(
            "tie",
            say("These studies disagree") if _two(conflict.prompting, conflict.tuning) else say("Mixed results"),
            runs(conflict.text),
        )
        yield from _side_by_side(found, conflict)
    if found.gaps:
        yield Callout("info", say("Not covered"), runs(" ".join(found.gaps)))


def _side_by_side(found: LikeEvidence, conflict: Conflict) -> Iterator[Block]:
    """The two studies that disagree, each in a column; nothing where one study disagrees with itself."""
    named = {study.study: study for study in found.studies}
    pair = [named[name] for name in dict.fromkeys((conflict.prompting, conflict.tuning)) if name in named]
    if len(pair) < 2:
        return
    rows: list[tuple[Runs, ...]] = [
        (runs(say("What won")), *(runs(capital(study.outcome)) for study in pair)),
        (runs(say("Lead in points")), *(runs("–") if study.lead is None else runs(study.lead) for study in pair)),
        (runs(say("Tasks")), *(runs("; ".join(study.tasks)) for study in pair)),
        (runs(say("Unlike yours in")), *(_unlike(study) for study in pair)),
        (runs(say("How it was read")), *(runs(study.read) for study in pair)),
    ]
    if any(study.caveat for study in pair):
        rows.append((runs(say("Mind")), *(runs(study.caveat or "–") for study in pair)))
    columns = ("", *(f"{study.title}, {study.authors_year}" for study in pair))
    yield Table(columns, tuple(rows), say("Conflicting studies side by side"))


def _unlike(study: LikeStudy) -> Runs:
    return runs(capital("; ".join(study.differs)) if study.differs else say("nothing that you stated"))


def _row(study: LikeStudy) -> tuple[Runs, ...]:
    title = runs(Link(study.title, study.source), f", {study.authors_year}")
    lead = runs("–") if study.lead is None else runs(study.lead)
    return title, runs(capital(study.outcome)), lead, _unlike(study), runs(study.read)


def _caveat(study: LikeStudy) -> str:
    return say(" Mind: {caveat}", caveat=study.caveat) if study.caveat else ""


def _two(one: str, two: str) -> bool:
    return one != two
