"""An experiment as a small YAML file: the words of `advisor bench run`, kept beside the results they gave.

```
task: review_sentiment        # a sample, or a folder as seen from this file
arms: [few_shot, lora]
train_sizes: [16, 64, 256]
seeds: [0, 1, 2]
race: true
```
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import BenchmarkError

_LISTS = ("arms", "train_sizes", "seeds")
_NUMBERS = ("test_limit", "margin", "budget_minutes", "budget_usd", "price_input", "price_output")
_OF_DATA = ("text_column", "label_column", "test_file", "kind", "description", "split_seed")
_FLAGS = ("race", "checks", "drop_leaks")
_TEXTS = ("task", "model", "encoder", "endpoint", "key_env", "out", *_OF_DATA)
FIELDS = ("task", *_LISTS, *_NUMBERS, "model", "encoder", "endpoint", "key_env", "out", *_FLAGS, *_OF_DATA)


def is_experiment(name: str) -> bool:
    """Whether a word of the command line names an experiment file and no task."""
    return Path(name).suffix.lower() in (".yaml", ".yml")


def read(path: str, words: Mapping[str, Any], given: set[str]) -> tuple[str, dict[str, Any]]:
    """The task and the words of the command line behind an experiment file; words `given` on the command line win.

    Raises BenchmarkError with every problem of the file.
    """
    raw = _parsed(path)
    problems = [_unknown(path, name) for name in raw if name not in FIELDS]
    if "task" not in raw:
        problems.append(f"{path}: task: found nothing; allowed: a sample's name or a task folder")
    found = {name: _word(path, name, value, problems) for name, value in raw.items() if name in FIELDS}
    if problems:
        raise BenchmarkError(problems)
    task = str(found.pop("task"))
    beside = Path(path).resolve().parent / task
    for name in ("model", "encoder", "out", "test_file"):
        folder = Path(path).resolve().parent / str(found.get(name, ""))
        # A model may be a name as well; a run's directory lies beside the file that asks for it.
        if name in found and (name not in {"model", "encoder"} or folder.is_dir()):
            found[name] = str(folder)
    merged = {name: found[name] if name in found and name not in given else value for name, value in words.items()}
    return str(beside) if beside.exists() else task, merged


def minutes(text: str | None) -> float | None:
    """A number of minutes above 0; None without a word. Raises BenchmarkError."""
    return _positive("--budget-minutes", text, math.inf, "a number of minutes above 0")


def share(text: str | None) -> float | None:
    """A margin above 0 and below 0.5; None without a word. Raises BenchmarkError."""
    return _positive("--margin", text, 0.5, "a share above 0 and below 0.5, such as 0.02 for two points")


def _positive(option: str, text: str | None, below: float, allowed: str) -> float | None:
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{0,9}(\.[0-9]{1,9})?", text) and text and 0 < float(text) < below:
        return float(text)
    raise BenchmarkError([f"{option}: found {text!r}; allowed: {allowed}"])


def _parsed(path: str) -> dict[str, Any]:
    import yaml

    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise BenchmarkError([f"{path}: cannot be read ({error.strerror}); allowed: an experiment file"]) from None
    except UnicodeDecodeError:
        raise BenchmarkError([f"{path}: is not UTF-8; save the file as UTF-8"]) from None
    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise BenchmarkError([f"{path}{where}: is not YAML: {getattr(error, 'problem', None) or error}"]) from None
    if not isinstance(raw, dict):
        raise BenchmarkError([f"{path}: found no fields; allowed: {', '.join(FIELDS)}"])
    return {str(name): value for name, value in raw.items()}


def _unknown(path: str, name: str) -> str:
    near = difflib.get_close_matches(name, FIELDS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{path}: unknown field {name!r}; allowed: {', '.join(FIELDS)}{hint}"


def _word(path: str, name: str, value: Any, problems: list[str]) -> Any:
    """A field as the command line would say it."""
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    if name in _FLAGS and isinstance(value, bool):
        return value
    if name in _LISTS and isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        return ",".join(str(one) for one in value)
    if plain and (name in _LISTS or name in _NUMBERS or (name in _TEXTS and isinstance(value, str))):
        return str(value)
    allowed = "true or false" if name in _FLAGS else "a list" if name in _LISTS else "one value"
    problems.append(f"{path}: {name}: found {value!r}; allowed: {allowed}")
    return None
