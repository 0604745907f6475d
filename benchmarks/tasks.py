"""Tasks are folders: `task.json`, `train.jsonl` and `test.jsonl`, read strictly.

Every mistake in a folder is reported in one go, each with file, line, field, what was found and what is allowed.
Past this door the rows are known to be good: labels from the card, no empty text, no text twice, none in both splits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import BenchmarkError
from .records import Example, Task, TaskCard, example_id

CARD_FILE = "task.json"
ROW_FILES = ("train.jsonl", "test.jsonl")
KINDS = ("classification",)
KNOWN_KINDS = ("classification", "extraction", "generation", "qa")
SAMPLES = Path(__file__).resolve().parent / "samples"
SHOWN_PER_FILE = 20
_F1_OF = "f1_of_"
_REQUIRED = None
_TEXT_FIELDS: Mapping[str, str | None] = {
    "name": "",
    "kind": _REQUIRED,
    "language": "en",
    "domain": "",
    "description": _REQUIRED,
    "licence": "",
    "attribution": "",
}


def find(name_or_path: str | Path) -> Path:
    """The folder of a task, given by its path or by the name of a shipped sample. Raises BenchmarkError."""
    folder = Path(name_or_path).expanduser()
    if folder.is_dir():
        return folder
    sample = SAMPLES / str(name_or_path)
    if folder.name == str(name_or_path) and sample.is_dir():
        return sample
    names = ", ".join(path.name for path in discover()) or "none"
    raise BenchmarkError(
        [f"task {str(name_or_path)!r}: no such folder, and no shipped sample has that name (samples: {names})"]
    )


def discover() -> list[Path]:
    """The folders of the shipped sample tasks, by name."""
    if not SAMPLES.is_dir():
        return []
    return sorted(path for path in SAMPLES.iterdir() if (path / CARD_FILE).is_file())


def load(folder: str | Path) -> Task:
    """The task in `folder`, checked throughout. Raises BenchmarkError with every problem found."""
    folder = Path(folder)
    problems = _Problems()
    contents = {name: _read(folder / name, name, problems) for name in (CARD_FILE, *ROW_FILES)}
    card, extra, pinned = _card(contents[CARD_FILE], folder.name, problems)
    fingerprint: dict[str, str] = {}
    splits: dict[str, tuple[Example, ...]] = {}
    for name in ROW_FILES:
        content = contents[name]
        if content is None:
            continue
        fingerprint[name] = hashlib.sha256(content).hexdigest()
        _compare_hash(name, fingerprint[name], pinned, problems)
        if card is not None and card.kind in KINDS:
            splits[name] = _rows(name, content, card.labels, extra, problems)
    if len(splits) == len(ROW_FILES):
        _compare_splits(splits, problems)
    problems.raise_if_any(folder)
    assert card is not None
    return Task(card=card, train=splits[ROW_FILES[0]], test=splits[ROW_FILES[1]], fingerprint=fingerprint)


def label_of_metric(metric: str, labels: Sequence[str]) -> str | None:
    """The label that a metric such as `f1_of_spam` speaks of, or None; blanks may be written as underscores."""
    if not metric.startswith(_F1_OF):
        return None
    wanted = metric.removeprefix(_F1_OF)
    return next((label for label in labels if wanted in (label, label.replace(" ", "_"))), None)


@dataclass
class _Problems:
    """What is wrong with one folder, at most twenty lines a file and a count of the rest."""

    by_file: dict[str, list[str]] = field(default_factory=dict)

    def add(self, file: str, text: str, line: int | None = None) -> None:
        where = file if line is None else f"{file} line {line}"
        self.by_file.setdefault(file, []).append(f"{where}: {text}")

    def raise_if_any(self, folder: Path) -> None:
        lines: list[str] = []
        for file, found in self.by_file.items():
            lines += found[:SHOWN_PER_FILE]
            if len(found) > SHOWN_PER_FILE:
                lines.append(f"{file}: {len(found) - SHOWN_PER_FILE} more problems of this file are not shown")
        if lines:
            raise BenchmarkError([f"{folder.name}/{line}" for line in lines])


def _read(path: Path, name: str, problems: _Problems) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        problems.add(name, f"the file is missing; a task folder holds {CARD_FILE}, {ROW_FILES[0]} and {ROW_FILES[1]}")
    except OSError as error:
        problems.add(name, f"cannot be read: {error.strerror or error}")
    return None


def _decode(content: bytes) -> str:
    """The text of a UTF-8 file; raises ValueError that names the line of the first bad byte."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x} in line {line}"
        raise ValueError(f"is not UTF-8: found {found}; save the file as UTF-8") from None
    if text.startswith("\ufeff"):
        raise ValueError("starts with a byte order mark; save the file as UTF-8 without one")
    return text


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    repeated = sorted({key for key in keys if keys.count(key) > 1})
    if repeated:
        raise ValueError(f"the key {repeated[0]!r} occurs twice in one object; keep one")
    return dict(pairs)


def _parse(text: str) -> Any:
    """The JSON value in `text`; raises ValueError with a position and without a stack of causes."""
    try:
        return json.loads(text, object_pairs_hook=_no_repeats)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise ValueError("is not JSON that can be read: nested too deeply") from None


def _card(content: bytes | None, folder: str, problems: _Problems) -> tuple[TaskCard | None, set[str], dict[str, Any]]:
    """The card, the names of extra row fields, and the pinned file hashes."""
    if content is None:
        return None, set(), {}
    try:
        raw = _parse(_decode(content))
    except ValueError as error:
        problems.add(CARD_FILE, str(error))
        return None, set(), {}
    if not isinstance(raw, dict):
        problems.add(CARD_FILE, f"found {_kind_of(raw)}; allowed: one JSON object")
        return None, set(), {}
    text = {key: _card_text(raw, key, default, problems) for key, default in _TEXT_FIELDS.items()}
    text["name"] = text["name"] or folder
    if text["kind"] not in KINDS:
        known = "is not supported yet" if text["kind"] in KNOWN_KINDS else "is unknown"
        problems.add(CARD_FILE, f"field 'kind': the kind {text['kind']!r} {known}; allowed: {', '.join(KINDS)}")
        return None, set(), {}
    labels = _labels(raw.get("labels"), problems)
    metric = _metric(raw.get("metric"), labels, problems)
    card = TaskCard(labels=labels, metric=metric, **text)
    return card, _extra_fields(raw, problems), _pinned(raw, problems)


def _card_text(raw: Mapping[str, Any], key: str, default: str | None, problems: _Problems) -> str:
    value = raw.get(key, default)
    if value is None:
        problems.add(CARD_FILE, f"field {key!r} is missing; allowed: a text")
        return ""
    if not isinstance(value, str):
        problems.add(CARD_FILE, f"field {key!r}: found {_kind_of(value)}; allowed: a text")
        return ""
    if default is None and not value.strip():
        problems.add(CARD_FILE, f"field {key!r} is empty; allowed: a text")
    return value


def _labels(value: Any, problems: _Problems) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        problems.add(CARD_FILE, f"field 'labels': found {_kind_of(value)}; allowed: a list of at least two texts")
        return ()
    labels = tuple(value)
    if any(not label.strip() or label != label.strip() or not _storable(label) for label in labels):
        problems.add(CARD_FILE, "field 'labels': a label is empty or has blanks around it; allowed: non-empty texts")
    seen = [label.casefold() for label in labels]
    for label in sorted({label for label in labels if seen.count(label.casefold()) > 1}):
        problems.add(CARD_FILE, f"field 'labels': {label!r} occurs more than once (upper and lower case count as one)")
    if len(labels) < 2:
        problems.add(CARD_FILE, f"field 'labels': found {len(labels)} label(s); allowed: at least two")
    return labels


def _metric(value: Any, labels: Sequence[str], problems: _Problems) -> str:
    name = value.get("primary") if isinstance(value, dict) else value
    allowed = "allowed: 'accuracy', 'macro_f1' or 'f1_of_' and a label"
    if not isinstance(name, str):
        problems.add(CARD_FILE, f"field 'metric': found {_kind_of(name)}; {allowed}, or an object with 'primary'")
        return ""
    if name not in ("accuracy", "macro_f1") and label_of_metric(name, labels) is None:
        problems.add(CARD_FILE, f"field 'metric': found {name!r}; {allowed} ({', '.join(labels[:8])})")
    return name


def _extra_fields(raw: Mapping[str, Any], problems: _Problems) -> set[str]:
    value = raw.get("extra_fields", [])
    if isinstance(value, Mapping):
        return set(value)
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return set(value)
    problems.add(CARD_FILE, f"field 'extra_fields': found {_kind_of(value)}; allowed: a list of names")
    return set()


def _pinned(raw: Mapping[str, Any], problems: _Problems) -> dict[str, Any]:
    value = raw.get("files", {})
    if not isinstance(value, Mapping) or not all(isinstance(entry, Mapping) for entry in value.values()):
        problems.add(CARD_FILE, "field 'files': allowed: an object that gives per file an object with 'sha256'")
        return {}
    return {str(name): entry["sha256"] for name, entry in value.items() if "sha256" in entry}


def _compare_hash(name: str, found: str, pinned: Mapping[str, Any], problems: _Problems) -> None:
    expected = pinned.get(name)
    if expected is not None and expected != found:
        problems.add(
            name,
            f"the file has changed: its SHA-256 is {found}, {CARD_FILE} pins {expected}; "
            f"restore the file, or update 'files' in {CARD_FILE} if the change is meant",
        )


def _lines(name: str, content: bytes, problems: _Problems) -> Iterator[tuple[int, Any]]:
    try:
        text = _decode(content)
    except ValueError as error:
        problems.add(name, str(error))
        return
    # Only line feeds end a row: splitlines() would also cut at the separators that JSON allows inside a text.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, _parse(line)
        except ValueError as error:
            problems.add(name, str(error).replace("line 1, ", ""), number)


def _rows(
    name: str, content: bytes, labels: Sequence[str], extra: set[str], problems: _Problems
) -> tuple[Example, ...]:
    rows: list[Example] = []
    first_at: dict[str, tuple[int, str]] = {}
    before = len(problems.by_file.get(name, []))
    for number, raw in _lines(name, content, problems):
        example = _row(name, number, raw, labels, extra, problems)
        if example is None:
            continue
        seen = first_at.setdefault(example.id, (number, example.label))
        if seen[0] != number:
            verb, why = "repeats", ""
            if seen[1] != example.label:
                verb, why = "contradicts", f" (label {seen[1]!r} there, {example.label!r} here)"
            problems.add(
                name, f"field 'text': {verb} line {seen[0]}{why}, case and spacing aside; keep one of the two", number
            )
            continue
        rows.append(example)
    clean = len(problems.by_file.get(name, [])) == before
    if clean and not rows:
        problems.add(name, "holds no row; allowed: one JSON object with 'text' and 'label' per line")
    elif clean and len({row.label for row in rows}) < 2:
        problems.add(name, f"every row has the label {rows[0].label!r}; allowed: rows of at least two labels")
    return tuple(rows)


def _row(
    name: str, number: int, raw: Any, labels: Sequence[str], extra: set[str], problems: _Problems
) -> Example | None:
    if not isinstance(raw, dict):
        problems.add(name, f"found {_kind_of(raw)}; allowed: an object with 'text' and 'label'", number)
        return None
    good = True
    for key in sorted(set(raw) - {"text", "label"} - extra):
        problems.add(
            name, f"unknown field {key!r}; allowed: text, label, and names under 'extra_fields' in {CARD_FILE}", number
        )
        good = False
    text, label = raw.get("text"), raw.get("label")
    if not isinstance(text, str) or not text.strip() or not _storable(text):
        found = _kind_of(text) if "text" in raw else "no such field"
        if isinstance(text, str):
            found = "half a surrogate pair" if text.strip() else "an empty text"
        problems.add(name, f"field 'text': found {found}; allowed: a text that is not empty", number)
        good = False
    if not isinstance(label, str) or label not in labels:
        found = repr(label) if "label" in raw else "no such field"
        shown = ", ".join(repr(known) for known in labels[:8]) + (" ..." if len(labels) > 8 else "")
        problems.add(name, f"field 'label': found {found}; allowed: {shown}", number)
        good = False
    return Example(id=example_id(str(text)), text=str(text), label=str(label)) if good else None


def _compare_splits(splits: Mapping[str, Sequence[Example]], problems: _Problems) -> None:
    train, test = (splits[name] for name in ROW_FILES)
    known = {row.id: row for row in train}
    for row in test:
        if row.id in known:
            shown = row.text if len(row.text) <= 60 else row.text[:57] + "..."
            problems.add(
                ROW_FILES[1], f"field 'text': {shown!r} is also in {ROW_FILES[0]}; remove it from one of the two"
            )


def _storable(text: str) -> bool:
    """Whether the text can be written as UTF-8; JSON's \\ud800 escapes can smuggle in half a character."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _kind_of(value: Any) -> str:
    if value is None:
        return "nothing"
    return {bool: "true or false", str: "a text", dict: "an object", list: "a list"}.get(
        type(value), f"the number {value}"
    )
