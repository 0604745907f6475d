"""Fakes for the runner's tests: small contestants that really fit and predict, and a log of what was executed."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.records import Answer, Example
from benchmarks.runs import Ring
from benchmarks.tasks import KINDS

WORDS = {"bug": ("crash", "error", "broken"), "praise": ("great", "love", "thanks")}


@dataclass(frozen=True)
class FakeArm:
    """An arm as the ring lists it."""

    name: str
    approach: str | None
    technique: str | None
    needs_model: bool = False
    kinds: tuple[str, ...] = KINDS
    needs_encoder: bool = False
    by_name: bool = False


class Keywords:
    """Learns which word goes with which label; a share of its answers, drawn by its seed, is turned around."""

    def __init__(self, card: Any, seed: int, noise: float) -> None:
        self.labels, self.seed, self.noise = card.labels, seed, noise
        self.counts: dict[tuple[str, str], int] = {}

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Counts words by label."""
        for row in train:
            for word in row.text.split():
                self.counts[word, row.label] = self.counts.get((word, row.label), 0) + 1
        return {"words": len(self.counts), "dev": len(dev)}

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """Scores labels by counted words."""
        answers = []
        for text in texts:
            scores = [float(sum(self.counts.get((word, label), 0) for word in text.split())) for label in self.labels]
            draw = int(hashlib.sha256(f"{self.seed} {text}".encode()).hexdigest()[:8], 16) / 16**8
            if draw < self.noise:
                scores = [-score for score in scores]
            best = max(range(len(scores)), key=lambda index: scores[index])
            answers.append(Answer(self.labels[best], tuple(scores), tuple(scores), tokens=len(text.split())))
            if progress:
                progress(1)
        return answers


class Slow(Keywords):
    """Keywords that sleeps while fitting, so that a test can kill it in the middle."""

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Sleeps a moment first."""
        time.sleep(0.12)
        return super().fit(train, dev)


class Failing(Keywords):
    """An arm that breaks while fitting."""

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Raises."""
        raise RuntimeError("the loss is not a number")


class Rambling(Keywords):
    """An arm that answers something that is no label."""

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """Says maybe."""
        return [Answer("maybe") for _ in texts]


class Shy(Keywords):
    """An arm that never answers."""

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """Says nothing."""
        return [Answer(None) for _ in texts]


ARMS = {
    arm.name: arm
    for arm in (
        FakeArm("majority", None, None),
        FakeArm("linear", None, None),
        FakeArm("zero_shot", "prompting", "zero_shot", needs_model=True),
        FakeArm("few_shot", "prompting", "few_shot", needs_model=True),
        FakeArm("lora", "fine_tuning", "lora", needs_model=True),
        FakeArm("hybrid", "hybrid", "tuned_with_prompt", needs_model=True),
    )
}
NOISE = {"majority": 0.5, "linear": 0.2, "zero_shot": 0.45, "few_shot": 0.3, "lora": 0.05, "hybrid": 0.05}


def fake_ring(log: Path, behaviour: Mapping[str, type[Keywords]] | None = None, model_hash: str = "ab" * 32) -> Ring:
    """A ring of keyword contestants that appends one line to `log` for every contestant that starts to fit."""
    make, load = partial(_make, log, behaviour or {}), partial(_load, log)
    return Ring(ARMS, make, _settings, partial(_resolve, model_hash), load)


def _make(log: Path, kinds: Mapping[str, type[Keywords]], arm: str, card: Any, seed: int, model: Any) -> Keywords:
    assert (model is not None) == ARMS[arm].needs_model
    kind = kinds.get(arm, Keywords)

    class Logged(kind):  # type: ignore[valid-type, misc]
        def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
            found = super().fit(train, dev)
            line = json.dumps([arm, len(train) + len(dev), self.seed, os.getpid()]) + "\n"
            with log.open("a", encoding="utf-8") as stream:
                stream.write(line)
                stream.flush()
                os.fsync(stream.fileno())
            return found

    return Logged(card, seed, NOISE[arm])


def _settings(arm: str) -> dict[str, float]:
    return {"noise": NOISE[arm]}


def _resolve(model_hash: str, name: str) -> Any:
    return SimpleNamespace(name=name, folder=Path("/models") / name, content_hash=model_hash, origin="a fake")


def _load(log: Path, files: Any, dtype: str | None = None) -> Any:
    with log.with_suffix(".loads").open("a", encoding="utf-8") as stream:
        stream.write(f"{dtype}\n")
    return SimpleNamespace(files=files, dtype=dtype or "float32", facts={"fake": True})


def executions(log: Path) -> list[str]:
    """The lines of the log: one per contestant that finished fitting."""
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def write_task(folder: Path, train: int = 80, test: int = 80, **card: Any) -> Path:
    """A task of two labels told apart by words, in the format of a task folder."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {
        "name": folder.name,
        "kind": "classification",
        "language": "en",
        "domain": "support",
        "description": "Messages to a support desk. Decide whether a message reports a bug or gives praise.",
        "labels": list(WORDS),
        "metric": {"primary": "accuracy", "also": ["macro_f1"]},
        "licence": "CC0-1.0",
    }
    (folder / "task.json").write_text(json.dumps({**whole, **card}), encoding="utf-8")
    for name, count, offset in (("train", train, 0), ("test", test, 1000)):
        rows = []
        for index in range(count):
            label = list(WORDS)[index % 2]
            word = WORDS[label][index // 2 % 3]
            rows.append(json.dumps({"text": f"message {index + offset} is {word}", "label": label}))
        (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder
