"""Looks over a whole rule pack: what is wrong with it, and what is merely worth a second look.

What needs the engine (rules that never fire, contradict or repeat each other, cliff edges) is in
`reasoning.lint_scored`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from advisor.errors import InputError, Problem
from advisor.knowledge import rulebook
from advisor.knowledge.conditions import Compare, Market, facts_read, walk
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.model_names import read_model_names
from advisor.knowledge.prices import PriceTable
from advisor.knowledge.quality_model import ANSWERS, NAMES, PRIORS, model_file, read_model, read_priors, studies_folder
from advisor.knowledge.quality_model import FOLDER as STUDIES
from advisor.knowledge.record_summary import read_summary, record_folder
from advisor.knowledge.staleness import overdue, stale_rules
from advisor.knowledge.study_registry import FOLDER as PAPERS
from advisor.knowledge.study_registry import read_registry
from advisor.knowledge.vocabulary import DERIVED_FACTS

PLAIN_BOUNDS = (0.0, 1.0)  # need no parameter: nothing, and as many as needed


def check(folder: Path, day: date) -> tuple[list[Problem], list[Problem]]:
    """The problems of a pack (any of them makes it unusable) and the remarks (worth a look, harmless)."""
    problems: list[Problem] = []
    book = rulebook.read(folder, problems)
    if book is None:
        return problems, []
    PriceTable.load(book.price_folder, problems).check_market(book.market, problems)
    problems.extend(_unreadable(book))
    return problems, [] if problems else list(remarks(book, day))


def _unreadable(book: Rulebook) -> Iterator[Problem]:
    """What is wrong with the files beside the rules that an advice reads: forecast, beliefs, studies and record."""
    folder, fitted = studies_folder(book), model_file(book)
    papers = [layer / STUDIES / PAPERS for layer in book.layers]
    readers: list[Callable[[], object]] = [
        lambda: read_model(fitted) if fitted else None,
        lambda: read_priors(folder / PRIORS),
        lambda: read_model_names(folder / NAMES),
        lambda: read_registry(*(one for one in papers if one.is_dir())),
        lambda: read_summary(record_folder(book)),
    ]
    for read in readers:
        try:
            read()
        except InputError as error:
            yield from (one for one in error.problems if isinstance(one, Problem))


def remarks(book: Rulebook, day: date) -> Iterator[Problem]:
    """What is worth a second look in a rulebook, each with its file, its entry and a remedy."""
    yield from _aged(book, day)
    yield from _unread(book)
    yield from _uncited(book)
    for rule in book.rules:
        place = f"rule {rule.id}"
        if facts_read(rule.when) and (rule.fires is None or rule.rests is None):
            remedy = "add 'examples: {fires:, not:}'"
            yield Problem(rule.where, place, "no firing or resting example", "both, so that it is tested", remedy)
        for node in walk(rule.when):
            if isinstance(node, Compare) and node.bound.number not in (None, *PLAIN_BOUNDS):
                found = f"the bare number {node.bound.number:g} for {node.fact}"
                remedy = "move it to parameters.yaml with a source and a date"
                yield Problem(rule.where, place, found, "a parameter", remedy)
        for number, contest in enumerate(rule.contested_by):
            if not contest.resolution:
                remedy = "add 'resolution:' that says how it is resolved"
                yield Problem(rule.where, f"{place}: contested_by[{number}]", "no resolution", "both sides", remedy)
    for parameter in book.parameters.values():
        if not parameter.grade:
            remedy = "add 'grade:' from A (controlled study) to D (unsupported)"
            yield Problem("parameters.yaml", f"parameter {parameter.id}", "no grade", "A, B, C or D", remedy)


def _aged(book: Rulebook, day: date) -> Iterator[Problem]:
    for rule in book.rules:
        if rule.until is not None and rule.until < day:
            remedy = "remove it, or renew 'until:'"
            yield Problem(rule.where, f"rule {rule.id}", f"expired on {rule.until}", "a rule in force", remedy)
    for rule_id, reason in stale_rules(book, day).items():
        remedy = "look at its sources and set a new 'review_by:'; until then its points count for less"
        yield Problem(book.rule(rule_id).where, f"rule {rule_id}", f"stale: {reason}", "a date ahead", remedy)
    files = {"parameter": "parameters.yaml", "market fact": "market.yaml"}
    for kind, name, review_by in overdue(book, day):
        remedy = "look at its sources and set a new 'review_by:'"
        yield Problem(files[kind], f"{kind} {name}", f"to be reviewed by {review_by}", "a date ahead", remedy)


def _unread(book: Rulebook) -> Iterator[Problem]:
    techniques = [technique.when for approach in book.approaches.values() for technique in approach.techniques]
    read: set[str] = set(ANSWERS) if model_file(book) else set()
    for condition in (*(rule.when for rule in book.rules), *techniques):
        for name in facts_read(condition):
            read.update(DERIVED_FACTS[name].reads if name in DERIVED_FACTS else (name,))
    for name, question in book.questions.items():
        if name not in read and question.kind not in {"priorities", "model"}:
            found = "an answer that no rule reads"
            yield Problem("questions.yaml", f"question {name}", found, "a question with a consequence", "add a rule")
    used = {node.fact for rule in book.rules for node in walk(rule.when) if isinstance(node, Market)}
    for name in book.market:
        if name not in used:
            remedy = "add a rule with '{market: " + name + "}', or remove it"
            yield Problem("market.yaml", f"fact {name}", "a fact that no rule reads", "a rule for each", remedy)


def _uncited(book: Rulebook) -> Iterator[Problem]:
    cited = {name for rule in book.rules for name in rule.source}
    cited |= {name for rule in book.rules for contest in rule.contested_by for name in contest.source}
    cited |= {name for parameter in book.parameters.values() for name in parameter.source}
    cited |= {name for fact in book.market.values() for name in fact.source}
    beliefs = read_priors(studies_folder(book) / PRIORS)
    cited |= {name for belief in (*beliefs.tuning, *beliefs.hybrid) for name in belief.source}
    for name in book.sources:
        if name not in cited:
            yield Problem(
                "sources.yaml", f"source {name}", "nothing that cites it", "a rule or belief for each", "remove it"
            )
