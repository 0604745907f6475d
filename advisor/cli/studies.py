"""`advisor studies`: browse the published comparisons, add one, check them all, and fit the forecast to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor import locate
from advisor.cli import files, out, say
from advisor.cli.fit import fit_command
from advisor.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    from advisor.knowledge.studies import Comparison
    from advisor.knowledge.study_registry import Study

app = typer.Typer(
    help="Published comparisons: list, show, add, check, fit.", no_args_is_help=True, rich_markup_mode=None
)
app.command(name="fit")(fit_command)

Pack = Annotated[Path | None, typer.Option("--rules", help="Folder of a rule pack; the shipped one if absent.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(name="list")
def list_studies(
    kind: Annotated[str, typer.Option("--kind", help="Only studies on that kind of task.")] = "",
    winner: Annotated[str, typer.Option("--winner", help="Only studies in which that won at least once.")] = "",
    rules: Pack = None,
    json_: Json = False,
) -> None:
    """Lists the studies, one a line: year, rows, how often prompting, fine-tuning, hybrid won, and ties."""
    from advisor.knowledge.studies import TASK_KINDS, WINNERS

    _known("--kind", kind, tuple(dict.fromkeys(TASK_KINDS.values())))
    _known("--winner", winner, WINNERS)
    found = [
        study
        for study in _studies(rules)
        if (not kind or any(row.task_kind == kind for row in study.comparisons))
        and (not winner or study.wins()[winner])
    ]
    if json_:
        out(json.dumps([_plain(study) for study in found], indent=2, ensure_ascii=False) + "\n")
        return
    out(f"{'id':12} year  rows  prompt  tune  hybrid  tie  title\n")
    for study in found:
        p, f, h, t = study.wins().values()
        counts = f"{len(study.comparisons):5}  {p:6}  {f:4}  {h:6}  {t:3}"
        out(f"{study.id:12} {study.year} {counts}  {study.title}\n")
    say([f"{len(found)} studies, {sum(len(study.comparisons) for study in found)} comparisons"])


@app.command()
def show(
    study_id: Annotated[str, typer.Argument(metavar="STUDY", help="Its id.")], rules: Pack = None, json_: Json = False
) -> None:
    """Shows one study: what it found, what its numbers hide, and every comparison."""
    studies = {study.id: study for study in _studies(rules)}
    if study_id not in studies:
        remedy = nearest(study_id, studies) or "see: advisor studies list"
        raise InputError([Problem("STUDY", "", repr(study_id), "the id of a study", remedy)])
    study = studies[study_id]
    if json_:
        rows = [_plain_row(row) for row in study.comparisons]
        out(json.dumps({**_plain(study), "comparisons": rows}, indent=2, ensure_ascii=False) + "\n")
    else:
        out("".join(f"{line}\n" for line in _page(study)))


@app.command()
def check(rules: Pack = None, json_: Json = False) -> None:
    """Checks every row of every study; exit status 1 if anything is wrong."""
    problems: list[Any] = []
    studies: tuple[Study, ...] = ()
    try:
        studies = _studies(rules)
    except InputError as error:
        problems = list(error.problems)
    rows = sum(len(study.comparisons) for study in studies)
    if json_:
        data = {"studies": len(studies), "comparisons": rows, "problems": [str(problem) for problem in problems]}
        out(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    else:
        out("".join(f"{problem}\n" for problem in problems))
        say([f"{len(problems)} problems" + (f", {len(studies)} studies, {rows} comparisons" if studies else "")])
    if problems:
        raise typer.Exit(1)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A study (YAML), or its comparisons (CSV).")],
    summary: Annotated[str, typer.Option("--summary", help="With CSV: what it found, in a sentence or two.")] = "",
    caveat: Annotated[str, typer.Option("--caveat", help="With CSV: what its numbers hide.")] = "",
    read: Annotated[str, typer.Option("--read", help="With CSV: full_text, secondary or abstract.")] = "full_text",
    rules: Pack = None,
) -> None:
    """Checks a study and writes it into the registry of a pack; then refit with `advisor studies fit`."""
    from advisor.knowledge.quality_model import FOLDER as STUDIES
    from advisor.knowledge.quality_model import PRIORS
    from advisor.knowledge.study_registry import FOLDER as PAPERS
    from advisor.knowledge.study_registry import READ
    from advisor.knowledge.study_writer import text_of

    _known("--read", read, tuple(READ))
    study = _from_csv(file, summary, caveat, read) if file.suffix.lower() == ".csv" else _from_yaml(file)
    if study.id in {other.id for other in _studies(rules)}:
        raise InputError([Problem(str(file), "id", repr(study.id), "an id that the registry does not have")])
    folder = (rules or locate.rules_dir()) / STUDIES / PAPERS
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{study.id}.yaml"
    files.write(target, text_of(study).encode())
    after = "refit the forecast with: advisor studies fit"
    if rules is not None and not (rules / STUDIES / PRIORS).exists():
        after = f"shown as evidence; the forecast stays as shipped, as this pack has no {STUDIES}/{PRIORS} to fit with"
    say([f"wrote {target}: {len(study.comparisons)} comparisons", after])


def _studies(rules: Path | None) -> tuple[Study, ...]:
    """The studies of a pack and of those below it."""
    from advisor.knowledge import rulebook
    from advisor.knowledge.quality_model import FOLDER as STUDIES
    from advisor.knowledge.study_registry import FOLDER as PAPERS
    from advisor.knowledge.study_registry import read_registry

    folders = [layer / STUDIES / PAPERS for layer in rulebook.layers(rules or locate.rules_dir())]
    return read_registry(*(folder for folder in folders if folder.is_dir()))


def _from_yaml(file: Path) -> Study:
    from advisor.knowledge.study_registry import parse_study

    problems: list[Problem] = []
    study = parse_study(file, str(file), problems)
    if problems or study is None:
        raise InputError(problems)
    return study


def _from_csv(file: Path, summary: str, caveat: str, read: str) -> Study:
    """The one study whose comparisons a CSV file holds, checked as a file of the registry would be."""
    import tempfile

    from advisor.knowledge.studies import read_comparisons
    from advisor.knowledge.study_registry import Study
    from advisor.knowledge.study_writer import text_of

    rows = read_comparisons(file)
    found = sorted({row.study for row in rows})
    problems = []
    if len(found) != 1:
        told = f"{len(found)} studies: {', '.join(found)}"
        problems.append(Problem(str(file), "id", told, "the comparisons of one study", "split the file"))
    elif not re.fullmatch(r"[a-z0-9]+", found[0]):
        allowed = "the study's short name in small letters and digits, a hyphen and a number"
        problems.append(Problem(str(file), "id", repr(rows[0].id), allowed))
    if not summary.strip():
        problems.append(Problem("--summary", "", "nothing", "a sentence or two on what the study found"))
    if rows and rows[0].year is None:
        problems.append(Problem(str(file), "authors_year", repr(rows[0].authors_year), "authors and year"))
    if problems:
        raise InputError(problems)
    first = rows[0]
    made = Study(
        first.study, first.paper, first.authors_year, first.year or 0, first.source_url, read, summary, caveat, rows
    )
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / f"{made.id}.yaml"
        draft.write_text(text_of(made), encoding="utf-8")
        try:
            return _from_yaml(draft)
        except InputError as error:
            found_in = [p if isinstance(p, str) else replace(p, where=str(file)) for p in error.problems]
            raise InputError(found_in) from None


def _known(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value and value not in allowed:
        remedy = nearest(value, allowed)
        raise InputError([Problem(option, "", repr(value), "one of " + ", ".join(allowed), remedy)])


def _page(study: Study) -> Iterator[str]:
    from advisor.knowledge.study_registry import READ

    p, f, h, t = study.wins().values()
    yield f"{study.title} ({study.authors_year})"
    yield study.source
    yield ""
    yield study.summary
    if study.caveat:
        yield f"Mind: {study.caveat}"
    won = f"prompting won {p}, fine-tuning {f}, a hybrid {h}; {t} level (within one point of 100)."
    yield f"{READ[study.read].capitalize()}. {len(study.comparisons)} comparisons: {won}"
    yield ""
    yield f"{'row':5} {'examples':>8}  {'prompt':>6} {'tuned':>6} {'hybrid':>6}  {'winner':11}  task (metric)"
    for row in study.comparisons:
        points = row.points()
        scores = " ".join(
            f"{points[name]:6.1f}" if name in points else "     –" for name in ("prompting", "fine_tuning", "hybrid")
        )
        count = "–" if row.examples is None else f"{row.examples:,}"
        yield f"{row.id.rpartition('-')[2]:5} {count:>8}  {scores}  {row.winner():11}  {row.task_name} ({row.metric})"


def _plain(study: Study) -> dict[str, Any]:
    return {
        "id": study.id,
        "title": study.title,
        "authors_year": study.authors_year,
        "year": study.year,
        "source": study.source,
        "read": study.read,
        "summary": study.summary,
        "caveat": study.caveat,
        "rows": len(study.comparisons),
        "wins": dict(study.wins()),
    }


def _plain_row(row: Comparison) -> dict[str, Any]:
    from dataclasses import asdict

    plain = {name: value for name, value in asdict(row).items() if name not in {"paper", "authors_year", "line"}}
    return {**plain, "points": dict(row.points()), "winner": row.winner()}
