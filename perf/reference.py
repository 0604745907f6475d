"""A second opinion on our label scores: plain transformers with its own cache, none of our scorer, none of the peer.

`python -m perf reference` compares, on the same prompts, our scores, plain transformers and lm-eval's (as far as
`agreement` has kept them) with plain transformers in float32, which stands for the truth. Plain bfloat16 counts twice:
with its sum over the vocabulary in bfloat16, as lm-eval does it by default, and in float32. What was computed is kept
in the user's cache folder; a run of some minutes goes on where the last one stopped.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from benchmarks.models.files import models_home
from benchmarks.models.language_model import LoadedModel, load
from benchmarks.models.machine import machine
from benchmarks.models.registry import resolve
from benchmarks.records import digest
from perf import scoring
from perf.readings import claim, say

TASKS = ("banking77", "review_sentiment")
MOST_SHOTS = 8
LABELS_AT_ONCE = 16
SECONDS = 240.0

Rows = list[list[float]]


def second_opinion(*wanted: str, seconds: float = SECONDS) -> bool:
    """Prints, per task and way of scoring, on how many documents the label is that of plain float32; whether all is."""
    held = []
    for setting in scoring.SETTINGS:
        if setting.task not in (wanted or TASKS) or setting.shots > MOST_SHOTS:
            continue
        truth: Rows = []
        for form, least in scoring.AGREEMENT.items():
            model = load(resolve(scoring.MODEL), dtype=form)
            asked = scoring.Asked.of(model, setting)
            plain = _kept(model, asked, seconds / len(scoring.AGREEMENT))
            truth = truth or plain["float32 sum"]
            count = len(plain["own sum"])
            ours = [list(row) for row in scoring.scores(model, replace(asked, documents=asked.documents[:count]))]
            known = scoring.known(model, asked)
            say(
                f"   {setting.task}, {setting.shots} solved examples, {form}, {count} of {scoring.DOCUMENTS} documents:"
            )
            for who, rows in (
                ("plain, sum in float32", plain["float32 sum"]),
                (f"plain, sum in {form}", plain["own sum"]),
                ("lm-eval", known),
                ("ours", ours),
            ):
                say(f"      {who:22} {_line(rows, truth)}")
            same, count, _ = _agreeing(ours, truth)
            text = (
                f"{setting.task}, {setting.shots}, {form}: the label of plain float32 on at least {100 * least:.0f} %"
            )
            held.append(claim(f"{text} ({same} of {count})", count > 0 and same >= least * count))
    return all(held)


def _line(rows: Rows, truth: Rows) -> str:
    same, count, others = _agreeing(rows, truth)
    if not count:
        return "not scored yet"
    apart = [scoring.apart(one, other) for one, other in zip(rows, truth, strict=False)]
    parted = "".join(f"; document {at}: {lead:.3f} nats between its first two" for at, lead in others)
    return f"the same label on {same} of {count}, scores at most {max(apart):.3g} nats apart{parted}"


def _agreeing(rows: Rows, truth: Rows) -> tuple[int, int, list[tuple[int, float]]]:
    """On how many documents the largest is the same, of how many, and the others with the truth's lead there."""
    others = []
    pairs = list(zip(rows, truth, strict=False))
    for at, (one, other) in enumerate(pairs):
        if scoring.largest(one) != scoring.largest(other):
            first, second = sorted(other, reverse=True)[:2]
            others.append((at, first - second))
    return len(pairs) - len(others), len(pairs), others


def _kept(model: LoadedModel, asked: scoring.Asked, seconds: float) -> dict[str, Rows]:
    """Plain scores of the first documents by both sums; goes on with further ones for so many seconds."""
    key = digest([model.files.content_hash, model.dtype, asked.pairs(model, slice(None))])[:16]
    path = models_home().parent / "perf" / f"plain-{key}.json"
    found: dict[str, Rows] = json.loads(path.read_text()) if path.exists() else {"own sum": [], "float32 sum": []}
    begun = time.perf_counter()
    if len(found["own sum"]) < len(asked.documents) and seconds > 0:
        plain = Plain(model, asked)
        while len(found["own sum"]) < len(asked.documents) and time.perf_counter() - begun < seconds:
            own, wide = plain.scores(len(found["own sum"]))
            found["own sum"].append(own)
            found["float32 sum"].append(wide)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(found))
    return found


class Plain:
    """transformers' own model and tokenizer, with the beginning that all prompts share in its cache."""

    def __init__(self, model: LoadedModel, asked: scoring.Asked) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

        torch.set_num_threads(machine().threads)
        folder, dtype = str(model.files.folder), getattr(torch, model.dtype)
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.pairs, self.labels = asked.pairs(model, slice(None)), len(asked.labels)
        # As lm-eval splits them: blanks at the prompt's end go with the label.
        self.contexts = [self._tokens(context.rstrip()) for context, _ in self.pairs[:: self.labels]]
        columns = zip(*self.contexts, strict=False)
        self.shared = len(list(takewhile(lambda column: len(set(column)) == 1, columns)))
        self.cache: Any = DynamicCache()
        with torch.inference_mode():
            self._logits([self.contexts[0][: self.shared]], self.cache)

    def scores(self, document: int) -> tuple[list[float], list[float]]:
        """Every label's log-likelihood after this document, by the sum in the model's number format and in float32."""
        import torch

        context = self.contexts[document]
        pairs = self.pairs[document * self.labels : (document + 1) * self.labels]
        every = [self._tokens(before + label)[len(context) :] for before, label in pairs]
        own: list[float] = []
        wide: list[float] = []
        with torch.inference_mode():
            cache = copy.deepcopy(self.cache)
            last = self._logits([context[self.shared :]], cache)[:, -1:]
            for start in range(0, len(every), LABELS_AT_ONCE):
                answers = every[start : start + LABELS_AT_ONCE]
                behind = copy.deepcopy(cache)
                behind.batch_repeat_interleave(len(answers))
                width = max(map(len, answers))
                after = self._logits([[*answer, *[0] * (width - len(answer))] for answer in answers], behind)
                logits = torch.cat([last.expand(len(answers), -1, -1), after], dim=1)
                for sums, kept in ((logits.log_softmax(-1), own), (logits.float().log_softmax(-1), wide)):
                    kept += [
                        float(sum(row[at, token].double() for at, token in enumerate(answer)))
                        for row, answer in zip(sums, answers, strict=True)
                    ]
        return own, wide

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text)["input_ids"]
        return ids

    def _logits(self, rows: Sequence[Sequence[int]], cache: Any) -> Any:
        import torch

        return self.model(input_ids=torch.tensor(rows), past_key_values=cache, use_cache=True).logits
