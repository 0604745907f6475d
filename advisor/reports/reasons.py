"""The sections on what spoke: reasons by criterion with the evidence against them, what is ruled out, near misses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from advisor.knowledge.domain import Quantity
from advisor.knowledge.wording import field_words, option
from advisor.language import lowered, say
from advisor.reasoning.advice import Advice, FactRead, Finding, NearMiss, RuledOut
from advisor.reports.document import (
    Against,
    Argument,
    Bullets,
    Citation,
    Paragraph,
    Runs,
    Section,
    Strong,
    Text,
    Value,
    runs,
)
from advisor.reports.verdict import title_of
from advisor.reports.wording import capital, listed


def reasons(advice: Advice) -> Section:
    """The findings grouped by criterion, heaviest criterion first, strongest reason first."""
    groups: dict[str, dict[str, list[Finding]]] = {}
    for finding in advice.findings:
        if finding.kind != "gate" and finding.criterion:
            groups.setdefault(finding.criterion, {}).setdefault(finding.rule, []).append(finding)
    order = sorted(groups, key=lambda criterion: -advice.weights.get(criterion, 0.0))
    sections = tuple(
        Section(
            f"reasons-{_anchor(criterion)}",
            capital(option(criterion)),
            tuple(argument(advice, found) for found in _strongest(groups[criterion].values())),
        )
        for criterion in order
    )
    if not sections:
        return Section("reasons", say("Reasons"), ())
    intro = say(
        "Each reason is a rule that your answers fulfil. The figure beside an approach is what the rule "
        "adds to its score or takes from it: points of the rule times the weight share of the criterion."
    )
    return Section("reasons", say("Reasons"), (Paragraph(runs(intro), muted=True),), sections)


def argument(advice: Advice, found: Sequence[Finding]) -> Argument:
    """One rule with its effect on each approach that it moves."""
    first = found[0]
    effects = tuple(
        (title_of(advice, item.approach), _effect(item))
        for item in found
        if item.approach and item.weighted is not None
    )
    return Argument(
        title=first.title,
        rule=first.rule,
        because=_because(advice, found),
        effects=effects,
        read=read(first.facts),
        sources=cited(advice, first.source),
        against=_against(advice, first),
    )


def _against(advice: Advice, finding: Finding) -> tuple[Against, ...]:
    return tuple(
        Against(runs(item.because), cited(advice, item.source), runs(item.resolution)) for item in finding.contested_by
    )


def _because(advice: Advice, found: Sequence[Finding]) -> Runs:
    """The reason, said once; approach by approach where they differ (those of a measurement do)."""
    if len({item.because for item in found}) == 1:
        return runs(found[0].because)
    parts: list[object] = []
    for item in found:
        parts += [" " if parts else "", f"{title_of(advice, item.approach or '')}: ", item.because]
    return runs(*parts)


def _effect(finding: Finding) -> Quantity:
    source = say("points that the rule gives × weight share of its criterion")
    origin = "measured" if finding.kind == "measurement" else "estimated"
    return Quantity(finding.weighted or 0.0, "points", origin, source)  # type: ignore[arg-type]


def read(facts: Iterable[FactRead]) -> tuple[tuple[str, Value], ...]:
    """The facts that a rule read, in words; those that are not known are left out."""
    return tuple(
        (capital(fact.title), Value(option(fact.value), fact.origin, _fact_source(fact)))
        for fact in facts
        if fact.origin != "not known" and fact.value not in {say("not known"), say("does not apply")}
    )


def _fact_source(fact: FactRead) -> str:
    if fact.origin == "stated":
        return say("your answer to {name}", name=fact.name)
    return say("derived fact {name}", name=fact.name) if fact.origin == "estimated" else fact.name


def cited(advice: Advice, names: Sequence[str]) -> Runs:
    """Citations of the sources that are listed; what is not in the list stands as text."""
    known = {source.id for source in advice.evidence.published}
    listed_ = tuple(name for name in names if name in known)
    other = [name for name in names if name not in known]
    return runs(*([Citation(listed_)] if listed_ else []), " " if listed_ and other else "", "; ".join(other))


def _strongest(groups: Iterable[list[Finding]]) -> list[list[Finding]]:
    return sorted(groups, key=lambda found: (-max(abs(item.weighted or 0.0) for item in found), found[0].rule))


def ruled_out(advice: Advice) -> Section:
    """Each approach that is ruled out, why, and what would lift it."""
    blocks = tuple(
        Argument(
            title=f"{title_of(advice, item.approach)}: {item.title}",
            rule=item.rule,
            because=runs(item.because),
            read=read(item.facts),
            sources=cited(advice, item.source),
            lift=runs(" ".join([item.lift, *_missing(advice, item)])),
        )
        for item in advice.ruled_out
    )
    return Section("ruled-out", say("Ruled out, and what would lift it"), blocks)


def _missing(advice: Advice, item: RuledOut) -> list[str]:
    """The dollars or weeks that are missing where that is why an approach is ruled out."""
    read_by_gate = {fact.name for fact in item.facts}
    return [short.text for short in advice.shortfalls if short.approach == item.approach and short.fact in read_by_gate]


def notes(advice: Advice) -> Section:
    """The advice that stands beside any verdict."""
    blocks = tuple(
        Argument(
            title=item.title,
            rule=item.rule,
            because=runs(item.because),
            read=read(item.facts),
            sources=cited(advice, item.source),
            against=_against(advice, item),
        )
        for item in advice.notes
    )
    return Section("notes", say("Worth knowing in any case"), blocks)


def near_misses(advice: Advice) -> Section:
    """The rules that did not speak but would with one answer more or a small change."""
    if not advice.near_misses:
        return Section("near-misses", say("Near misses"), ())
    items = tuple((_miss(advice, item),) for item in advice.near_misses)
    intro = say("Rules that did not speak, and what is missing for them to speak.")
    return Section("near-misses", say("Near misses"), (Paragraph(runs(intro), muted=True), Bullets(items)))


def _miss(advice: Advice, miss: NearMiss) -> Runs:
    concerned = listed([lowered(title_of(advice, approach)) for approach in miss.approaches])
    about = say(" (about {concerned})", concerned=concerned) if concerned else ""
    if miss.reason == "unknown" and miss.missing:
        asked = listed([field_words(name) for name in miss.missing])
        return runs(Strong(miss.title), about, say(": not decided while nothing is known of {asked}.", asked=asked))
    return runs(Strong(miss.title), about, ": ", Text(miss.detail))


def _anchor(text: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text.lower())
