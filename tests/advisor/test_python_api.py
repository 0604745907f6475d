"""The public names are those of the page, with its signatures, and the page's example runs."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import advisor
from advisor import reasoning

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "python-api.md").read_text(encoding="utf-8")


def test_the_page_lists_the_public_names_with_their_signatures() -> None:
    """Every name of `advisor.__all__` stands in the table, functions with parameters and defaults, and no other."""
    listed = dict(re.findall(r"^\| `advisor\.(\w+)(\([^`]*\))?` \|", DOCUMENT, flags=re.MULTILINE))
    assert set(listed) == set(advisor.__all__)
    for name, words in listed.items():
        thing = getattr(advisor, name)
        if inspect.isfunction(thing):
            given = inspect.signature(thing).parameters.values()
            plain = [one.replace(annotation=inspect.Parameter.empty) for one in given]
            assert str(inspect.Signature(plain)) == words
        else:
            assert words == ""


def test_the_pages_example_runs(tmp_path: Path) -> None:
    """The example prints the recommendation, three questions with their reasons, and both recommendations."""
    code = re.findall(r"```python\n(.*?)```", DOCUMENT, flags=re.DOTALL)[0]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split()[0] in ("prompting", "fine_tuning", "hybrid")
    assert len(lines) == 5


def test_importing_the_package_imports_nothing_of_it() -> None:
    """A program that only imports the package waits for no rule, no numpy and no engine."""
    code = "import sys, advisor; print([name for name in sys.modules if name.startswith(('advisor.', 'numpy'))])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_unknown_name_is_no_attribute() -> None:
    """A misspelled name fails as on any module."""
    assert not hasattr(advisor, "recomend")


def test_nothing_that_the_engine_hands_out_can_be_changed() -> None:
    """Who holds an advice, or a part of one, holds what was decided: every record refuses a new value."""
    names = [found.name for found in pkgutil.walk_packages(reasoning.__path__, f"{reasoning.__name__}.")]
    things = [thing for name in names for thing in vars(importlib.import_module(name)).values()]
    records = {it for it in things if isinstance(it, type) and dataclasses.is_dataclass(it)}
    assert len(records) > 100
    for record in records:
        for field in dataclasses.fields(record):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(record.__new__(record), field.name, "another")
