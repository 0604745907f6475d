"""Answers that a labelled data set gives by itself: what `advisor bench describe` counted, as answers.

Each answer is marked `detected` and comes with the words of what it was derived from. A stated answer wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from advisor.errors import InputError, Problem, shown
from advisor.intake import answers as intake
from advisor.intake.answers import Answers
from advisor.knowledge.domain import CRITERIA, Rulebook
from advisor.knowledge.fields import Fields

SCHEMA = "advisor/description/1"
BILLION = 1e9
LEAST_B = 0.001  # the least size that the questionnaire takes
SMALL_B = 15.0  # billions of parameters up to which a model counts as a small one
REPEATS = 20  # texts that occur twice or more, from which their agreement says something about the labels
GOOD, POOR = 0.9, 0.7  # agreement; as the question about the labels has it
TASK_KINDS = {
    "classification": "classification",
    "extraction": "extraction",
    "generation": "generation",
    "qa": "question_answering",
    "summarization": "summarization",
}
OVERLAP = ("token_f1", "rouge_l", "chrf")
EFFORTS = {
    "zero_shot": "zero_shot",
    "endpoint_zero_shot": "zero_shot",
    "few_shot": "few_shot",
    "endpoint_few_shot": "few_shot",
    "optimised_prompt": "optimised",
    "retrieved_few_shot": "retrieval",
}
FEW_LABELS = "few_shot_tuner"
METHODS = {
    "encoder_head": "classifier_head",
    "encoder_contrastive": FEW_LABELS,
    "lora": "adapters",
    "hybrid": "adapters",
    "full": "full",
}


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a planned run; a baseline has neither approach nor technique."""

    name: str
    approach: str
    technique: str


@dataclass(frozen=True, slots=True)
class Description:
    """A task with the run that is planned on it, as the benchmark describes it; `plain` is the whole description."""

    name: str
    kind: str
    labels: int
    metric: str
    n_test: int
    input_tokens: float
    output_tokens: float
    tokens_from: str
    repeats: tuple[int, int] | None
    model: str
    parameters: float | None
    hosted: bool
    arms: tuple[Arm, ...]
    train_sizes: tuple[int, ...]
    folder: str
    plain: Mapping[str, Any]

    @property
    def offered(self) -> tuple[str, ...]:
        """The approaches that have an arm."""
        return tuple(dict.fromkeys(arm.approach for arm in self.arms if arm.approach))


@dataclass(frozen=True, slots=True)
class Detected:
    """Answers for one number of labelled examples; `derived` says for each detected field from what it was derived."""

    answers: Answers
    derived: Mapping[str, str]


def read_description(raw: Any, where: str) -> Description:
    """The description in what `advisor bench describe` printed. Raises InputError that lists every problem in it."""
    problems: list[Problem] = []
    if not isinstance(raw, Mapping) or raw.get("schema") != SCHEMA:
        found = shown(raw.get("schema") if isinstance(raw, Mapping) else raw)
        raise InputError([Problem(where, "schema", found, SCHEMA)])
    fields = Fields(raw, problems, where, "")
    tokens = Fields(fields.mapping("tokens"), problems, where, "tokens")
    model = fields.mapping("model", required=False)
    repeats = fields.mapping("repeats", required=False)
    arms = fields.mapping("arms")
    found_parameters = model.get("parameters")
    description = Description(
        name=fields.text("name"),
        kind=fields.choice("kind", TASK_KINDS),
        labels=len(raw.get("labels") or ()),
        metric=fields.text("metric"),
        n_test=fields.whole("n_test", low=1),
        input_tokens=tokens.number("input", low=0),
        output_tokens=tokens.number("output", low=0),
        tokens_from=tokens.text("counted_by"),
        repeats=(int(repeats["agreeing"]), int(repeats["conflicting"])) if repeats else None,
        model=str(model.get("name", "")),
        parameters=float(found_parameters) if found_parameters else None,
        hosted=bool(model.get("endpoint")),
        arms=tuple(Arm(name, arm["approach"] or "", arm["technique"] or "") for name, arm in arms.items()),
        train_sizes=tuple(int(size) for size in raw.get("train_sizes") or ()),
        folder=fields.text("folder"),
        plain=raw,
    )
    if problems:
        raise InputError(problems)
    return description


def detect(task: Description, size: int, stated: Answers, book: Rulebook) -> Detected:
    """The answers for `size` labelled examples: those stated, and for the other fields those that the data give."""
    found = {name: (value, how) for name, value, how in _found(task, size)}
    open_ = {name: pair for name, pair in found.items() if stated.get(name) is None}
    parsed = intake.parse({name: value for name, (value, _) in open_.items()}, book, f"the data of {task.name}")
    given = {name: replace(answer, origin="detected") for name, answer in parsed.given.items()}
    answers = Answers(stated.name or task.name, stated.description, {**given, **stated.given}, stated.prices)
    return Detected(answers, {name: how for name, (_, how) in open_.items()})


def _found(task: Description, size: int) -> Iterator[tuple[str, Any, str]]:
    """Field, value and derivation of every answer that the data or the planned run give."""
    yield "labelled_examples", size, "the train size of the run"
    yield "training_material", "task_examples", "the training rows are examples of the task"
    yield "task_kind", TASK_KINDS[task.kind], f"the task's kind, {task.kind}"
    if task.kind == "classification" and task.labels > 1:
        yield "class_count", task.labels, "the labels of the task's card"
    if task.kind in {"classification", "extraction"}:
        form = "one of fixed labels" if task.kind == "classification" else "an object that a schema fixes"
        yield "output_format", "structured", f"the answer is {form}"
    judged = "text_overlap" if task.metric in OVERLAP else "label_match"
    yield "quality_measure", judged, f"the task's metric, {task.metric}"
    how = f"mean of the first training rows with the instruction, counted by {task.tokens_from}"
    yield "input_tokens", max(1, round(task.input_tokens)), how
    yield "output_tokens", max(1, round(task.output_tokens)), how.replace(" with the instruction", "' answers")
    yield from _labels(task)
    yield from _model(task)
    yield from _arms(task)
    weights = {name: 5 if name == "quality" else 0 for name in CRITERIA}
    yield "priorities", weights, "the benchmark judges quality and nothing else"


def _labels(task: Description) -> Iterator[tuple[str, Any, str]]:
    """How reliable the labels are, where enough texts occur twice to tell."""
    agreeing, conflicting = task.repeats or (0, 0)
    if agreeing + conflicting < REPEATS:
        return
    share = agreeing / (agreeing + conflicting)
    word = "good" if share >= GOOD else "poor" if share < POOR else "fair"
    yield "label_quality", word, f"{agreeing} of {agreeing + conflicting} repeated texts have the same answer again"


def _model(task: Description) -> Iterator[tuple[str, Any, str]]:
    if not task.model:
        return
    if task.hosted:
        yield "model_access", "hosted_api", f"{task.model} is asked over the network"
        return
    yield "model_access", "open_weights", f"the weights of {task.model} lie on this disk"
    if task.parameters is None:
        return
    size = max(LEAST_B, float(f"{task.parameters / BILLION:.3g}"))
    how = f"the weights of {task.model}: {task.parameters / 1e6:,.0f} million parameters"
    yield "base_model_size_b", size, how
    yield "tunable_model_size_b", size, how
    if size <= SMALL_B:
        yield "base_model_grade", "small", how


def _arms(task: Description) -> Iterator[tuple[str, Any, str]]:
    """How far prompting goes and how is tuned, where the arms say it."""
    names = [arm.name for arm in task.arms]
    efforts = [EFFORTS[name] for name in EFFORTS if name in names]
    if efforts:
        yield "prompt_effort", efforts[-1], f"the prompting arms {', '.join(n for n in EFFORTS if n in names)}"
    methods = [METHODS[name] for name in names if name in METHODS]
    # One made for few labels beside one that is not leaves it open; among the others the most frequent stands for all.
    if methods and (len(set(methods)) == 1 or FEW_LABELS not in methods):
        most = max(methods, key=methods.count)
        yield "tuning_method", most, f"the tuning arms {', '.join(n for n in names if n in METHODS)}"
