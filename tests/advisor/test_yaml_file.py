"""Strict YAML."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from advisor.errors import Problem
from advisor.knowledge import yaml_file


def read(text: str) -> tuple[object, list[Problem]]:
    problems: list[Problem] = []
    return yaml_file.parse(text.encode(), problems, "file.yaml"), problems


def test_scalars_are_those_of_yaml_1_2() -> None:
    """Only true and false are booleans; no and on stay words; 012 is twelve; a date is a date."""
    value, problems = read("a: no\nb: true\nc: 012\nd: 2026-11-22\ne: 1_000.5\nf: '7'\ng: ~\n")
    assert problems == []
    assert value == {"a": "no", "b": True, "c": 12, "d": date(2026, 11, 22), "e": 1000.5, "f": "7", "g": None}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\na: 2\n", "the key 'a' twice"),
        ("a: &x [1]\nb: *x\n", "an alias"),
        ("a: !!python/object:os.system x\n", "the tag"),
        ("a: !mine x\n", "the tag"),
        ("a: [1\n", "expected"),
        ("a: 1e999\n", "'1e999'"),
        ("a: 2026-02-30\n", "'2026-02-30'"),
        ("a: " + "9" * 350 + "\n", "'9999"),
        ("[1, 2]: 3\n", "as a key"),
        ("[" * 100 + "]" * 100, "too deep"),
        ("{a: " * 100_000, "too deep"),
        ("- " * 100_000 + "a", "too deep"),
    ],
)
def test_what_is_not_plain_is_a_problem(text: str, found: str) -> None:
    """Duplicate keys, aliases, tags, broken syntax, infinite numbers, impossible dates and deep nesting are named."""
    _, problems = read(text)
    assert problems
    assert found in str(problems[0])
    assert "file.yaml" in str(problems[0])


def test_bytes_that_are_not_utf8_are_a_problem_with_a_remedy() -> None:
    """A file in another encoding is refused with the advice to save it as UTF-8."""
    problems: list[Problem] = []
    assert yaml_file.parse("name: Größe".encode("latin-1"), problems, "file.yaml") is None
    assert "UTF-8" in str(problems[0])


def test_a_huge_file_is_refused_before_it_is_parsed() -> None:
    """The size limit comes first."""
    problems: list[Problem] = []
    yaml_file.parse(b"a" * (yaml_file.SIZE_LIMIT + 1), problems, "file.yaml")
    assert "at most" in str(problems[0])


def test_a_device_without_an_end_is_not_read_to_its_end() -> None:
    """Reading stops at the size limit, whatever the path names."""
    problems: list[Problem] = []
    assert yaml_file.read(Path("/dev/zero"), problems) is None
    assert "at most" in str(problems[0])
