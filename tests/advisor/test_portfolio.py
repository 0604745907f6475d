"""A sheet of projects: read as answers files are, decided as single advice is, and written without formulas."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.cli.portfolio import harmless, in_words, to_csv
from advisor.errors import InputError
from advisor.intake import answers as intake
from advisor.intake.answers import Answers
from advisor.intake.columns import Numbers, Words
from advisor.intake.facts import tabulate
from advisor.intake.sheet import parse_sheet, projects_in, read_sheet, read_sheets
from advisor.knowledge.conditions import facts_read
from advisor.knowledge.domain import CRITERIA, Rulebook
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine
from advisor.reasoning.portfolio import Portfolio, Tally
from advisor.reasoning.regions import exact

MODELS = ("openai/gpt-6-luna", "google/gemini-4-argon", "gpt-5-mini")


def random_project(book: Rulebook, rng: random.Random, share: float) -> dict[str, Any]:
    """Answers to some of the questions: words, numbers, ranges, weights, not known and does not apply."""
    raw: dict[str, Any] = {"name": f"project {rng.randrange(10**6)}"}
    for name, question in book.questions.items():
        if rng.random() > share:
            continue
        if rng.random() < 0.05:
            raw[name] = rng.choice([None, "not_known", "does_not_apply"]) if question.kind != "priorities" else None
        elif question.kind == "choice":
            raw[name] = rng.choice(question.values)
        elif question.kind == "model":
            raw[name] = rng.choice(MODELS)
        elif question.kind == "priorities":
            raw[name] = {one: rng.choice([1, 2.5, 5]) for one in CRITERIA if rng.random() < 0.5}
        else:
            low, high = question.typical
            floor = question.min or 0
            draw = sorted(max(rng.uniform(low, high), floor) for _ in range(3))
            numbers = [round(n) if question.kind == "integer" else round(n, 4) for n in draw]
            wide = rng.random() < 0.3
            raw[name] = dict(zip(("low", "likely", "high"), numbers, strict=True)) if wide else numbers[1]
    return raw


def sheet_of(book: Rulebook, projects: list[dict[str, Any]], *, wide: bool) -> bytes:
    """The projects as CSV; ranges in three columns where `wide`, in one cell elsewhere."""
    text = io.StringIO()
    columns = ["name"]
    for name, question in book.questions.items():
        parts = CRITERIA if question.kind == "priorities" else ("low", "likely", "high") if question.numeric else ()
        columns += [] if question.kind == "priorities" else [name]
        columns += [f"{name}.{part}" for part in parts if wide or question.kind == "priorities"]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for project in projects:
        row: dict[str, Any] = {}
        for name, value in project.items():
            if name == "priorities" and value is None:
                continue
            if isinstance(value, dict) and (wide or name == "priorities"):
                row |= {f"{name}.{part}": number for part, number in value.items()}
            elif isinstance(value, dict):
                row[name] = "|".join(str(value[part]) for part in ("low", "likely", "high"))
            else:
                row[name] = value
        writer.writerow(row)
    return text.getvalue().encode()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9), wide=st.booleans(), share=st.sampled_from([0.2, 0.6, 1.0]))
def test_a_sheet_gives_the_columns_that_its_rows_give_one_by_one(
    book: Rulebook, seed: int, wide: bool, share: float
) -> None:
    """Values, what is known and absent, words, weights, defaults and the answers of each row are the same."""
    rng = random.Random(seed)
    projects = [random_project(book, rng, share) for _ in range(12)]
    single = [intake.parse({k: v for k, v in raw.items() if v != {}}, book) for raw in projects]
    sheet, wanted = parse_sheet(sheet_of(book, projects, wide=wide), book), tabulate(single, book)
    assert sheet.facts.defaulted == wanted.defaulted
    assert np.array_equal(sheet.facts.weights, wanted.weights)
    assert list(sheet.facts.columns) == list(wanted.columns)
    for name, column in wanted.columns.items():
        mine = sheet.facts.columns[name]
        if isinstance(column, Words):
            assert isinstance(mine, Words)
            assert mine.values == column.values
            assert mine.codes.tolist() == column.codes.tolist()
            assert mine.codes.dtype == column.codes.dtype
        else:
            assert isinstance(mine, Numbers)
            for part in ("low", "likely", "high", "known", "absent"):
                assert getattr(mine, part).tolist() == getattr(column, part).tolist(), (name, part)
    assert [sheet.answers(row) for row in range(len(sheet))] == single


def test_a_row_of_the_portfolio_says_what_the_single_advice_says(shipped: Engine) -> None:
    """Recommendation, status, technique, margin, scores, costs, weeks, obstacles and id are those of `recommend`."""
    rng = random.Random(3)
    projects = [random_project(shipped.book, rng, share) for share in (0.0, 0.2, 0.5, 0.8, 1.0, 0.4)]
    portfolio = Portfolio(shipped, parse_sheet(sheet_of(shipped.book, projects, wide=True), shipped.book))
    for row, found in enumerate(portfolio.rows()):
        advice = advise(portfolio.sheet.answers(row), shipped)
        assert found["row"] == row + 2
        for key in ("name", "recommendation", "status", "technique", "verdict_id"):
            assert found[key] == getattr(advice, key), key
        assert found["margin"] == pytest.approx(advice.margin, abs=1e-4)
        for one in advice.ranking:
            assert found[f"score_{one.approach}"] == pytest.approx(one.score, abs=1e-4)
        ruled_out = {(out.approach, out.rule) for out in advice.ruled_out}
        told = [part.split(": ") for part in found["ruled_out"].split("; ") if part]
        assert {(approach, rule) for approach, rules in told for rule in rules.split(", ")} == ruled_out
        if advice.recommendation is None:
            assert found["cost_usd_likely"] is found["lead_weeks_likely"] is None
            continue
        first = advice.ranking[0]
        for bound in ("low", "likely", "high"):
            assert found[f"cost_usd_{bound}"] == pytest.approx(getattr(first.cost_usd.horizon_total, bound), abs=0.01)
            assert found[f"lead_weeks_{bound}"] == pytest.approx(getattr(first.lead_time_weeks, bound), abs=0.01)


def test_the_next_question_is_open_and_applies(shipped: Engine) -> None:
    """A question is named where rules wait for it, never one that is answered or does not apply."""
    rng = random.Random(5)
    projects = [random_project(shipped.book, rng, rng.random()) for _ in range(60)]
    portfolio = Portfolio(shipped, parse_sheet(sheet_of(shipped.book, projects, wide=False), shipped.book))
    asked = [found["next_question"] for found in portfolio.rows()]
    assert sum(name is not None for name in asked) > 30
    for row, name in enumerate(asked):
        assert name is None or portfolio.sheet.answers(row).get(name) is None
        assert name != "class_count" or projects[row].get("task_kind") in (None, "not_known", "classification")


def test_the_summary_counts_and_adds_up_its_rows(shipped: Engine) -> None:
    """Counts by recommendation and status sum to the projects, costs to those of the rows."""
    rng = random.Random(8)
    projects = [random_project(shipped.book, rng, rng.random()) for _ in range(80)]
    portfolio = Portfolio(shipped, parse_sheet(sheet_of(shipped.book, projects, wide=False), shipped.book))
    rows, summary = list(portfolio.rows()), portfolio.summary()
    for name, count in summary.approaches.items():
        assert count == sum(row["recommendation"] == name for row in rows)
    for name, count in summary.statuses.items():
        assert count == sum(row["status"] == name for row in rows)
    assert sum(summary.statuses.values()) == summary.projects == 80
    assert sum(summary.techniques.values()) == sum(summary.approaches.values())
    for bound in ("low", "likely", "high"):
        total = sum(row[f"cost_usd_{bound}"] or 0 for row in rows)
        assert summary.cost_usd[bound] == pytest.approx(total, rel=1e-6)
    text = "\n".join(in_words(summary))
    assert "80 projects" in text
    assert summary.unlocks[0].field in text


def test_no_project_unlocks_nothing(shipped: Engine) -> None:
    """The summary of an empty sheet counts nothing and names no answer."""
    summary = Tally(shipped, 0).summary()
    assert (summary.projects, summary.sample, summary.unlocks) == (0, 0, ())
    assert summary.cost_usd == {"low": 0.0, "likely": 0.0, "high": 0.0}


def test_the_answer_that_unlocks_most_really_changes_leaders(shipped: Engine) -> None:
    """For each share there are as many projects of the sample whose leader differs between two possible answers."""
    rng = random.Random(9)
    projects = [random_project(shipped.book, rng, 0.6) for _ in range(30)]
    portfolio = Portfolio(shipped, parse_sheet(sheet_of(shipped.book, projects, wide=False), shipped.book))
    summary = portfolio.summary()
    assert summary.sample == 30
    ranks = [(-one.share, -one.open_in, one.field) for one in summary.unlocks]
    assert ranks == sorted(ranks)
    choices = [one for one in summary.unlocks if shipped.book.questions[one.field].kind == "choice"]
    assert choices
    for unlock in choices[:2]:
        values = shipped.book.questions[unlock.field].values
        count = 0
        for row in range(30):
            given = portfolio.sheet.answers(row)
            if given.get(unlock.field) is None:
                leaders = {leader(shipped, given, unlock.field, value) for value in values}
                count += len(leaders) > 1
        assert unlock.share == pytest.approx(count / 30, abs=1e-4)


def test_an_answer_that_acts_only_through_costs_can_unlock(shipped: Engine) -> None:
    """No rule reads the length of a request, but it decides what prompting costs and so what is advised."""
    weights = {"cost": 5, "quality": 0, "speed": 0, "adaptability": 0, "control": 0}
    volume = {"requests_per_month": 1_000_000, "output_tokens": 10, "base_model": "openai/gpt-6.1-sol"}
    project = {"labelled_examples": 3000, "knowledge_need": "none", "model_access": "hosted_api_with_tuning"}
    raw = {"name": "mail", "task_kind": "classification", **project, **volume, "priorities": weights}
    portfolio = Portfolio(shipped, parse_sheet(sheet_of(shipped.book, [raw], wide=False), shipped.book))
    read = {name for rule in shipped.rules if rule.kind != "note" for name in facts_read(rule.when)}
    assert "input_tokens" not in read
    assert "input_tokens" in {one.field for one in portfolio.summary().unlocks}
    given = portfolio.sheet.answers(0)
    short, long = (given.changed({"input_tokens": exact(float(tokens))}) for tokens in (50, 10_000))
    assert shipped.decide_answers([short]).leader[0] != shipped.decide_answers([long]).leader[0]


def leader(engine: Engine, given: Answers, field: str, value: str) -> int:
    """The approach that leads with one answer more."""
    return int(engine.decide_answers([given.changed({field: intake.Answer("word", word=value)})]).leader[0])


def test_all_bad_cells_are_reported_together_with_row_and_column(book: Rulebook) -> None:
    """Headings, words, numbers, ranges and weights that are wrong are each named; blank rows count as rows."""
    text = """name,task_kind,labelled_examples,deadline_weeks.low,deadline_weeks.likely,deadline_weeks.high,\
target_quality,base_model,priorities.quality,labeled_examples,setup_budget_usd.low
one,classificaton,1.5,1,2,3,90,openai/gpt-6-lunar,6,,
,,,,,,,,,,
two,classification,10|20,3,2,1,0.9,,x,,
three,classification,30|20|10,1,,3,nan,,,,
four,does_not_apply,1e400,does_not_apply,,,inf,,,,
five,classification,many
"""
    with pytest.raises(InputError) as caught:
        parse_sheet(text.encode(), book, "p.csv")
    told = "\n".join(map(str, caught.value.problems))
    for part in (
        "p.csv: row 2, column task_kind: found 'classificaton'",
        "did you mean 'classification'?",
        "row 2, column labelled_examples: found 1.5",
        "row 2, column target_quality: found 90",
        "write 0.9 for 90 %",
        "row 2, column base_model: found 'openai/gpt-6-lunar'",
        "row 2, column priorities.quality: found 6",
        "row 4, column labelled_examples: found '10|20'",
        "row 4, column deadline_weeks: found low 3, likely 2, high 1",
        "row 4, column priorities.quality: found 'x'",
        "row 5, column labelled_examples: found low 30, likely 20, high 10",
        "row 5, column deadline_weeks.likely: found nothing",
        "row 5, column target_quality: found 'nan'",
        "row 6, column labelled_examples: found '1e400'",
        "row 6, column deadline_weeks.low: found 'does_not_apply'",
        "row 6, column target_quality: found 'inf'",
        "row 7: found 3 cells; allowed: 11 cells",
        "row 7, column labelled_examples: found 'many'",
        "column labeled_examples: found an unknown field",
        "did you mean 'labelled_examples'?",
        "column setup_budget_usd.low: found a part of a range",
    ):
        assert part in told, part


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"", "no header"),
        (b"name,task_kind\n", "no projects"),
        (b"name,name\na,b\n", "the column twice"),
        (b"name,\na,b\n", "cells without a heading"),
        (b"name\n\xff\xfe\n", "UTF-8"),
        (b'name\n"open\n', "well-formed CSV"),
        (
            b"latency_ms,latency_ms.low,latency_ms.likely,latency_ms.high\n1,1,2,3\n",
            "a number and a range",
        ),
    ],
)
def test_a_sheet_that_is_none_is_refused_in_words(book: Rulebook, raw: bytes, part: str) -> None:
    """Files that are empty, torn, not text, or say a thing twice raise an input error."""
    with pytest.raises(InputError, match=part):
        parse_sheet(raw, book)


def test_many_problems_are_cut_off_with_their_number(book: Rulebook) -> None:
    """Of 3,000 bad cells the first thousand are told, and how many more there are."""
    text = "name,labelled_examples\n" + "".join(f"p{k},bad{k}\n" for k in range(3000))
    with pytest.raises(InputError) as caught:
        parse_sheet(text.encode(), book)
    assert len(caught.value.problems) == 1001
    assert "2,000 more" in str(caught.value.problems[-1])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_part_cells_and_a_byte_order_mark_is_ignored(book: Rulebook, delimiter: str) -> None:
    """Sheets saved by spreadsheets of other languages are read alike."""
    lines = [["name", "task_kind", "labelled_examples"], ["é", "extraction", " 1_200 "]]
    raw = "\r\n".join(delimiter.join(line) for line in lines).encode("utf-8-sig")
    answers = parse_sheet(raw, book).answers(0)
    assert answers == intake.parse({"name": "é", "task_kind": "extraction", "labelled_examples": 1200}, book)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        (" =1", "' =1"),
        ("＝1", "'＝1"),
        ("a;=1", "a;'=1"),
        ("a\n@b", "a\n'@b"),
    ],
)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text: str, safe: str) -> None:
    """Such a name is harmless in a spreadsheet, whatever it parts cells by; a negative number stays a number."""
    assert harmless(text) == safe
    assert harmless(-1.5) == -1.5
    assert harmless("a=1") == "a=1"
    read_back = list(csv.DictReader(io.StringIO(to_csv([{"name": text, "margin": -0.5, "x": None}]), newline="")))
    assert read_back == [{"name": safe, "margin": "-0.5", "x": ""}]


def test_a_sheet_read_in_blocks_gives_the_rows_and_the_summary_of_the_whole(
    book: Rulebook, shipped: Engine, tmp_path: Path
) -> None:
    """Blocks of seven rows, blank lines between them, add up to what one reading of the sheet gives."""
    rng = random.Random(11)
    raw = sheet_of(book, [random_project(book, rng, 0.5) for _ in range(40)], wide=True)
    lines = raw.splitlines(keepends=True)
    path = tmp_path / "projects.csv"
    path.write_bytes(b"".join([*lines[:9], b"\n\n", *lines[9:30], b"," * lines[0].count(b",") + b"\n", *lines[30:]]))
    whole = Portfolio(shipped, read_sheet(path, book))
    tally, rows = Tally(shipped, projects_in(path)), []
    for sheet in read_sheets(path, book, size=7):
        part = Portfolio(shipped, sheet)
        rows += list(part.rows())
        tally.add(part)
    assert rows == list(whole.rows())
    assert tally.summary() == whole.summary()
    assert len(rows) == 40


def test_a_fault_in_a_late_block_is_told_with_its_row_and_nothing_is_written(book: Rulebook, tmp_path: Path) -> None:
    """Every fault of every block is reported together; the sheets before it are given back by whoever took them."""
    path = tmp_path / "projects.csv"
    rows = [b"name,labelled_examples"] + [b"p%d,%d" % (n, n) for n in range(30)]
    rows[4], rows[25] = b"p3,many", b"p24,-1"
    path.write_bytes(b"\n".join(rows))
    sheets = []
    with pytest.raises(InputError) as caught:
        sheets.extend(read_sheets(path, book, size=10))
    assert [problem.field for problem in caught.value.problems] == [
        "row 5, column labelled_examples",
        "row 26, column labelled_examples",
    ]
    assert sheets == []


def test_an_endless_line_and_a_torn_character_are_told_by_line(book: Rulebook, tmp_path: Path) -> None:
    """Reading in pieces holds no more than a line may be long, and says where the text stops being UTF-8."""
    path = tmp_path / "projects.csv"
    path.write_bytes(b"name\n" + b"a" * 5_000_000)
    with pytest.raises(InputError, match=r"line 2.*over 4,000,000 characters"):
        list(read_sheets(path, book))
    path.write_bytes(b"name\nfine\n\xff\n")
    with pytest.raises(InputError, match="not UTF-8"):
        list(read_sheets(path, book))
