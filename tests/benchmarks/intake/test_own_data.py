"""A user's own file becomes the same task as a folder, with a report of what was set right."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from own_rows import as_csv, as_jsonl, rows, write_file, write_parquet

from benchmarks import tasks
from benchmarks.tasks.intake import Wanted, import_task, in_words, write
from benchmarks.tasks.intake.leaks import NEAR, near_pairs, shingles

GOOD = rows()


def imported(path: Path, **words: object):
    return import_task(str(path), Wanted(**words))


FORMS = {
    "comma": ("a.csv", as_csv(GOOD).encode()),
    "semicolon": ("a.csv", as_csv(GOOD, delimiter=";").encode()),
    "tab": ("a.tsv", as_csv(GOOD, delimiter="\t").encode()),
    "bar in a text file": ("a.txt", as_csv(GOOD, delimiter="|").encode()),
    "byte order mark": ("a.csv", as_csv(GOOD).encode("utf-8-sig")),
    "UTF-16 with mark": ("a.csv", as_csv(GOOD).encode("utf-16")),
    "Windows line ends": ("a.csv", as_csv(GOOD).replace("\n", "\r\n").encode()),
    "Excel's sep line": ("a.csv", ("sep=;\r\n" + as_csv(GOOD, delimiter=";")).encode()),
    "JSONL": ("a.jsonl", as_jsonl(GOOD).encode()),
    "JSON list": ("a.json", json.dumps([{"text": text, "label": label} for text, label in GOOD]).encode()),
    "JSONL named csv": ("a.csv", as_jsonl(GOOD).encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_rows_in_any_form_give_the_same_task(form, tmp_path):
    """Delimiter, encoding, line ends and format do not change a row."""
    plain = imported(write_file(tmp_path / "plain" / "a.csv", as_csv(GOOD))).task
    name, content = FORMS[form]
    found = imported(write_file(tmp_path / name, content)).task
    assert (found.train, found.test) == (plain.train, plain.test)


def test_parquet_gives_the_same_task_and_numbered_labels_become_texts(tmp_path):
    """Texts come through pyarrow as they are; whole-number labels become their digits."""
    plain = imported(write_file(tmp_path / "a.csv", as_csv(GOOD))).task
    assert imported(write_parquet(tmp_path / "b.parquet", GOOD)).task.train == plain.train
    numbered = write_parquet(tmp_path / "c.parquet", [(text, int(label == "praise")) for text, label in GOOD])
    assert imported(numbered).task.card.labels == ("0", "1")


def test_texts_with_delimiters_quotes_and_line_breaks_survive(tmp_path):
    """A quoted text keeps its comma, its quotes, its line break and its umlaut."""
    odd = 'Said "no, thanks"; then left\nfor Köln | and 東京'
    found = imported(write_file(tmp_path / "a.csv", as_csv([*GOOD, (odd, "praise")]))).task
    assert odd in {row.text for row in (*found.train, *found.test)}


def test_an_imported_task_is_a_task_folder_that_loads(tmp_path):
    """Written and loaded again it is the same task, its files pinned; written twice it is the same folder."""
    found = imported(write_file(tmp_path / "desk.csv", as_csv(GOOD)), description="Praise or complaint?")
    folder = write(found.task, found.report, tmp_path / "data")
    loaded = tasks.load(folder)
    assert replace(loaded, fingerprint={}) == found.task
    assert write(found.task, found.report, tmp_path / "data") == folder
    assert [path.name for path in (tmp_path / "data").iterdir()] == [folder.name]


def test_the_split_is_seeded_stratified_and_whole(tmp_path):
    """The same seed draws the same test rows, another seed others; labels keep their shares, no row is lost."""
    path = write_file(tmp_path / "a.csv", as_csv(rows(200)))
    first, again, other = (imported(path, seed=seed).task for seed in (1, 1, 2))
    assert first == again and first.test != other.test
    assert len(first.train) + len(first.test) == 200 and len(first.test) == 60
    assert sum(row.label == "praise" for row in first.test) == 30


def test_near_duplicates_stay_on_one_side_of_the_split(tmp_path):
    """Of forty texts that differ from a neighbour in punctuation alone, none is in train with its neighbour in test."""
    pairs = [pair for text, label in rows(40) for pair in ((text, label), (text.replace(" ", ", ") + "!", label))]
    found = imported(write_file(tmp_path / "a.csv", as_csv(pairs)))
    assert found.report.n_leaks == 0 and found.report.blocked == ()
    assert found.task.test and len(found.task.train) + len(found.task.test) == 80
    train = {shingles(row.text) for row in found.task.train}
    assert not any(shingles(row.text) in train for row in found.task.test)


def test_untidy_rows_are_left_out_and_counted_with_their_lines(tmp_path):
    """Empty texts, empty labels, repeats, and contradictions fall away; the report says how many and where."""
    untidy = [("", "praise"), ("No label here at all", " "), GOOD[0], (GOOD[1][0].upper(), "complaint")]
    report = imported(write_file(tmp_path / "a.csv", as_csv([*GOOD, *untidy]))).report
    assert {(fall.reason, fall.count, fall.lines) for fall in report.dropped} == {
        ("empty text", 1, (62,)),
        ("empty label", 1, (63,)),
        ("the same text and answer again", 1, (64,)),
        ("the same text with different answers", 2, (3, 65)),
    }
    assert report.rows_read == 64 and report.n_train + report.n_test == 59
    assert report.n_conflicts == 1 and report.conflicts[0].answers == ("praise", "complaint")
    said = in_words(report)
    assert (
        "'praise', 'complaint' (a.csv, lines 3, 65)" in said and "left out: 1 rows, empty text (a.csv, line 62)" in said
    )


def test_a_label_with_a_single_row_is_left_out_and_said_so(tmp_path):
    """One row cannot be in train and in test; its label and line are named."""
    found = imported(write_file(tmp_path / "a.csv", as_csv([*GOOD, ("Is anybody there today?", "question")])))
    assert found.task.card.labels == ("complaint", "praise")
    assert any("'question' (line 62)" in remark for remark in found.report.remarks)


def test_labels_that_differ_in_case_count_as_one(tmp_path):
    """The most frequent spelling stands for all, and the report says so."""
    found = imported(write_file(tmp_path / "a.csv", as_csv([*rows(40), (rows(60)[50][0], "Complaint")])))
    assert found.task.card.labels == ("complaint", "praise")
    assert any("differ only in case" in remark for remark in found.report.remarks)


def test_a_lopsided_task_is_judged_by_macro_f1_and_said_so(tmp_path):
    """Where nine rows in ten have one label, accuracy would reward saying it always."""
    lopsided = [(text, "praise" if index % 10 else "complaint") for index, (text, _) in enumerate(GOOD)]
    found = imported(write_file(tmp_path / "a.csv", as_csv(lopsided)))
    assert found.task.card.metric == "macro_f1"
    assert any("macro F1" in remark for remark in found.report.remarks)


def test_guessed_columns_are_said(tmp_path):
    """Columns are taken without being named only where one name fits, and the report says which."""
    report = imported(write_file(tmp_path / "a.csv", as_csv(GOOD, ("Review", "sentiment")))).report
    assert (report.text_column, report.label_column) == ("Review", "sentiment")
    assert sum("was not given" in remark for remark in report.remarks[:2]) == 2


def test_texts_garbled_before_are_pointed_out(tmp_path):
    """UTF-8 once read as Latin and saved again is valid UTF-8; the report shows a word of it."""
    garbled = [(text.replace("The", "Für".encode().decode("cp1252")), label) for text, label in GOOD]
    report = imported(write_file(tmp_path / "a.csv", as_csv(garbled))).report
    assert any("encoded twice (such as 'FÃ¼r')" in remark for remark in report.remarks)
    assert not any(
        "garbled" in remark for remark in imported(write_file(tmp_path / "b.csv", as_csv(GOOD))).report.remarks
    )


def test_written_answers_are_tasks_as_well(tmp_path):
    """A question answering file and an extraction file become task folders that load."""
    written = [(text, f"Answer {number} is short") for number, (text, _) in enumerate(GOOD)]
    found = imported(
        write_file(tmp_path / "a.csv", as_csv(written, ("question", "answer"))), kind="qa", text_column="question"
    )
    assert tasks.load(write(found.task, found.report, tmp_path / "data")).train == found.task.train
    slots = "".join(
        json.dumps({"text": text, "target": {"animal": text.split()[1], **({"odd": "yes"} if index % 2 else {})}})
        + "\n"
        for index, (text, _) in enumerate(GOOD)
    )
    found = imported(write_file(tmp_path / "b.jsonl", slots), kind="extraction")
    loaded = tasks.load(write(found.task, found.report, tmp_path / "data"))
    assert set(loaded.card.schema["properties"]) == {"animal", "odd"} and len(loaded.train) == len(found.task.train)


def test_ten_thousand_rows_are_read_in_seconds(tmp_path):
    """Reading, searching near duplicates and splitting 10,000 rows takes less than ten seconds."""
    path = write_file(tmp_path / "a.csv", as_csv(rows(10_000)))
    clock = time.perf_counter()
    found = imported(path)
    assert time.perf_counter() - clock < 10
    assert len(found.task.test) == 1000


words = st.lists(st.sampled_from(["ab", "cd", "ef", "gh", "ij"]), min_size=1, max_size=40).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(words, min_size=1, max_size=12), st.lists(words, min_size=1, max_size=12))
def test_the_search_for_near_texts_finds_what_comparing_all_pairs_finds(left, right):
    """The prefix filter loses no pair and adds none."""

    def similarity(one: str, other: str) -> float:
        return len(shingles(one) & shingles(other)) / len(shingles(one) | shingles(other))

    expected = {(i, j) for i, a in enumerate(left) for j, b in enumerate(right) if similarity(a, b) >= NEAR}
    assert {(pair.left, pair.right) for pair in near_pairs(left, right)} == expected


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400) | st.text("{}[]\"':,;\t\n\r|\\ablé\ufeff\ud7ff\0", max_size=200).map(str.encode),
    st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.json", "a.parquet"]),
)
@example(b'""\x1a\r\x1a', "a.csv")
@example(b"{}", "a.jsonl")
def test_no_bytes_whatever_raise_anything_but_a_message(content, name):
    """Whatever a file holds, reading it gives a task or a BenchmarkError."""
    import tempfile

    from benchmarks.errors import BenchmarkError

    with tempfile.TemporaryDirectory() as folder:
        try:
            imported(write_file(Path(folder) / name, content))
        except BenchmarkError as error:
            assert error.problems and all(name in problem for problem in error.problems)
