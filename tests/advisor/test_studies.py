"""The registry of published studies: every row checked, every problem told, a study is one file."""

from __future__ import annotations

import csv
import json
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor import locate
from advisor.cli.commands import app
from advisor.errors import InputError, Problem
from advisor.knowledge.domain import APPROACHES
from advisor.knowledge.studies import COLUMNS, parse_comparisons
from advisor.knowledge.study_registry import READ, Study, parse_study, read_registry
from advisor.knowledge.study_writer import text_of

FOLDER = locate.rules_dir() / "studies" / "papers"
STUDIES = read_registry(FOLDER)
SOUND = """\
id: invented
title: An invented study
authors_year: Nobody 2025
year: 2025
source: https://example.org/invented
read: full_text
summary: Tuning leads by ten points.
shared:
  task_kind: classification
  metric: accuracy
  metric_max: 100
  higher_is_better: "yes"
rows: |
  row,task_name,n_train,prompt_score,ft_score,winner
  001,mail,500,70,80,fine_tuning
  002,mail,50,70,60,prompting
"""


def faults(tmp_path: Path, text: str) -> str:
    """The problems of one file, a line each."""
    problems: list[Problem] = []
    file = tmp_path / "invented.yaml"
    file.write_text(text)
    parse_study(file, "papers/invented.yaml", problems)
    return "\n".join(map(str, problems))


def test_the_registry_holds_every_study_with_its_source_year_and_summary() -> None:
    """41 studies and 507 comparisons; each says where it stands, how it was read and what it found."""
    assert len(STUDIES) == 41
    assert sum(len(study.comparisons) for study in STUDIES) == 507
    for study in STUDIES:
        assert study.source.startswith("https://"), study.id
        assert 2019 <= study.year <= 2026, study.id
        assert study.read in READ
        assert study.summary.endswith("."), study.id
        assert all(row.winner() for row in study.comparisons)
        assert sum(study.wins().values()) == len(study.comparisons)


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.id)
def test_a_file_is_what_the_writer_makes_of_the_study(study: Study) -> None:
    """Files have one form, so that a change shows as one; writing loses nothing."""
    assert (FOLDER / f"{study.id}.yaml").read_text(encoding="utf-8") == text_of(study)


@pytest.mark.parametrize(
    ("study", "row", "points", "winner"),
    [
        ("longicl", "longicl-004", {"prompting": 88.0, "fine_tuning": 86.4}, "prompting"),
        ("bucher", "bucher-002", {"prompting": 57.0, "fine_tuning": 93.0}, "fine_tuning"),
        ("datapoints", "datapoints-001", {"fine_tuning": 62.2, "hybrid": 70.1}, "hybrid"),
        ("synthdata", "synthdata-001", {"prompting": 94.0, "fine_tuning": 94.0}, "tie"),
    ],
)
def test_scores_are_in_points_of_100(study: str, row: str, points: dict[str, float], winner: str) -> None:
    """Some results that anybody can look up, brought to points, with the winner."""
    found = next(r for s in STUDIES if s.id == study for r in s.comparisons if r.id == row)
    assert found.points() == pytest.approx(points, abs=0.1)
    assert found.winner() == winner


def test_the_claims_of_a_summary_follow_from_the_rows() -> None:
    """Where a summary counts wins ("52 of 62", "all seven"), the rows give that count."""
    by_id = {study.id: study for study in STUDIES}
    counts = {"loraland": (52, 62), "bucher": (4, 4), "lexglue": (7, 7), "tfew": (7, 11)}
    for name, (won, rows) in counts.items():
        assert (by_id[name].wins()["fine_tuning"], len(by_id[name].comparisons)) == (won, rows)
    assert by_id["mmgrpo"].wins() == {"prompting": 0, "fine_tuning": 1, "hybrid": 3, "tie": 2}
    lead = [row.points()["fine_tuning"] - row.points()["prompting"] for row in by_id["lexglue"].comparisons]
    assert (round(min(lead)), round(max(lead))) == (15, 55)
    assert "15 to 55" in by_id["lexglue"].summary


def test_lower_is_better_turns_the_scores_round() -> None:
    """An error rate of 5 beats one of 8, by three points."""
    head = "id,paper,task_kind,metric_max,higher_is_better,prompt_score,ft_score,hybrid_score\n"
    (row,) = parse_comparisons((head + "x-1,P,qa,100,no,8,5,\n").encode(), "x.csv")
    assert row.points() == {"prompting": -8.0, "fine_tuning": -5.0}
    assert row.winner() == "fine_tuning"
    assert row.task_kind == "question_answering"


def test_every_fault_of_a_study_is_told_at_once_with_file_row_and_field(tmp_path: Path) -> None:
    """Wrong id, year, address, unknown kind, score beyond the maximum, negative size, wrong winner, a row twice."""
    text = SOUND.replace("id: invented", "id: Invented").replace("year: 2025", "year: 1066")
    text = text.replace("https://example.org", "example.org").replace("classification", "clasification")
    text = text.replace("001,mail,500,70,80,", "001,mail,-5,70,180,").replace("70,60,prompting", "70,60,hybrid")
    told = faults(tmp_path, text + "  002,mail,50,70,,\n")
    for part in (
        "papers/invented.yaml: id: found 'Invented'",
        "year: found 1066",
        "source: found 'example.org/invented'",
        "row 2, task_kind: found 'clasification'",
        "did you mean 'classification'?",
        "row 2, n_train: found '-5'",
        "row 2, ft_score: found '180'",
        "row 3, winner: found 'hybrid'",
        "prompting, as the scores say",
        "row 4, row: found the number '002' again",
        "row 4, winner: found nothing",
    ):
        assert part in told, part


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("row,task_name,n_train", "row,task_nam,n_train"), "did you mean 'task_name'?"),
        (("read: full_text", "read: skimmed"), "one of full_text, secondary, abstract"),
        (("summary: Tuning", "sumary: Tuning"), "summary: found nothing"),
        (("  001,mail,500,70,80", "  001,mail,500,70"), "row 2: found 5 cells"),
        (("  metric: accuracy\n", ""), "metric: found nothing"),
        (("rows: |\n", "rows: 5\nmore: |\n"), "rows: found 5"),
        (("shared:\n", "shared:\n  n_train: 5\n"), "rows: n_train: found the column twice"),
    ],
)
def test_each_kind_of_fault_names_its_remedy(tmp_path: Path, change: tuple[str, str], part: str) -> None:
    """A sound study with one thing changed gives the problem on that thing."""
    assert faults(tmp_path, SOUND) == ""
    assert part in faults(tmp_path, SOUND.replace(*change))


def run(*words: str) -> tuple[int, str]:
    """Exit status and output of `advisor studies ...`; an input error counts as status 2 with its text."""
    result = CliRunner().invoke(app, ["studies", *words])
    if isinstance(result.exception, InputError):
        return 2, "\n".join(map(str, result.exception.problems))
    return result.exit_code, result.output


def test_studies_are_listed_by_kind_and_winner_and_shown_with_their_rows() -> None:
    """The filters hold for every study listed; a page has summary, source and one line per comparison."""
    status, text = run("list", "--kind", "translation", "--json")
    assert status == 0
    assert [study["id"] for study in json.loads(text)] == ["gptmt"]
    won = json.loads(run("list", "--winner", "hybrid", "--json")[1])
    assert all(study["wins"]["hybrid"] for study in won)
    assert len(won) == sum(study.wins()["hybrid"] > 0 for study in STUDIES)
    page = run("show", "finqa")[1]
    study = next(study for study in STUDIES if study.id == "finqa")
    assert study.summary in page
    assert study.source in page
    assert len(re.findall(r"^\d{3} ", page, re.MULTILINE)) == len(study.comparisons)
    status, told = run("show", "finqaa")
    assert (status, "did you mean 'finqa'?" in told) == (2, True)


def test_a_study_is_added_from_csv_to_a_pack_of_ones_own_and_used(tmp_path: Path) -> None:
    """`add` writes one file that `check` and `show` then know, and refuses it a second time."""
    pack = tmp_path / "ours"
    pack.mkdir()
    (pack / "pack.yaml").write_text("name: Ours\nversion: 1.0.0\nas_of: 2026-11-22\nextends: shipped\n")
    table = tmp_path / "mine.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        common = {"paper": "Ours", "authors_year": "We 2026", "source_url": "https://example.org", "metric_max": 1}
        common |= {"task_name": "mail", "task_kind": "classification", "metric": "accuracy", "higher_is_better": "yes"}
        writer.writerow({**common, "id": "ours-001", "n_train": 100, "prompt_score": 0.8, "ft_score": 0.7})
    status, told = run("add", str(table), "--rules", str(pack))
    assert (status, "--summary" in told) == (2, True)
    words = ("add", str(table), "--rules", str(pack), "--summary", "Prompting leads by ten points.")
    assert run(*words)[0] == 0
    assert (pack / "studies" / "papers" / "ours.yaml").is_file()
    assert "Prompting leads" in run("show", "ours", "--rules", str(pack))[1]
    assert json.loads(run("check", "--rules", str(pack), "--json")[1])["studies"] == 42
    status, told = run(*words)
    assert (status, "does not have" in told) == (2, True)
    assert set(next(iter(read_registry(pack / "studies" / "papers"))).wins()) == {*APPROACHES, "tie"}


def test_check_says_no_with_status_1(tmp_path: Path) -> None:
    """A broken study in a pack is printed and makes the status 1."""
    pack = tmp_path / "ours"
    (pack / "studies" / "papers").mkdir(parents=True)
    (pack / "pack.yaml").write_text("name: Ours\nversion: 1.0.0\nas_of: 2026-11-22\nextends: shipped\n")
    (pack / "studies" / "papers" / "invented.yaml").write_text(SOUND.replace("80,fine_tuning", "80,prompting"))
    status, text = run("check", "--rules", str(pack))
    assert status == 1
    assert "ours/papers/invented.yaml" in text


def overlay(folder: Path) -> Path:
    """A pack of one's own over the shipped one, without studies."""
    (folder / "studies" / "papers").mkdir(parents=True)
    (folder / "pack.yaml").write_text("name: Ours\nversion: 1.0.0\nas_of: 2026-11-22\nextends: shipped\n")
    return folder


@pytest.mark.parametrize("study", ["../evil", "a/b", "Ours", ""])
def test_an_id_that_is_no_file_name_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, study: str) -> None:
    """`add` refuses ids that lead elsewhere, with a remedy, and leaves no file beside its drafts."""
    pack, table = overlay(tmp_path / "ours"), tmp_path / "mine.csv"
    row = f"{study}-001,Ours,We 2026,https://example.org,mail,classification,accuracy,100,yes,80,70"
    head = "id,paper,authors_year,source_url,task_name,task_kind,metric,metric_max,higher_is_better,prompt_score"
    table.write_text(f"{head},ft_score,hybrid_score\n{row},\n")
    drafts = tmp_path / "drafts" / "inner"
    drafts.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(drafts))
    status, told = run("add", str(table), "--rules", str(pack), "--summary", "Prompting leads.")
    assert status == 2
    assert "small letters and digits" in told
    assert [path.name for path in tmp_path.rglob("*.yaml")] == ["pack.yaml"]


def test_an_address_that_ends_in_a_colon_is_written_so_that_it_is_read_again(tmp_path: Path) -> None:
    """YAML takes a bare colon at the end for a key."""
    study = replace(
        next(iter(read_registry(locate.rules_dir() / "studies" / "papers"))), source="https://example.org/a:"
    )
    path = tmp_path / f"{study.id}.yaml"
    path.write_text(text_of(study), encoding="utf-8")
    problems: list[Problem] = []
    read = parse_study(path, path.name, problems)
    assert not problems
    assert read is not None
    assert read.source == study.source


def test_fitting_a_pack_without_beliefs_leaves_the_shipped_forecast_alone(tmp_path: Path) -> None:
    """`fit --rules` writes into the pack named or says what it lacks: beliefs, studies, or features that exist."""
    shipped, pack = locate.rules_dir() / "studies", overlay(tmp_path / "ours")
    before = (shipped / "model.json").read_bytes()
    status, told = run("fit", "--rules", str(pack))
    assert (status, "beliefs of its own" in told) == (2, True)
    for name in ("priors.yaml", "models.yaml"):
        shutil.copy(shipped / name, pack / "studies" / name)
    status, told = run("fit", "--rules", str(pack))
    assert (status, "no studies to fit to" in told) == (2, True)
    (pack / "studies" / "papers" / "invented.yaml").write_text(SOUND)
    assert run("fit", "--rules", str(pack))[0] == 0
    assert json.loads((pack / "studies" / "model.json").read_text())["studies"] == 1
    priors = pack / "studies" / "priors.yaml"
    priors.write_text(priors.read_text().replace("id: text_overlap", "id: overlapping"))
    status, told = run("fit", "--rules", str(pack))
    assert (status, "unknown features: overlapping" in told) == (2, True)
    assert (shipped / "model.json").read_bytes() == before
