"""Our label scores against lm-evaluation-harness: the same prompts, solved examples, labels and number format.

The peer takes up to a minute per document, so that each round times it on a few of the documents and scales. Its scores
are kept in the user's cache folder: `python -m perf agreement` goes on where it was stopped until all documents have
been compared. With many labels `python -m perf contenders` asks it for those alone that could be largest, which takes
minutes where all labels take hours. `python -m perf brief` takes processor time on one core, some labels standing for
all, and may run beside other work.
"""

from __future__ import annotations

import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import tasks
from benchmarks.approaches import prompts
from benchmarks.models.files import models_home
from benchmarks.models.label_scoring import encode_labels, encode_prompts, score
from benchmarks.models.label_tree import LabelTree
from benchmarks.models.language_model import Frame, LoadedModel, load
from benchmarks.models.machine import machine
from benchmarks.models.registry import resolve
from benchmarks.records import Task, digest
from perf.operations import Operations, Row
from perf.readings import Readings, claim, ratios, say
from perf.training import DATA, PEER_PYTHON

PEER = Path(__file__).with_name("scoring_peer.py")
MODEL = "smollm2-135m"
DOCUMENTS = 50
ROUNDS = 3
PEER_BATCH = 8
PEAK_SHARE = 0.5
AGREEMENT = {"float32": 1.0, "bfloat16": 0.98}
# In nats below our largest score. On documents whose labels were all scored by both, the scores were at most 0.0001 and
# 0.7 nats apart; what is seen on the contenders is printed.
CONTENDING = {"float32": 1.0, "bfloat16": 4.0}
MANY_LABELS = 20
AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class Setting:
    """A task asked with some solved examples: `least` is the claim, `timed` the peer's documents in each round."""

    task: str
    shots: int
    least: float
    timed: int


SETTINGS = (
    Setting("banking77", 8, 40, 1),
    Setting("banking77", 16, 60, 1),
    Setting("sms_spam", 8, 8, 12),
    Setting("review_sentiment", 0, 1.5, 50),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What both are asked: documents in a frame, and labels, closed by the end of turn only where they must be."""

    frame: Frame
    documents: tuple[str, ...]
    labels: tuple[str, ...]
    closed: bool

    @classmethod
    def of(cls, model: LoadedModel, setting: Setting) -> Asked:
        """The first test documents of the task behind the examples of seed 0."""
        task: Task = tasks.load(DATA / setting.task)
        shots = prompts.demonstrations(task.train, setting.shots, 0, "shots")
        frame = prompts.frame(model, task.card, shots=shots)
        try:
            encode_labels(model, frame, task.card.labels, closed=False)
            closed = False
        except ValueError:
            closed = True
        documents = tuple(
            model.shorten(model.plain(row.text), prompts.DOCUMENT_TOKENS) for row in task.test[:DOCUMENTS]
        )
        return cls(frame, documents, task.card.labels, closed)

    def pairs(self, model: LoadedModel, documents: slice) -> list[list[str]]:
        """Context and continuation of every label after these documents, as the peer takes them."""
        end = model.tokenizer.eos_token if self.closed else ""
        contexts = [self.frame.head + document + self.frame.tail for document in self.documents[documents]]
        return [[context, model.plain(label) + end] for context in contexts for label in self.labels]

    def work(self, model: LoadedModel) -> float:
        """Floating-point operations that the scores need."""
        encoded = encode_labels(model, self.frame, self.labels, closed=self.closed)
        given = encode_prompts(model, self.frame, self.documents, encoded.dropped, prompts.DOCUMENT_TOKENS)
        nodes, before = len(LabelTree.of(encoded.continuations).nodes), len(given.prefix)
        own = [len(row) for row in given.suffixes]
        plain = Row.of(before, own, [1] * len(own))
        # Every node of the labels' tree sees what stands before it and the document.
        tree = nodes * sum(before + length for length in own)
        row = Row(
            plain.tokens + nodes * len(own), plain.asked + nodes * len(own), plain.seen + tree, plain.seen_asked + tree
        )
        return Operations(model.model).scoring(row)


def measure() -> bool:
    """Prints every comparison; whether all claims hold here."""
    model = load(resolve(MODEL))
    held = [_compare(model, setting) for setting in SETTINGS]
    return all(held)


def _compare(model: LoadedModel, setting: Setting) -> bool:
    asked = Asked.of(model, setting)
    _ours(model, asked)
    ours, theirs, memory = [], [], 0.0
    for number in range(ROUNDS):
        start = number * setting.timed % DOCUMENTS
        report = _peer(model, asked, slice(start, start + setting.timed))
        theirs.append(report["seconds"] / min(setting.timed, DOCUMENTS - start))
        memory = max(memory, report["peak_bytes"] / 2**30)
        ours.append(min(_ours(model, asked)[1] for _ in range(2)) / len(asked.documents))
    mine, others = Readings(tuple(ours)), Readings(tuple(theirs))
    times, rate = ratios(others, mine), asked.work(model) / len(asked.documents) / mine.median / 1e9
    here = machine()
    peak = here.peak_gflops[model.dtype]
    own_memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    name = f"{setting.task}, {setting.shots} solved examples"
    say(
        [
            "",
            f"Label scores, {name}: {len(asked.labels)} labels{', closed' if asked.closed else ''}, {model.dtype}",
            f"   lm-eval HFLM      {others.shown(2, 's a document')}; {setting.timed} documents a round, batch"
            f" {PEER_BATCH}, memory {memory:.1f} GiB",
            f"   ours              {mine.shown(4, 's a document')}; {len(asked.documents)} documents a round, prefix"
            f" included, memory {own_memory:.1f} GiB",
            f"   documents/s       {1 / mine.median:.2f} against {1 / others.median:.3f}",
            f"   multiplications   {rate:.0f} GFLOP/s, {100 * rate / peak:.0f} % of the machine's {peak:.0f}"
            f"{'' if here.quiet else ' (probed beside other work)'}",
        ]
    )
    return all(
        [
            claim(
                f"{name}: at least {setting.least:g} times as many documents a second ({times.median:.1f})",
                times.median >= setting.least,
            ),
            claim(
                f"{name}: at least {100 * PEAK_SHARE:.0f} % of the measured matmul peak ({100 * rate / peak:.0f} %)",
                rate >= PEAK_SHARE * peak,
            ),
        ]
    )


def brief() -> bool:
    """Prints the comparison in processor time on one core, with a few documents and labels for the peer."""
    import torch

    model = load(resolve(MODEL))
    torch.set_num_threads(1)
    held = []
    for setting, documents, labels in zip(SETTINGS, (1, 1, 4, 25), (16, 12, 2, 2), strict=True):
        asked = Asked.of(model, setting)
        few = replace(asked, labels=asked.labels[:labels])
        _ours(model, asked)
        mine = min(_ours(model, asked, time.process_time)[1] for _ in range(2)) / len(asked.documents)
        report = _peer(model, few, slice(documents), threads=1, processor_time=True)
        theirs = report["seconds"] / documents * len(asked.labels) / labels
        rate = asked.work(model) / len(asked.documents) / mine / 1e9
        name = f"{setting.task}, {setting.shots} solved examples"
        say(
            [
                "",
                f"Label scores, {name}, {model.dtype}, processor seconds a document on one core",
                f"   lm-eval HFLM {theirs:.3f}, from {documents} documents and {labels} of {len(asked.labels)} labels",
                f"   ours {mine:.4f}, from {len(asked.documents)} documents; {rate:.0f} GFLOP/s",
            ]
        )
        times = theirs / mine
        held.append(claim(f"{name}: at least {setting.least:g} times as fast ({times:.0f})", times >= setting.least))
    torch.set_num_threads(machine().threads)
    return all(held)


def agree(*wanted: str, seconds: float = 240.0) -> bool:
    """Prints on how many documents both find the same label; the peer goes on for `seconds` with those it has not."""
    held = []
    for form, least in AGREEMENT.items():
        model = load(resolve(MODEL), dtype=form)
        for setting in SETTINGS:
            if wanted and setting.task not in wanted:
                continue
            asked = Asked.of(model, setting)
            mine, _ = _ours(model, asked)
            theirs, used = _known(model, asked, seconds)
            seconds -= used
            pairs = list(zip(mine, theirs, strict=False))
            same = sum(largest(one) == largest(other) for one, other in pairs)
            apart = max((apart(one, other) for one, other in pairs), default=0.0)
            share = same / len(pairs) if pairs else 0.0
            say(
                f"   {setting.task}, {setting.shots} solved examples, {form}: the same label on {same} of {len(pairs)}"
                f" documents compared so far ({DOCUMENTS} in all), scores at most {apart:.2g} nats apart"
            )
            text = f"{setting.task}, {setting.shots}, {form}: the same label on at least {100 * least:.0f} %"
            held.append(claim(text, bool(pairs) and share >= least))
    return all(held)


def contend(*wanted: str) -> bool:
    """Prints the same for tasks of many labels, where the peer scores those alone that our scores leave a chance."""
    held = []
    for form, least in AGREEMENT.items():
        model = load(resolve(MODEL), dtype=form)
        for setting in SETTINGS:
            asked = Asked.of(model, setting)
            names = {setting.task, f"{setting.task}:{setting.shots}"}
            if len(asked.labels) <= MANY_LABELS or (wanted and not names & set(wanted)):
                continue
            mine, _ = _ours(model, asked)
            chosen = [_contenders(row, CONTENDING[form]) for row in mine]
            theirs = _contended(model, asked, chosen)
            pairs = [
                ([row[label] for label in labels], found)
                for row, labels, found in zip(mine, chosen, theirs, strict=True)
            ]
            same = sum(largest(one) == largest(other) for one, other in pairs)
            farthest = max(apart(one, other) for one, other in pairs)
            say(
                f"   {setting.task}, {setting.shots} solved examples, {form}: the same label on {same} of {len(pairs)}"
                f" documents; the peer scored {sum(map(len, chosen)) / len(chosen):.1f} of {len(asked.labels)} labels a"
                f" document, those within {CONTENDING[form]:g} nats of our largest; scores at most {farthest:.2g} nats"
                " apart"
            )
            for at, (one, other) in enumerate(pairs):
                if largest(one) != largest(other):
                    leads = [row[largest(row)] - row[largest(rival)] for row, rival in ((one, other), (other, one))]
                    say(f"      document {at}: ours leads by {leads[0]:.3f}, the peer's by {leads[1]:.3f} nats")
            text = f"{setting.task}, {setting.shots}, {form}: the same label on at least {100 * least:.0f} %"
            held.append(claim(text, same >= least * len(pairs)))
    return bool(held) and all(held)


def _contenders(row: Sequence[float], within: float) -> list[int]:
    """The labels within so many nats of the largest, in their order; always two at least."""
    second = sorted(row)[-2]
    return [at for at, value in enumerate(row) if value >= min(second, max(row) - within)]


def _contended(model: LoadedModel, asked: Asked, chosen: Sequence[Sequence[int]]) -> list[list[float]]:
    """The peer's scores of these labels of every document, some documents a process."""
    found: list[list[float]] = []
    for start in range(0, len(chosen), AT_ONCE):
        some = chosen[start : start + AT_ONCE]
        whole = asked.pairs(model, slice(start, start + len(some)))
        every = len(asked.labels)
        pairs = [whole[at * every + label] for at, labels in enumerate(some) for label in labels]
        values = iter(_report(model, pairs)["values"])
        found += [[next(values) for _ in labels] for labels in some]
    return found


def _ours(
    model: LoadedModel, asked: Asked, clock: Callable[[], float] = time.perf_counter
) -> tuple[list[tuple[float, ...]], float]:
    """Scores, and seconds for all documents with the prefix encoded anew."""
    started = clock()
    found = score(
        model,
        asked.frame,
        asked.documents,
        asked.labels,
        document_tokens=2 * prompts.DOCUMENT_TOKENS,
        closed=asked.closed,
    )
    return found.values, clock() - started


def _peer(
    model: LoadedModel, asked: Asked, documents: slice, *, threads: int = 0, processor_time: bool = False
) -> dict[str, Any]:
    """The peer's report on some documents, with the machine's threads unless another number is given."""
    return _report(model, asked.pairs(model, documents), threads=threads, processor_time=processor_time)


def _report(
    model: LoadedModel, pairs: Sequence[Sequence[str]], *, threads: int = 0, processor_time: bool = False
) -> dict[str, Any]:
    """The peer's report on pairs of context and label."""
    job = {
        "folder": str(model.files.folder),
        "dtype": model.dtype,
        "batch": PEER_BATCH,
        "threads": threads or machine().threads,
        "processor_time": processor_time,
        "pairs": pairs,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(job, file)
        file.flush()
        command = [str(PEER_PYTHON), str(PEER), file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the peer failed: {done.stderr[-2000:]}")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def _known(model: LoadedModel, asked: Asked, seconds: float) -> tuple[list[list[float]], float]:
    """The peer's scores of the first documents, kept from run to run, and the seconds spent on further ones."""
    path, found = _path(model, asked), known(model, asked)
    begun, count = time.perf_counter(), len(asked.labels)
    step = 1 if count > 20 else 25
    while len(found) < len(asked.documents) and time.perf_counter() - begun < seconds:
        values = _peer(model, asked, slice(len(found), len(found) + step))["values"]
        found += [values[start : start + count] for start in range(0, len(values), count)]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))
    return found, time.perf_counter() - begun


def known(model: LoadedModel, asked: Asked) -> list[list[float]]:
    """The peer's scores of the first documents as far as they have been kept."""
    path = _path(model, asked)
    found: list[list[float]] = json.loads(path.read_text()) if path.exists() else []
    return found


def scores(model: LoadedModel, asked: Asked) -> list[tuple[float, ...]]:
    """Our scores of all documents."""
    return _ours(model, asked)[0]


def _path(model: LoadedModel, asked: Asked) -> Path:
    key = digest([model.files.content_hash, model.dtype, asked.pairs(model, slice(None))])[:16]
    return models_home().parent / "perf" / f"lm-eval-{key}.json"


def apart(one: Sequence[float], other: Sequence[float]) -> float:
    """The largest difference between two rows of scores, each less its mean.

    The peer counts a line break at the prompt's end with every label, which moves all scores of a document alike.
    """
    differences = [a - b for a, b in zip(one, other, strict=True)]
    mean = sum(differences) / len(differences)
    return max(abs(value - mean) for value in differences)


def largest(values: Sequence[float]) -> int:
    """The place of the largest value, the first of equals."""
    return max(range(len(values)), key=lambda index: values[index])
