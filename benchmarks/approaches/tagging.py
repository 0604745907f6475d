"""The linear baseline of extraction: words tagged one by one, fields with fixed values chosen for the whole text.

Only what stands in the text can be tagged: fields that are texts, each once. Other fields stay out of its answers.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import BenchmarkError, MissingExtra
from ..records import Answer, Example, TaskCard
from ..tasks.schema import alternatives, written

VERSION = 1
STRENGTH = 1.0
OUTSIDE = "O"
_WORD = re.compile(r"\w+|[^\w\s]")

Features = dict[str, float]


def settings() -> dict[str, Any]:
    """What may change a number of the arm."""
    return {"version": VERSION, "c": STRENGTH}


class Tagger:
    """A linear classifier of words in their context, and one of texts for every field with fixed values."""

    def __init__(self, card: TaskCard, seed: int) -> None:
        self.card, self.seed = card, seed
        self.words: _Classifier | None = None
        self.choices: dict[str, _Classifier] = {}

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Fit on all labelled rows; nothing is chosen, so no row is held out."""
        started = time.perf_counter()
        rows = (*train, *dev)
        if not rows:
            raise BenchmarkError("arm 'linear' needs at least 1 labelled row; found 0")
        features: list[Features] = []
        tags: list[str] = []
        for row in rows:
            spans = [match.span() for match in _WORD.finditer(row.text)]
            features += _features(row.text, spans)
            tags += _tags(row.text, spans, dict(_texts(json.loads(row.label))))
        self.words = _Classifier(features, tags, self.seed)
        for choice in self.card.choices:
            values = [json.dumps(json.loads(row.label).get(choice)) for row in rows]
            self.choices[choice] = _Classifier([_bag(row.text) for row in rows], values, self.seed)
        return {
            "chosen": {"c": STRENGTH},
            "rows": len(rows),
            "tags": len(set(tags)),
            "tokens": 0,
            "seconds": round(time.perf_counter() - started, 3),
        }

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """One object per text, with the fields that the schema has for the values that were chosen."""
        if self.words is None:
            raise RuntimeError("fit comes before predict")
        if progress:
            progress(len(texts))
        if not texts:
            return []
        all_spans = [[match.span() for match in _WORD.finditer(text)] for text in texts]
        features = [one for text, spans in zip(texts, all_spans, strict=True) for one in _features(text, spans)]
        tags = iter(self.words(features))
        chosen = {choice: classify([_bag(text) for text in texts]) for choice, classify in self.choices.items()}
        answers = []
        for index, (text, spans) in enumerate(zip(texts, all_spans, strict=True)):
            found = _found(text, spans, [next(tags) for _ in spans])
            values = {choice: json.loads(value[index]) for choice, value in chosen.items()}
            answers.append(Answer(self._object(found, values)))
        return answers

    def _object(self, found: Mapping[str, str], chosen: Mapping[str, Any]) -> str:
        schema = self.card.schema or {}
        parts = alternatives(schema)
        fitting = [part for part in parts if _fits(part, chosen)] or parts
        return written(_filled(fitting[0], "", found, chosen), schema)


class _Classifier:
    """A linear support vector machine over named features; one class alone needs none."""

    def __init__(self, features: Sequence[Features], classes: Sequence[str], seed: int) -> None:
        try:
            from sklearn.feature_extraction import DictVectorizer
            from sklearn.svm import LinearSVC
        except ImportError as error:
            raise MissingExtra.of(error.name or "scikit-learn") from error
        self.only = classes[0] if len(set(classes)) == 1 else None
        self.vectorizer, self.machine = DictVectorizer(), LinearSVC(C=STRENGTH, random_state=seed % 2**31)
        if self.only is None and classes:
            self.machine.fit(_narrow(self.vectorizer.fit_transform(list(features))), list(classes))

    def __call__(self, features: Sequence[Features]) -> list[str]:
        """The class of each."""
        if self.only is not None or not features:
            return [self.only or OUTSIDE for _ in features]
        return [str(one) for one in self.machine.predict(_narrow(self.vectorizer.transform(list(features))))]


def _narrow(matrix: Any) -> Any:
    """The matrix with indices of 32 bits, which the solver insists on."""
    matrix.indices, matrix.indptr = matrix.indices.astype("int32"), matrix.indptr.astype("int32")
    return matrix


def _features(text: str, spans: Sequence[tuple[int, int]]) -> list[Features]:
    """What is known of each word: itself, its ends, its shape, its neighbours, and which words the text has."""
    words = [text[start:end] for start, end in spans]
    lower = [word.lower() for word in words]
    around = {f"in={word}": 0.3 for word in lower}
    result = []
    for index, word in enumerate(words):
        own = dict(around)
        for offset in (-3, -2, -1, 0, 1, 2, 3):
            place = index + offset
            near = lower[place] if 0 <= place < len(lower) else "<none>"
            own[f"{offset}={near}"] = 1.0
            if abs(offset) == 1 and 0 <= place < len(words):
                own[f"{offset}shape={_shape(words[place])}"] = 1.0
        for length in (2, 3):
            own[f"begins={lower[index][:length]}"] = own[f"ends={lower[index][-length:]}"] = 1.0
        own[f"shape={_shape(word)}"] = 1.0
        result.append(own)
    return result


def _shape(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", re.sub(r"[^\W\d_]", "a", re.sub(r"[A-ZÄÖÜ]", "A", re.sub(r"\d", "0", word))))


def _bag(text: str) -> Features:
    words = [match.group().lower() for match in _WORD.finditer(text)]
    pairs = [f"{left} {right}" for left, right in zip(["<start>", *words], words, strict=False)]
    return dict.fromkeys([*words, *pairs], 1.0)


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The texts in an object outside of lists, each with its path."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, str) and value:
        yield path, value


def _tags(text: str, spans: Sequence[tuple[int, int]], fields: Mapping[str, str]) -> list[str]:
    """Per word the field that begins or goes on there; what cannot be found in the text is not tagged."""
    tags = [OUTSIDE] * len(spans)
    for path, value in fields.items():
        at = text.find(value)
        at = at if at >= 0 else text.lower().find(value.lower())
        inside = [index for index, (start, end) in enumerate(spans) if at <= start and end <= at + len(value)]
        if at < 0 or not inside or any(tags[index] != OUTSIDE for index in inside):
            continue
        for index in inside:
            tags[index] = f"{'B' if index == inside[0] else 'I'}:{path}"
    return tags


def _found(text: str, spans: Sequence[tuple[int, int]], tags: Sequence[str]) -> dict[str, str]:
    """The first stretch of words of each field, as it stands in the text."""
    found: dict[str, tuple[int, int]] = {}
    going = ""
    for (start, end), tag in zip(spans, tags, strict=True):
        if tag == OUTSIDE:
            going = ""
            continue
        path = tag[2:]
        if tag[0] == "I" and path == going:
            found[path] = (found[path][0], end)
        elif path not in found:
            found[path], going = (start, end), path
        else:
            going = ""
    return {path: text[start:end] for path, (start, end) in found.items()}


def _fits(part: Mapping[str, Any], chosen: Mapping[str, Any]) -> bool:
    properties = part.get("properties", {})
    return all(properties[name].get("const", value) == value for name, value in chosen.items() if name in properties)


def _filled(
    schema: Mapping[str, Any], path: str, found: Mapping[str, str], chosen: Mapping[str, Any]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        where = f"{path}.{name}" if path else name
        if where in chosen:
            if chosen[where] is not None:
                result[name] = chosen[where]
        elif "properties" in part:
            inner = _filled(part, where, found, chosen)
            if inner or name in required:
                result[name] = inner
        elif where in found:
            result[name] = found[where]
        elif name in required and part.get("type") == "string":
            result[name] = ""
    return result
