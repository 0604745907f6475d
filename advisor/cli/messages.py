"""Which messages the catalogue lacks, keeps without use, or translates with other placeholders.

For those who translate: `python -m advisor.cli.messages [LANGUAGE] [--po]`; `--po` prints what is missing as entries.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import advisor
from advisor import locate
from advisor.cli import out

KEYWORDS: Mapping[str, int] = {"say": 1, "message": 1, "say_many": 2}  # how many messages each is called with first
ORIGINS = ("measured", "published", "estimated", "stated", "default")
UNITS = (
    "USD", "per month", "per request", "points", "points of 100", "percentage points", "share", "items", "examples",
    "tokens", "weeks", "week", "months", "month", "ms", "billion parameters", "requests a month", "s per item",
    "USD per month", "of 1",
)  # fmt: skip
KINDS = (
    *("gate", "score", "note", "measurement", "forecast", "complete", "incomplete"),
    *("rank sum", "worst criterion"),
)
BASELINES = ("majority", "linear", "nearest")
METRICS = (
    *("accuracy", "macro F1", "exact match", "exact match normalised", "exact match number", "token F1", "ROUGE-L"),
    *("chrF", "slot micro F1", "field micro F1", "win rate"),
)


def used() -> frozenset[str]:
    """Every message of the code and of the shipped rule pack, in English."""
    return frozenset(text for text in (*_of_code(), *_of_knowledge()) if re.search("[A-Za-z]", text))


def _of_code() -> Iterator[str]:
    """The literal messages in the code, those inside of f-strings too, which babel's reader passes over."""
    root = Path(advisor.__file__).parent
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).parts[0] == "cli":  # a command speaks English on the error channel
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for scope in (tree, *functions):
            named = _named(scope)
            for call in ast.walk(scope):
                name = getattr(call.func, "id", "") if isinstance(call, ast.Call) else ""
                given = call.args[: KEYWORDS[name]] if isinstance(call, ast.Call) and name in KEYWORDS else []
                for one in given:
                    yield from _literals(one)
                    if isinstance(one, ast.Name) and scope is not tree:
                        yield from (text for value in named.get(one.id, ()) for text in _literals(value))


def _named(scope: ast.AST) -> Mapping[str, list[ast.expr]]:
    """What each name is set to in a function, where it is set by itself."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return found


def _literals(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.IfExp):
        yield from (*_literals(argument.body), *_literals(argument.orelse))
    elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value


def _of_knowledge() -> Iterator[str]:
    from advisor.knowledge import rulebook
    from advisor.knowledge.domain import APPROACHES, CRITERIA
    from advisor.knowledge.prices import KINDS as PRICE_UNITS
    from advisor.knowledge.prices import PriceTable
    from advisor.knowledge.quality_model import model_file, read_model
    from advisor.knowledge.study_registry import FOLDER, READ, read_registry
    from advisor.knowledge.translated import texts
    from advisor.knowledge.vocabulary import DERIVED_FACTS
    from advisor.knowledge.wording import plain_field

    book = rulebook.load(locate.rules_dir())
    yield from texts(book)
    yield from (plain_field(name) for name in book.questions)
    yield from (name.replace("_", " ") for name in (*APPROACHES, *CRITERIA))
    yield from (name.replace("_", "-") for name in APPROACHES)
    yield book.name
    yield from (case.title for case in book.cases)
    yield from (*ORIGINS, *UNITS, *KINDS, *BASELINES, *METRICS, *READ.values(), *PRICE_UNITS.values())
    yield from (one.id.replace("_", " ") for way in book.approaches.values() for one in way.techniques)
    for fact in DERIVED_FACTS.values():
        yield from (fact.title, fact.unit)
    for study in read_registry(locate.rules_dir() / "studies" / FOLDER):
        yield from (study.summary, study.caveat)
    prices = PriceTable.load(book.price_folder, [])
    yield from (size.id.replace("_", " ") for size in prices.assumptions.sizes)
    for assumption in prices.assumptions.entries.values():
        yield from (assumption.title, assumption.unit)
        if assumption.origin == "published":
            yield assumption.source
    yield from (price.amount.source for price in prices.rows.values() if " " in price.amount.source)
    fitted = model_file(book)
    if fitted is not None:
        model = read_model(fitted)
        yield from (*model.tuning.because, *model.hybrid.because)


def catalogue(language: str) -> dict[str, str]:
    """The messages of a catalogue file with their translations."""
    from babel.messages.pofile import read_po

    with (Path(advisor.__file__).parent / "language" / f"{language}.po").open("rb") as file:
        found = read_po(file, locale=language)
    return {str(entry.id): str(entry.string) for entry in found if entry.id}


def missing(language: str) -> tuple[str, ...]:
    """The messages without a translation, in alphabetical order."""
    there = catalogue(language)
    return tuple(sorted(text for text in used() if not there.get(text)))


def stale(language: str) -> tuple[str, ...]:
    """The messages of a catalogue that nothing uses any more."""
    return tuple(sorted(set(catalogue(language)) - used()))


def misplaced(language: str) -> tuple[str, ...]:
    """The messages whose translation has other placeholders, or braces that are none."""
    return tuple(
        sorted(text for text, said in catalogue(language).items() if said and placeholders(text) != placeholders(said))
    )


def placeholders(text: str) -> frozenset[str]:
    """The names in braces of a message."""
    return frozenset(re.findall(r"\{([^{}]*)\}", text))


def main(arguments: Sequence[str]) -> int:
    """Prints the counts of missing, stale and misplaced messages (or the missing ones as entries); 1 if there are."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    language = next((word for word in arguments if not word.startswith("-")), "de")
    lacking, unused, wrong = missing(language), stale(language), misplaced(language)
    if "--po" in arguments:
        entries = Catalog(locale=language)
        for text in lacking:
            entries.add(text)
        write_po(sys.stdout.buffer, entries, width=0, omit_header=True)
    else:
        out(f"{language}: {len(lacking)} missing, {len(unused)} stale, {len(wrong)} with other placeholders\n")
        out("".join(f"  {text!r}\n" for text in (*unused, *wrong)))
    return 1 if lacking or unused or wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
