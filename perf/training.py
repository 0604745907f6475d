"""Our LoRA training against TRL's SFTTrainer: the same rows, rank, layers, batch, epochs and learning rate.

`python -m perf.training [plain] [hybrid] [brief] [peak] [accuracy] [check TASK ...]`; without a word: plain and hybrid.
`brief` takes processor time on one thread each and may run beside other work, where threads that wait for each other
burn time that no work was done in. `accuracy` trains the peer in full for three seeds, which takes long, and `check`
says for shared tasks whether training the upper layers over kept lower ones is as good as training all. `peak` trains
without the peer on short, middling and long texts and prints the share of the machine's peak on each, in one process
and in several.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import tasks
from benchmarks.approaches import prompts
from benchmarks.approaches.upper_layers import compare
from benchmarks.models.adapter_files import read_adapter
from benchmarks.models.adapters import ALL_LINEAR, Adapter, Shape
from benchmarks.models.files import models_home
from benchmarks.models.label_scoring import score
from benchmarks.models.language_model import Frame, LoadedModel, load
from benchmarks.models.lessons import Encoder, Exercise, Lesson
from benchmarks.models.lower_layers import LowerLayers
from benchmarks.models.machine import machine, probe
from benchmarks.models.registry import resolve
from benchmarks.models.training import Recipe, Tuned, tune
from benchmarks.models.trunk import trunk_of
from benchmarks.records import Example, Task, digest, nested_subset, seed_for
from perf.operations import Operations, Row
from perf.readings import Readings, claim, ratios, say
from perf.readings import load as load_now

PEER = Path(__file__).with_name("training_peer.py")
PEER_PYTHON = Path(".venv-perf-ring/bin/python")
DATA = Path(os.environ.get("ADVISOR_PERF_TASKS", "../shared/data"))
EXAMPLES, BATCH, EPOCHS, SHOTS, TOP = 256, 8, 1, 8, 10
RECIPE = Recipe(Shape(rank=8, alpha=16, targets=ALL_LINEAR), learnt=0.0)
ROUNDS = int(os.environ.get("ADVISOR_PERF_ROUNDS", "3"))
PEER_STEPS = {"plain": 5, "hybrid": 2}
BRIEF_STEPS = {"plain": 3, "hybrid": 1}
OUR_STEPS = {"plain": 16, "hybrid": 8}
PEAK_STEPS = 8
TEST = 300
LEAST = {"plain": (4, 8), "hybrid": (8, 20)}
LENGTHS = ("review_sentiment", "sms_spam", "contract_clauses", "medical_abstracts")


@dataclass(frozen=True, slots=True)
class Setting:
    """What both train on: the rows, the prompt around each, and the labels."""

    name: str
    task: Task
    rows: tuple[Example, ...]
    frame: Frame

    def lessons(self, seed: int, epochs: int = EPOCHS) -> list[Lesson]:
        """A lesson per step, the rows in a new order every round."""
        from random import Random

        random = Random(seed_for(seed, "perf"))
        made = []
        for _ in range(epochs):
            order = random.sample(self.rows, len(self.rows))
            for start in range(0, len(order), BATCH):
                part = order[start : start + BATCH]
                made.append(Lesson(self.frame, tuple(row.text for row in part), tuple(row.label for row in part)))
        return made


def setting(model: LoadedModel, name: str, seed: int = 0, task: str = "review_sentiment") -> Setting:
    """The rows of a seed under the zero-shot prompt, or under one that shows solved examples which are not asked."""
    loaded = tasks.load(DATA / task)
    shown = SHOTS if name == "hybrid" else 0
    rows = nested_subset(loaded.train, min(EXAMPLES + shown, len(loaded.train)), seed)
    shots, asked = rows[:shown], rows[shown:]
    return Setting(name, loaded, tuple(asked), prompts.frame(model, loaded.card, shots=shots))


def measure() -> bool:
    """Prints both comparisons of speed; whether every claim holds here."""
    return all([speed("plain"), speed("hybrid")])


def speed(name: str) -> bool:
    """Prints our rate and the peer's, the share of the machine's peak, and memory; whether the claims hold."""
    model = load(resolve("smollm2-135m"))
    given = setting(model, name)
    lessons = given.lessons(0)[: OUR_STEPS[name]]
    lower = _lower(model)
    lower_seconds = _fill(model, given, lessons, lower)
    _ours(model, given, lessons[:2], RECIPE)
    peers, ours, upper, shares, work = [], [], [], [], []
    report: dict[str, Any] = {}
    say(["", f"LoRA training, {name}; {load_now()}"])
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            report = _peer(model, given, 0, Path(folder), PEER_STEPS[name])
            peers.append(report["real_tokens"] / report["seconds"])
            started = time.process_time()
            rate, gflops_now = _ours(model, given, lessons, RECIPE)
            tokens = sum(exercise.real_tokens for exercise in _exercises(model, given, lessons))
            used = (time.process_time() - started) / tokens
            work.append(report["processor_seconds"] / report["real_tokens"] / used)
            ours.append(rate)
            shares.append(gflops_now)
            upper.append(_ours(model, given, lessons, _upper(), lower)[0])
            say(
                f"   round {len(ours)}: TRL {peers[-1]:.0f}, ours {ours[-1]:.0f},"
                f" upper layers {upper[-1]:.0f} real tokens/s, processor time {work[-1]:.1f} times ours; {load_now()}"
            )
    theirs, mine, high = (Readings(tuple(values)) for values in (peers, ours, upper))
    peak, times, high_times = machine().peak, ratios(mine, theirs), ratios(high, theirs)
    gflops = Readings(tuple(shares))
    say(
        [
            f"   {len(given.rows)} rows of review_sentiment, batch {BATCH}, rank 8 on all"
            f" linear layers, learning rate {RECIPE.learning_rate:g} for both, {model.dtype}",
            f"   TRL SFTTrainer {_version()}, its defaults       {theirs.shown(0, 'real tokens/s')}; timed on"
            f" {report['steps'] - 1} steps after the first, memory {report['peak_bytes'] / 2**30:.1f} GiB",
            f"   ours, all layers                          {mine.shown(0, 'real tokens/s')}; timed on"
            f" {len(lessons)} steps",
            f"   ours, top {TOP} layers over kept lower ones   {high.shown(0, 'real tokens/s')}; the lower ones once:"
            f" {lower_seconds:.1f} s for these {len(lessons)} steps' rows",
            f"   our multiplications                       {gflops.shown(0, 'GFLOP/s')},"
            f" {100 * gflops.median / peak:.0f} % of the machine's {peak:.0f};"
            f" memory {_memory():.1f} GiB with model and both ways",
            f"   processor time per real token: the peer's is {Readings(tuple(work)).shown(1, 'times')} ours",
            f"   {times.shown(1, 'times')} the peer's rate; over kept lower layers {high_times.shown(1, 'times')}",
        ]
    )
    least, least_high = LEAST[name]
    return all(
        [
            claim(f"{name}: at least {least} times TRL's real tokens/s ({times.median:.1f})", times.median >= least),
            claim(
                f"{name}, cached lower layers: at least {least_high} times ({high_times.median:.1f})",
                high_times.median >= least_high,
            ),
            claim(
                f"{name}: at least 40 % of the measured matmul peak ({100 * gflops.median / peak:.0f} %)",
                gflops.median >= 0.4 * peak,
            ),
        ]
    )


def peak() -> None:
    """Prints our share of the measured matmul peak on texts of different lengths, and whether it is 40 %.

    Each is trained by one process with all threads and by a process per thread at once, as `--workers` does it.
    """
    model = load(resolve("smollm2-135m"))
    top, threads = machine().peak, machine().threads
    say(["", f"LoRA training without the peer, {model.dtype}, peak {top:.0f} GFLOP/s; {load_now()}"])
    for shape, recipe in (("all linear layers", RECIPE), ("the benchmark's layers", Recipe(learnt=0.0))):
        for task in LENGTHS:
            given = setting(model, "plain", task=task)
            lessons = given.lessons(0)[:PEAK_STEPS]
            work = _work(model, given, lessons, recipe)
            _ours(model, given, lessons[:2], recipe)
            tokens = _tuned(model, given, lessons, recipe).tokens / len(lessons)
            alone = [_ours(model, given, lessons, recipe)[1] for _ in range(ROUNDS)]
            rates = {"one process": Readings(tuple(alone))}
            if threads > 1:
                rates[f"{threads} processes"] = Readings(tuple(_at_once(task, recipe, threads, work)))
            for way, rate in rates.items():
                say(
                    f"   {task}, {shape}, {way}: {tokens:.0f} tokens a step of {BATCH} rows,"
                    f" {rate.shown(0, 'GFLOP/s')}, {100 * rate.median / top:.0f} % of the peak; {load_now()}"
                )
                claim(f"{task}: at least 40 % of the measured matmul peak", rate.median >= 0.4 * top)


def _at_once(task: str, recipe: Recipe, processes: int, work: float) -> list[float]:
    """10^9 needed operations a second of so many processes that train at once, one thread each, in every round."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        with get_context("spawn").Manager() as manager:
            barrier = manager.Barrier(processes)
            with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
                spans = list(pool.map(_trained, *zip(*[(task, recipe, barrier)] * processes, strict=True)))
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
    return [processes * work / max(rounds) / 1e9 for rounds in zip(*spans, strict=True)]


def _trained(task: str, recipe: Recipe, barrier: Any) -> list[float]:
    """The seconds of every round, each begun when all processes are there."""
    model = load(resolve("smollm2-135m"))
    given = setting(model, "plain", task=task)
    lessons = given.lessons(0)[:PEAK_STEPS]
    _ours(model, given, lessons[:2], recipe)
    spans = []
    for _ in range(ROUNDS):
        barrier.wait()
        started = time.perf_counter()
        _tuned(model, given, lessons, recipe)
        spans.append(time.perf_counter() - started)
    return spans


def brief(name: str) -> bool:
    """Prints both rates per processor second with one thread each, and the share of one thread's peak."""
    import torch

    torch.set_num_threads(1)
    peak = probe("cpu").peak_gflops
    model = load(resolve("smollm2-135m"))
    torch.set_num_threads(1)
    given = setting(model, name)
    lessons = given.lessons(0)[: OUR_STEPS[name]]
    lower = _lower(model)
    _fill(model, given, lessons, lower)
    _ours(model, given, lessons[:2], RECIPE)
    tokens = sum(exercise.real_tokens for exercise in _exercises(model, given, lessons))
    rates, upper, shares = [], [], []
    for _ in range(2):
        started = time.process_time()
        _tuned(model, given, lessons, RECIPE)
        used = time.process_time() - started
        rates.append(tokens / used)
        shares.append(_work(model, given, lessons, RECIPE) / used / 1e9)
        started = time.process_time()
        _ours(model, given, lessons, _upper(), lower)
        upper.append(tokens / (time.process_time() - started))
    with tempfile.TemporaryDirectory() as folder:
        report = _peer(model, given, 0, Path(folder), BRIEF_STEPS[name], threads=1)
    theirs, mine, high = report["real_tokens"] / report["processor_seconds"], max(rates), max(upper)
    gflops = max(shares)
    say(
        [
            "",
            f"LoRA training, {name}, {model.dtype}, real tokens a processor second, one thread each; {load_now()}",
            f"   TRL SFTTrainer {_version()} {theirs:.0f}, on {report['steps'] - 1} steps after the first",
            f"   ours, all layers      {mine:.0f}, on {len(lessons)} steps; {mine / theirs:.1f} times",
            f"   ours, top {TOP} layers   {high:.0f}; {high / theirs:.1f} times",
            f"   our multiplications   {gflops:.0f} GFLOP/s, {100 * gflops / peak[model.dtype]:.0f} % of one thread's"
            f" {peak[model.dtype]:.0f}",
        ]
    )
    least, least_high = LEAST[name]
    return all(
        [
            claim(f"{name}, processor time: at least {least} times ({mine / theirs:.1f})", mine >= least * theirs),
            claim(f"{name}, kept lower layers: at least {least_high} times", high >= least_high * theirs),
            claim(f"{name}: at least 40 % of one thread's matmul peak", gflops >= 0.4 * peak[model.dtype]),
        ]
    )


def accuracy(seeds: Sequence[int]) -> None:
    """Prints the accuracy of both on the same test rows after training in full, seed by seed; slow."""
    model = load(resolve("smollm2-135m"))
    for seed in seeds:
        given = setting(model, "plain", seed)
        theirs, seconds = peer_adapter(model, given, seed)
        tuned = tune(
            model, given.lessons(seed), given.task.card.labels, RECIPE, seed, document_tokens=prompts.DOCUMENT_TOKENS
        )
        for who, adapter, spent in (("ours", tuned.adapter, tuned.seconds), ("TRL", theirs, seconds)):
            right = _accuracy(model, given, adapter)
            say(f"   seed {seed}: {who:5} {right:.3f} of {TEST} test rows, trained in {spent:.0f} s")


def peer_adapter(model: LoadedModel, given: Setting, seed: int, threads: int = 0) -> tuple[Adapter, float]:
    """The peer's adapter after training in full, and its seconds; kept in the user's cache folder once it is there."""
    key = digest(
        [model.files.content_hash, model.dtype, [row.text for row in given.rows], asdict(RECIPE), seed, EPOCHS]
    )
    folder = models_home().parent / "perf" / f"trl-{key[:16]}"
    report = folder / "report.json"
    if not report.exists():
        folder.mkdir(parents=True, exist_ok=True)
        report.write_text(json.dumps(_peer(model, given, seed, folder, 0, threads)))
    said = json.loads(report.read_text())
    return read_adapter(model, folder / "adapter"), said["seconds"] + said["first_step_seconds"]


def check(names: Sequence[str], examples: int = 64, seeds: int = 1, rows: int = 800) -> None:
    """Prints, per task, whether the top layers alone come as near as two points to all layers on training rows.

    What was trained is kept: a check that was stopped goes on where it was, and `task:ROWS` asks about other rows.
    """
    model = load(resolve("smollm2-135m"))
    for name in names:
        short, _, wanted = name.partition(":")
        task = tasks.load(DATA / short)
        started = time.perf_counter()
        found = compare(
            model, task.card, task.train, TOP, examples=examples, seeds=range(seeds), rows=int(wanted or rows)
        )
        say(f"   {short:22} {found.line()}; {time.perf_counter() - started:.0f} s")


def _upper() -> Recipe:
    return replace(RECIPE, shape=replace(RECIPE.shape, top=TOP))


def _lower(model: LoadedModel) -> LowerLayers:
    trunk = trunk_of(model)
    if trunk is None:
        sys.exit("this model has no trunk")
    return LowerLayers(trunk, len(trunk.layers) - TOP)


def _fill(model: LoadedModel, given: Setting, lessons: Sequence[Lesson], lower: LowerLayers) -> float:
    started = time.perf_counter()
    exercises = _exercises(model, given, lessons)
    lower.prepare(exercises[0].prefix, [row for exercise in exercises for row in exercise.rows])
    return time.perf_counter() - started


def _exercises(model: LoadedModel, given: Setting, lessons: Sequence[Lesson]) -> list[Exercise]:
    encode = Encoder(model, given.task.card.labels, prompts.DOCUMENT_TOKENS)
    return [encode(lesson) for lesson in lessons]


def _ours(
    model: LoadedModel, given: Setting, lessons: Sequence[Lesson], recipe: Recipe, lower: LowerLayers | None = None
) -> tuple[float, float]:
    """Real tokens a second, and 10^9 needed operations a second if all layers were trained."""
    tuned = _tuned(model, given, lessons, recipe, lower)
    return tuned.real_tokens / tuned.seconds, _work(model, given, lessons, recipe) / tuned.seconds / 1e9


def _tuned(
    model: LoadedModel, given: Setting, lessons: Sequence[Lesson], recipe: Recipe, lower: LowerLayers | None = None
) -> Tuned:
    return tune(model, lessons, given.task.card.labels, recipe, 0, document_tokens=prompts.DOCUMENT_TOKENS, lower=lower)


def _work(model: LoadedModel, given: Setting, lessons: Sequence[Lesson], recipe: Recipe) -> float:
    """The floating-point operations that training all layers on these lessons needs."""
    operations = Operations(model.model)
    return sum(
        operations.training(
            Row.of(len(each.prefix), [len(row) for row in each.rows], [len(answer) for answer in each.answers]),
            recipe.shape,
        )
        for each in _exercises(model, given, lessons)
    )


def _peer(model: LoadedModel, given: Setting, seed: int, folder: Path, steps: int, threads: int = 0) -> dict[str, Any]:
    lessons = given.lessons(seed, epochs=1)
    rows = [
        {"prompt": [*exercise.prefix, *document], "answer": list(answer)}
        for exercise in _exercises(model, given, lessons)
        for document, answer in zip(exercise.documents, exercise.answers, strict=True)
    ]
    (folder / "rows.json").write_text(json.dumps(rows))
    shape = RECIPE.shape
    recipe: dict[str, Any] = {
        "learning_rate": RECIPE.learning_rate,
        "batch": BATCH,
        "epochs": EPOCHS,
        "rank": shape.rank,
    }
    whole = -(-len(rows) // BATCH) * EPOCHS
    recipe |= {"alpha": shape.alpha, "targets": list(shape.targets), "warmup_steps": round(whole * RECIPE.warmup)}
    job = {
        "model": str(model.files.folder),
        "rows": str(folder / "rows.json"),
        "adapter": str(folder / "adapter"),
        "recipe": recipe,
        "steps": steps + 1 if steps else 0,
        "seed": seed,
        "threads": threads or model.facts["threads"],
        "bf16": model.dtype == "bfloat16",
    }
    (folder / "job.json").write_text(json.dumps(job))
    command = [str(PEER_PYTHON), str(PEER), str(folder / "job.json")]
    environment = {
        name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    }
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    lines = [line for line in done.stdout.splitlines() if line.startswith("REPORT ")]
    if not lines:
        sys.exit(f"the peer failed:\n{done.stderr[-3000:]}")
    report: dict[str, Any] = json.loads(lines[-1].removeprefix("REPORT "))
    return report


def _accuracy(model: LoadedModel, given: Setting, adapter: Adapter) -> float:
    rows = given.task.test[:TEST]
    labels = given.task.card.labels
    found = score(
        model,
        given.frame,
        [row.text for row in rows],
        labels,
        document_tokens=prompts.DOCUMENT_TOKENS,
        adapter=adapter,
    ).values
    return sum(labels[line.index(max(line))] == row.label for line, row in zip(found, rows, strict=True)) / len(rows)


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _version() -> str:
    command = [str(PEER_PYTHON), "-c", "import importlib.metadata as m; print(m.version('trl'))"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main(words: Sequence[str]) -> None:
    """Runs what the words name."""
    from perf.readings import environment

    say(environment(("torch", "transformers", "peft")))
    if words[:1] == ["check"]:
        check(words[1:])
        return
    for word in words or ("plain", "hybrid"):
        if word == "accuracy":
            accuracy(range(3))
        elif word == "peak":
            peak()
        elif word == "brief":
            brief("plain")
            brief("hybrid")
        else:
            speed(word)


if __name__ == "__main__":
    main(sys.argv[1:])
