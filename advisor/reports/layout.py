"""Lays an advice out as a document, once for every format. Nothing is computed anew beyond wording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.knowledge.domain import Quantity
from advisor.knowledge.wording import option
from advisor.language import current, lowered, say, say_many, written
from advisor.reasoning.advice import Advice, Flip, Ranked
from advisor.reports import appendix, charts, comparison, depths, evidence, reasons, schedule, working
from advisor.reports.cost_study import simulated
from advisor.reports.document import (
    Block,
    Bullets,
    Chart,
    Details,
    Document,
    Paragraph,
    Runs,
    Section,
    Strong,
    Table,
    runs,
)
from advisor.reports.edition import depth, dressed
from advisor.reports.verdict import LIMITS, changed, contenders, cost_table, flip_runs, title_of, verdict
from advisor.reports.wording import capital, field_title

MOST_PAIRS = 20  # changes of two answers that are told


def lay_out(advice: Advice, command: str = "") -> Document:
    """The report of an advice. `command` is the line that makes it again; a plausible one is written if it is empty."""
    sections = [section for section in _sections(advice) if section.blocks or section.sections]
    sections += [appendix.numbers(sections), appendix.sign_off(), appendix.reproduction(advice, command)]
    sections = [section for section in sections if section.blocks or section.sections]
    document = Document(
        title=advice.name or say("Prompting, fine-tuning or a hybrid?"),
        subtitle=say("Advice on how to customise the model, as of {as_of}", as_of=written(advice.as_of)),
        language=current(),
        sections=depths.cut(sections, depth()),
        footer=runs(
            say(
                "As of {as_of}; review by {review_by}. Rulebook: {rulebook} {rulebook_version}. Verdict {verdict_id}.",
                as_of=written(advice.as_of),
                review_by=written(advice.review_by),
                rulebook=say(advice.rulebook),
                rulebook_version=advice.rulebook_version,
                verdict_id=advice.verdict_id,
            )
        ),
        day=advice.as_of,
    )
    return dressed(document)


def _sections(advice: Advice) -> Iterator[Section]:
    unsure = advice.status != "advice"
    yield verdict(advice)
    if unsure:
        yield _questions(advice)
    yield _ranking(advice)
    yield reasons.reasons(advice)
    yield comparison.why_not(advice)
    yield _costs(advice)
    yield _flips(advice)
    yield reasons.near_misses(advice)
    yield reasons.ruled_out(advice)
    yield evidence.evidence(advice)
    yield schedule.plan(advice)
    yield reasons.notes(advice)
    if not unsure:
        yield _questions(advice)
    yield _limits(advice)
    yield evidence.sources(advice)
    yield appendix.answers(advice)
    yield comparison.trace(advice)


def _ranking(advice: Advice) -> Section:
    spec = charts.ranking(advice)
    if spec is None:
        return Section("ranking", say("Ranking"), ())
    criteria = list(advice.weights)
    origin = "stated" if "priorities" in advice.answers else "default"
    source = (
        say("your priorities")
        if origin == "stated"
        else say("default weights of the rulebook {rulebook_version}", rulebook_version=advice.rulebook_version)
    )
    shares = [Quantity(100 * share, "%", origin, source) for share in advice.weights.values()]  # type: ignore[arg-type]
    rows = [_ranked(item, criteria) for item in advice.ranking]
    rows.append((runs(say("Weight")), runs(), *(runs(share) for share in shares)))
    table = Table(
        (say("Approach"), say("Score"), *(capital(option(name)) for name in criteria)),
        tuple(rows),
        say("Points per criterion before weighting"),
        tuple(range(1, len(criteria) + 2)),
        lead=(0,) if advice.recommendation else (),
    )
    what = Bullets(
        tuple(
            (runs(Strong(f"{charts.name(item)}: {item.technique_title}"), f". {item.technique_summary}"),)
            for item in advice.ranking
        )
    )
    compared = (*comparison.methods(advice), *comparison.lead(advice))
    return Section("ranking", say("Ranking"), (Chart(spec), table, what, *compared))


def _ranked(item: Ranked, criteria: list[str]) -> tuple[Runs, ...]:
    source = say("sum of the points that the rules that spoke give for this criterion")
    points = [Quantity(item.by_criterion.get(name, 0.0), "points", "estimated", source) for name in criteria]
    return (runs(charts.name(item)), runs(charts.score(item)), *(runs(value) for value in points))


def _costs(advice: Advice) -> Section:
    spec = charts.costs(advice)
    if spec is None:
        return Section("costs", say("Costs and time"), ())
    blocks: list[Block] = [
        Chart(spec),
        cost_table(advice.ranking, say("Likely cost in US dollars (low to high) and time")),
    ]
    blocks += simulated(advice)
    for item in contenders(advice):
        blocks += _lines(item)
    return Section("costs", say("Costs and time"), tuple(blocks))


def _lines(item: Ranked) -> Iterator[Block]:
    if not item.cost_usd.lines:
        return
    lines = sorted(item.cost_usd.lines, key=lambda line: line.phase != "setup")
    when = {"setup": say("once"), "monthly": say("each month")}
    rows = tuple((runs(line.title), runs(when[line.phase]), runs(line.amount)) for line in lines)
    yield Table(
        (say("Line"), say("Due"), say("US dollars")),
        rows,
        say("What the costs of {title} add up from", title=lowered(item.title)),
        (2,),
    )
    worked = tuple((runs(line.title), runs(working.formula(line.amount.source))) for line in lines)
    inner: list[Block] = [Table((say("Line"), say("Formula")), worked, say("Formulas"))]
    found = dict.fromkeys(term for line in lines for term in working.inputs(line.amount.source))
    if found:
        terms = tuple((runs(term.value), runs(term.origin)) for term in found)
        inner.append(Table((say("Input"), say("Where it comes from")), terms, say("Inputs, each once")))
    yield Details(say("How the costs of {title} are worked out", title=lowered(item.title)), tuple(inner))


def _flips(advice: Advice) -> Section:
    """Single answers as a table; changes of two answers at once below it, to be unfolded where there are both."""
    single = [flip for flip in advice.flips if len(flip.changes) == 1]
    double = [flip for flip in advice.flips if len(flip.changes) > 1]
    blocks: list[Block] = [_flip_table(advice, single)] if single else []
    pairs: list[Block] = [Bullets(tuple((flip_runs(advice, flip),) for flip in double[:MOST_PAIRS]))] if double else []
    if len(double) > MOST_PAIRS:
        rest = say_many(
            "{count} more is in the JSON form of this report.",
            "{count} more are in the JSON form of this report.",
            len(double) - MOST_PAIRS,
        )
        pairs.append(Paragraph(runs(rest), muted=True))
    if single and double:
        blocks.append(Details(say("Changes of two answers at once"), tuple(pairs)))
    elif double:
        blocks += pairs
    return Section("change", say("What would change it"), tuple(blocks))


def _flip_table(advice: Advice, flips: Sequence[Flip]) -> Table:
    effort = say("how hard such an answer is to change, as the questionnaire says")
    rows = tuple(
        (
            runs(title_of(advice, flip.becomes)),
            runs(field_title(flip.changes[0].field)),
            changed(flip.changes[0], "start", in_table=True),
            changed(flip.changes[0], "to", in_table=True),
            runs(Quantity(flip.effort, "", "default", effort)),
        )
        for flip in flips
    )
    columns = (say("Recommended instead"), say("If this answer"), say("went from"), say("to"), say("Effort, 1 to 5"))
    return Table(columns, rows, say("Smallest single changes that turn the recommendation"), (4,))


def _questions(advice: Advice) -> Section:
    if not advice.next_questions:
        return Section("questions", say("Questions worth asking next"), ())
    source = say("share of random completions of the open questions in which this answer decides which approach leads")
    rows = tuple(
        (
            runs(Strong(item.ask)),
            runs(item.field),
            runs(Quantity(100 * item.value, "%", "estimated", source)),
        )
        for item in advice.next_questions
    )
    table = Table(
        (say("Question"), say("Field"), say("Decides in")),
        rows,
        say("Open questions, the one that decides most often first"),
        (2,),
    )
    return Section("questions", say("Questions worth asking next"), (table,))


def _limits(advice: Advice) -> Section:
    items = [runs(item.text) for item in advice.limits]
    if advice.confidence.value is not None:
        items.append(runs(say("How sure: {basis}", basis=advice.confidence.basis)))
    return Section("limits", say(LIMITS), (Bullets(tuple((item,) for item in items)),) if items else ())
