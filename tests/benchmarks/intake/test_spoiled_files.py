"""Spoiled files get a message that a data analyst can act on, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from own_rows import as_csv, as_jsonl, rows, write_file, write_parquet

from benchmarks.cli import main_bench
from benchmarks.errors import BenchmarkError
from benchmarks.tasks.intake import Wanted, import_task
from benchmarks.tasks.intake import table as limits

GOOD = rows()


def cut_parquet(path: Path) -> Path:
    whole = write_parquet(path, GOOD).read_bytes()
    return write_file(path, whole[: len(whole) // 2])


def hollow_parquet(path: Path) -> Path:
    whole = bytearray(write_parquet(path, GOOD).read_bytes())
    whole[40:400] = bytes(360)
    return write_file(path, bytes(whole))


def text_file(name: str, content: str | bytes) -> Callable[[Path], Path]:
    return lambda folder: write_file(folder / name, content)


TORN = as_csv(GOOD[:5]) + "a text, with a comma,complaint\n" + as_csv(GOOD[5:]).split("\n", 1)[1]
OPEN_QUOTE = as_csv(GOOD[:3]) + '"never closed,praise\n' + as_csv(GOOD[3:]).split("\n", 1)[1]
BROKEN_LINE = as_jsonl(GOOD[:3]) + '{"text": "cut o\n' + as_jsonl(GOOD[3:])
LATIN = as_csv([*GOOD, ("Die Tür klemmt schon wieder", "complaint")]).encode("cp1252")

# What is wrong, how the file comes about, and what the message must name: the place, the finding and the way out.
SPOILED = {
    "empty file": (text_file("a.csv", ""), ["a.csv", "empty", "a row for every example"]),
    "blank file": (text_file("a.csv", "\n \n\n"), ["a.csv", "empty"]),
    "header only": (text_file("a.csv", "text,label\n"), ["text, label", "no row"]),
    "one column": (text_file("a.csv", "text\nhello\nworld\n"), ["one column", "'text'", "comma, semicolon, tab"]),
    "no usual column name": (
        text_file("a.csv", as_csv(GOOD, ("v1", "v2"))),
        ["which column holds the text", "--text-column", "which column holds the label", "--label-column", "'v1'"],
    ),
    "two text columns": (
        text_file("a.csv", "text,message,label\n" + "a,b,c\n" * 20),
        ["'text' and 'message'", "--text-column"],
    ),
    "not UTF-8": (
        text_file("a.csv", LATIN),
        ["a.csv line 62", "not UTF-8", "0xfc", "column 6", "Excel", "iconv"],
    ),
    "UTF-16 without a mark": (
        text_file("a.csv", as_csv(GOOD).encode("utf-16-le")),
        ["UTF-16", "save the file as UTF-8"],
    ),
    "binary file": (text_file("a.csv", bytes(range(256)) * 8), ["binary", "CSV, TSV, JSONL", "Parquet"]),
    "Excel workbook": (text_file("a.csv", b"PK\x03\x04" + bytes(100)), ["Excel", "Save As", "CSV UTF-8"]),
    "compressed file": (text_file("a.csv", b"\x1f\x8b" + bytes(100)), ["gzip", "gunzip"]),
    "torn row": (text_file("a.csv", TORN), ["a.csv line 7", "found 3 fields", "header has 2", "double quotes"]),
    "open quote": (text_file("a.csv", OPEN_QUOTE), ["a.csv line 5", "never closed", '("")']),
    "column named twice": (
        text_file("a.csv", as_csv(GOOD, ("text", "text"))),
        ["'text'", "more than once", "name of its own"],
    ),
    "one label only": (
        text_file("a.csv", as_csv([(text, "praise") for text, _ in GOOD])),
        ["every usable row has the label 'praise'", "two labels"],
    ),
    "a label for every row": (
        text_file("a.csv", as_csv([(text, f"id {number}") for number, (text, _) in enumerate(GOOD)])),
        ["60 different labels in 60 rows", "--label-column", "--kind"],
    ),
    "mostly empty": (
        text_file(
            "a.csv",
            as_csv([(text if index % 3 else "", label) for index, (text, label) in enumerate(GOOD[:9])]) + ",x\n" * 9,
        ),
        ["of 18 rows 12 cannot be used", "empty text", "--text-column"],
    ),
    "few rows": (text_file("a.csv", as_csv(GOOD[:6])), ["6 usable rows", "at least 10"]),
    "cut Parquet": (lambda folder: cut_parquet(folder / "a.parquet"), ["a.parquet", "cut off or damaged", "again"]),
    "overwritten Parquet": (lambda folder: hollow_parquet(folder / "a.parquet"), ["a.parquet", "cut off or damaged"]),
    "text named Parquet": (text_file("a.parquet", as_csv(GOOD)), ["a.parquet", "no whole Parquet file"]),
    "JSONL with a broken line": (
        text_file("a.jsonl", BROKEN_LINE),
        ["a.jsonl line 4", "not JSON", "one whole JSON object"],
    ),
    "JSONL with a number": (
        text_file("a.jsonl", as_jsonl(GOOD) + "7\n"),
        ["a.jsonl line 61", "the number 7", "an object"],
    ),
    "JSONL with a list as text": (
        text_file("a.jsonl", as_jsonl(GOOD) + '{"text": ["a"], "label": "praise"}\n'),
        ["a.jsonl line 61", "'text'", "found a list", "allowed: a text"],
    ),
    "no file": (lambda folder: folder / "a.csv", ["a.csv", "no such file"]),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_spoiled_file_is_refused_with_place_finding_and_remedy(case, tmp_path):
    """The message names the file, what was found and what is allowed, and nothing but BenchmarkError is raised."""
    make, wanted = SPOILED[case]
    with pytest.raises(BenchmarkError) as caught:
        import_task(str(make(tmp_path)))
    message = "\n".join(caught.value.problems)
    assert [word for word in wanted if word not in message] == [], message
    assert all(len(problem) < 600 for problem in caught.value.problems)


@pytest.mark.parametrize("case", SPOILED)
def test_the_command_says_it_and_exits_with_2(case, tmp_path, monkeypatch, capsys):
    """`advisor bench run FILE` prints the problem on standard error, leaves standard output empty and exits with 2."""
    monkeypatch.chdir(tmp_path)
    path = SPOILED[case][0](tmp_path)
    assert main_bench(["run", str(path), "--arms", "majority"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and path.name in printed.err and "Traceback" not in printed.err


def test_a_wrong_column_name_gets_the_list_and_the_nearest(tmp_path):
    """An unknown --text-column is answered with all columns, their first values and the most similar name."""
    path = write_file(tmp_path / "a.csv", as_csv(GOOD, ("message", "label")))
    with pytest.raises(BenchmarkError, match=r"--text-column 'mesage': no such .* 'message' \('The otter") as caught:
        import_task(str(path), Wanted(text_column="mesage"))
    assert "did you mean 'message'?" in str(caught.value)


def test_all_torn_rows_are_told_at_once_and_the_rest_is_counted(tmp_path):
    """Ten torn rows are listed with their lines and the others are counted."""
    path = write_file(tmp_path / "a.csv", as_csv(GOOD) + "one field\n" * 15)
    with pytest.raises(BenchmarkError) as caught:
        import_task(str(path))
    assert len(caught.value.problems) == 11
    assert caught.value.problems[0].startswith("a.csv line 62: found 1 field,")
    assert "5 more problems" in caught.value.problems[-1]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_too_many_rows_are_refused_with_advice_to_sample(name, tmp_path, monkeypatch):
    """A file of more rows than are read names the limit and how to draw a sample."""
    for module in ("table", "delimited", "json_rows", "parquet"):
        monkeypatch.setattr(f"benchmarks.tasks.intake.{module}.MOST_ROWS", 50)
    content = {"a.csv": as_csv(GOOD), "a.jsonl": as_jsonl(GOOD)}.get(name)
    path = write_parquet(tmp_path / name, GOOD) if content is None else write_file(tmp_path / name, content)
    with pytest.raises(BenchmarkError, match=r"far too large: found .* rows.*random sample"):
        import_task(str(path))


def test_a_file_of_a_gigabyte_is_refused_unread(tmp_path):
    """A sparse file above the limit is refused by its size alone."""
    path = tmp_path / "a.csv"
    with path.open("wb") as stream:
        stream.truncate(limits.MOST_BYTES * 5)
    with pytest.raises(BenchmarkError, match="far too large: found 1,000,000,000 bytes"):
        import_task(str(path))


def test_a_small_parquet_file_that_unpacks_to_gigabytes_stays_small_in_memory(tmp_path):
    """A text of 20 MB, a thousand times, is 20 GB to anyone who unpacks it; here the rows count as too long."""
    import pyarrow
    import pyarrow.parquet

    long = pyarrow.DictionaryArray.from_arrays([0] * 1000, ["x" * 20_000_000])
    path = tmp_path / "bomb.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": long, "label": ["a", "b"] * 500}), path, compression="zstd")
    assert path.stat().st_size < 100_000
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 * 10**9, 3 * 10**9))\n"
        "from benchmarks.errors import BenchmarkError\n"
        "from benchmarks.tasks.intake import import_task\n"
        "try: import_task(__import__('sys').argv[1])\n"
        "except BenchmarkError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert "1000 with text longer than 100,000 characters" in done.stdout, done.stderr[-500:]


def test_parquet_without_pyarrow_names_the_extra_and_exits_with_3(tmp_path, monkeypatch, capsys):
    """Where pyarrow is not installed the message gives the install line and the exit status is 3."""
    path = write_parquet(tmp_path / "a.parquet", GOOD)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.lib", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert main_bench(["run", str(path), "--arms", "majority"]) == 3
    assert "pip install 'advisor[parquet]'" in capsys.readouterr().err


def test_words_about_data_are_refused_for_a_task_folder(capsys):
    """--text-column beside a sample is an error, for its task.json names the fields."""
    assert main_bench(["run", "pennowick_support", "--text-column", "text"]) == 2
    assert "--text-column: allowed with a data file" in capsys.readouterr().err


def test_a_deeply_nested_line_is_a_problem_of_that_line(tmp_path):
    """Ten thousand brackets are told as a line that cannot be read."""
    path = write_file(tmp_path / "a.jsonl", as_jsonl(GOOD) + "[" * 100_000 + "\n" + json.dumps({"text": "x"}))
    with pytest.raises(BenchmarkError, match=r"a\.jsonl line 61: is not JSON"):
        import_task(str(path))


def test_a_file_that_ends_the_process_that_reads_it_is_a_problem_of_that_file(tmp_path, monkeypatch):
    """Parquet is unpacked by a process of its own; where damage kills that process, the message says so."""
    path = write_parquet(tmp_path / "a.parquet", GOOD)
    monkeypatch.setattr(
        "benchmarks.tasks.intake.parquet.unpacking", SimpleNamespace(__name__="os import abort; abort() #")
    )
    with pytest.raises(BenchmarkError, match=r"a\.parquet: is no whole Parquet file.*status -6"):
        import_task(str(path))
