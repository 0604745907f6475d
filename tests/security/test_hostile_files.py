"""Files that are huge, deep, cyclic, doubled, mis-encoded or bombs are refused in words, and soon."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from advisor import locate
from advisor.errors import InputError
from advisor.intake import answers as intake
from advisor.intake.sheet import parse_sheet, read_sheets
from advisor.knowledge import rulebook, yaml_file
from advisor.knowledge.domain import Rulebook
from benchmarks import tasks
from benchmarks.errors import BenchmarkError
from benchmarks.tasks.intake.files import read_file

SECONDS = 20.0
CARD = {"name": "desk", "kind": "classification", "description": "Choose.", "labels": ["a", "b"], "metric": "accuracy"}
EXTRACTION = {"name": "desk", "kind": "extraction", "description": "Fill in.", "metric": "slot_micro_f1"}

YAML_ATTACKS = {
    "alias bomb": (b"a: &a [x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a]\nname: [*b,*b,*b,*b]\n", "alias"),
    "list that holds itself": (b"name: &a [*a]\n", "alias"),
    "mapping that holds itself": (b"&a {name: *a}\n", "alias"),
    "object of Python": (b"name: !!python/object/apply:os.system ['touch stolen']\n", "tag"),
    "custom tag": (b"name: !secret /etc/passwd\n", "tag"),
    "doubled key": (b"name: a\nname: b\n", "twice"),
    "deep brackets": (b"[" * 200_000, "too deep"),
    "deep braces": (b"name: " + b"{a: " * 3000, "too deep"),
    "deep dashes": (b"- " * 20_000, "too deep"),
    "deep questions": (b"? " * 20_000, "too deep"),
    "two documents": (b"name: a\n---\nname: b\n", "another document"),
    "UTF-16": ("name: a".encode("utf-16"), "UTF-8"),
    "Latin-1": ("name: é".encode("latin-1"), "UTF-8"),
    "half a character": (b'name: "\\ud800"\n', "Unicode"),
    "zero byte": (b"name: a\x00b\n", "control characters"),
    "number of 5000 digits": (b"labelled_examples: " + b"9" * 5000, "finite"),
    "number beyond all": (b"labelled_examples: 1e400\n", "finite"),
    "too many bytes": (b"description: '" + b"a" * yaml_file.SIZE_LIMIT + b"'", "bytes"),
    "flood of keys": (b"".join(b"k%d: 1\n" % number for number in range(100_000)), "keys"),
    "flood of prices": (b"prices:\n" + b"".join(b"  k%d: 1\n" % number for number in range(100_000)), "keys"),
    "no mapping": (b"5", "mapping"),
}


@contextmanager
def soon() -> Iterator[None]:
    """Fails where the block takes longer than anybody would wait."""
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < SECONDS


@pytest.mark.parametrize("attack", YAML_ATTACKS)
def test_hostile_answers_are_refused_with_their_reason(attack: str, book: Rulebook) -> None:
    """The message names what is wrong and stays short enough to read."""
    content, reason = YAML_ATTACKS[attack]
    with soon(), pytest.raises(InputError, match=reason) as caught:
        intake.parse_text(content, book)
    assert len(str(caught.value)) < 10_000


@pytest.mark.parametrize("attack", ["alias bomb", "object of Python", "doubled key", "deep braces", "UTF-16"])
def test_hostile_rules_are_refused_with_their_reason(attack: str, tmp_path: Path) -> None:
    """A file of a rule pack is read by the same strict door as answers, and names itself in the message."""
    pack = tmp_path / "pack"
    shutil.copytree(locate.rules_dir(), pack)
    content, reason = YAML_ATTACKS[attack]
    (pack / "gates" / "hostile.yaml").write_bytes(content)
    with soon(), pytest.raises(InputError, match=reason) as caught:
        rulebook.load(pack)
    assert "hostile.yaml" in str(caught.value)


def test_a_device_without_an_end_is_read_no_further_than_the_limit(book: Rulebook) -> None:
    """`advisor recommend /dev/zero` ends with a message."""
    with soon(), pytest.raises(InputError, match="bytes"):
        intake.read(Path("/dev/zero"), book)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'name,task_kind\n"' + b"a" * 200_000 + b'",extraction\n', "field larger"),
        (b"name\n" + b"a" * 100_000, "4000 characters"),
        (b"name,name\na,b\n", "twice"),
        (b'name\n"a\n', "unexpected end"),
        ("name\né".encode("latin-1"), "UTF-8"),
        (b"name,labelled_examples\na," + b"9" * 5000 + b"\n", "whole number"),
        (b"name,labelled_examples\na,inf|nan|1\n", "whole number|number"),
        (b"PK\x03\x04" + b"\0" * 100, "no projects|header"),
        (b"\n" * 1000, "no header"),
    ],
)
def test_hostile_sheets_are_refused_with_their_reason(content: bytes, reason: str, book: Rulebook) -> None:
    """A sheet of projects with giant, doubled, torn or mis-encoded cells says so, whoever read files before."""
    csv.field_size_limit(10_000_000)  # as the benchmark's reader of long documents leaves it
    with soon(), pytest.raises(InputError, match=reason):
        parse_sheet(content, book)


FLOOD = b"{" + b",".join(b'"k%d":1' % number for number in range(60_000)) + b"}\n"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (FLOOD, "unknown field"),
        (b'{"text":' + b"[" * 200_000, "nested too deeply"),
        (b'{"text":"q","text":"r","label":"a"}', "twice"),
        (b'{"text":"\\ud800","label":"a"}', "surrogate"),
        (b'{"text":' + b"9" * 6000 + b',"label":"a"}', "digits"),
        (b'{"text":NaN,"label":"a"}', "NaN"),
        ('{"text":"é","label":"a"}'.encode("latin-1"), "UTF-8"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_hostile_rows_of_a_task_are_refused_with_their_line(row: bytes, reason: str, tmp_path: Path) -> None:
    """Each is a problem of one line, found without an hour of work or a broken stack."""
    with soon(), pytest.raises(BenchmarkError, match=reason):
        tasks.load(_task(tmp_path / "task", train=_rows("train") + row + b"\n"))


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (FLOOD, "missing"),
        (b"[" * 200_000, "nested too deeply"),
        (json.dumps(CARD).replace('"desk"', '"\\ud800"').encode(), "surrogate"),
        (json.dumps(CARD).replace("{", '{"name": "a", ', 1).encode(), "twice"),
        (json.dumps({**EXTRACTION, "schema": {"properties": {"x": {"$ref": "http://127.0.0.1:9/"}}}}).encode(), "ref"),
        (json.dumps({**EXTRACTION, "schema": {"properties": {"x": {"pattern": "(a+)+$"}}}}).encode(), "pattern"),
        (json.dumps({**EXTRACTION, "schema": {"properties": {"x": {"pattern": "a*" * 30}}}}).encode(), "pattern"),
    ],
)
def test_hostile_cards_are_refused_with_their_field(card: bytes, reason: str, tmp_path: Path) -> None:
    """A card cannot make the reader fetch an address or match a text for hours."""
    with soon(), pytest.raises(BenchmarkError, match=reason):
        tasks.load(_task(tmp_path / "task", card=card))


def test_a_plain_pattern_is_still_allowed(tmp_path: Path) -> None:
    """The check of patterns turns away none that is quick to match."""
    slot = {"type": "string", "pattern": r"^\d{4}-\d{2}-[0-9]+$"}
    schema = {"type": "object", "properties": {"day": slot}, "required": ["day"]}
    rows = b"".join(b'{"text":"PART %d","target":{"day":"2026-11-%d"}}\n' % (number, number) for number in range(9))
    train, test = (rows.replace(b"PART", part) for part in (b"train", b"test"))
    folder = _task(tmp_path / "task", json.dumps({**EXTRACTION, "schema": schema}).encode(), train, test)
    assert len(tasks.load(folder).train) == 9


@pytest.mark.parametrize("name", ["task.json", "train.jsonl"])
def test_a_device_in_a_task_folder_is_not_read(name: str, tmp_path: Path) -> None:
    """A link to a device without an end is a problem of the task, not the end of the machine's memory."""
    folder = _task(tmp_path / "task")
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    with soon(), pytest.raises(BenchmarkError, match="device"):
        tasks.load(folder)
    with soon(), pytest.raises(BenchmarkError, match="device"):
        read_file(folder / name, set())


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A named pipe that nobody writes to is refused at once."""
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    with soon(), pytest.raises(BenchmarkError, match="pipe"):
        read_file(pipe, set())


@pytest.mark.parametrize(("magic", "reason"), [(b"PK\x03\x04", "ZIP"), (b"\x1f\x8b\x08", "gzip")])
def test_archives_are_not_unpacked(magic: bytes, reason: str, tmp_path: Path) -> None:
    """Where nothing is unpacked, no archive can be a bomb."""
    (tmp_path / "rows.csv").write_bytes(magic + b"\0" * 1000)
    with soon(), pytest.raises(BenchmarkError, match=reason):
        read_file(tmp_path / "rows.csv", set())


def test_a_small_parquet_file_that_unpacks_to_millions_of_rows_is_refused(tmp_path: Path) -> None:
    """What the file says of itself is checked before anything is unpacked."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    many = 1_000_000
    text = arrow.DictionaryArray.from_arrays(arrow.array([0] * many, "int32"), ["x" * 1000])
    parquet.write_table(arrow.table({"text": text, "label": ["a"] * many}), tmp_path / "bomb.parquet")
    assert (tmp_path / "bomb.parquet").stat().st_size < 1_000_000
    with soon(), pytest.raises(BenchmarkError, match="far too large"):
        read_file(tmp_path / "bomb.parquet", set())


def test_a_parquet_file_of_noise_ends_no_process_but_its_reader(tmp_path: Path) -> None:
    """Damaged bytes are a message."""
    pytest.importorskip("pyarrow")
    (tmp_path / "noise.parquet").write_bytes(b"PAR1" + bytes(range(256)) * 4 + b"PAR1")
    with soon(), pytest.raises(BenchmarkError, match="no whole Parquet file"):
        read_file(tmp_path / "noise.parquet", set())


def _rows(part: str) -> bytes:
    out = io.StringIO()
    for number in range(30):
        out.write(
            json.dumps({"text": f"{part} {number} {'hello' if number % 2 else 'bye'}", "label": "ab"[number % 2]})
        )
        out.write("\n")
    return out.getvalue().encode()


def _task(folder: Path, card: bytes = b"", train: bytes = b"", test: bytes = b"") -> Path:
    folder.mkdir()
    (folder / "task.json").write_bytes(card or json.dumps(CARD).encode())
    (folder / "train.jsonl").write_bytes(train or _rows("train"))
    (folder / "test.jsonl").write_bytes(test or _rows("test"))
    return folder


@pytest.mark.parametrize("kind", ["words", "columns", "blank lines"])
def test_a_sheet_that_is_wrong_everywhere_is_refused_in_seconds(kind: str, tmp_path: Path, book: Rulebook) -> None:
    """Tens of thousands of wrong words or columns are not compared each; empty lines are not gathered."""
    path = tmp_path / "projects.csv"
    wrong = range(20_000)
    path.write_text(
        {
            "words": "name,base_model\n" + "".join(f"a,model-{number}\n" for number in wrong),
            "columns": "name," + ",".join(f"c{number}" for number in wrong) + "\na" + ",1" * len(wrong) + "\n",
            "blank lines": "name,task_kind\n" + "\n" * 200_000,
        }[kind]
    )
    if kind == "blank lines":
        tracemalloc.start()
    started = time.process_time()
    with pytest.raises(InputError):
        list(read_sheets(path, book))
    if kind == "blank lines":
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
        tracemalloc.stop()
    else:
        assert time.process_time() - started < 10
