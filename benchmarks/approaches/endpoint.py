"""The arms of an endpoint: somebody's model, asked with an instruction, or with an instruction and solved examples.

Requests cost money, so nothing is searched for: one wording, one number of examples, and the first rung that the server
can climb on a few training rows. The record says which, and what the answers cost.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import BenchmarkError, JobFailed
from ..models.encoder import EncoderChoice
from ..models.endpoint import LoadedEndpoint
from ..models.endpoint_client import EndpointClient, Patience, Refused
from ..models.endpoint_replies import Kept
from ..records import Answer, Example, Prediction, TaskCard
from ..tasks import CLASSIFICATION
from . import ARMS, Arm, prompts
from . import make as make_local
from . import settings as settings_of_local
from .endpoint_rungs import Rung, instruction, rungs
from .endpoint_rungs import settings as of_rungs

VERSION = 1
PROBES = 3
SHOTS = 8
DOCUMENT_SIGNS = 8000
SHOT_SIGNS = 1000

OWN = MappingProxyType(
    {
        arm.name: arm
        for arm in (
            Arm("endpoint_zero_shot", "prompting", "zero_shot", True, True, "an endpoint, asked with an instruction"),
            Arm("endpoint_few_shot", "prompting", "few_shot", True, True, "an endpoint, shown solved examples as well"),
        )
    }
)
# An endpoint's weights cannot be tuned from here; the arms without a language model run beside it.
ENDPOINT_ARMS: Mapping[str, Arm] = MappingProxyType(
    {**{name: arm for name, arm in ARMS.items() if not arm.needs_model}, **OWN}
)


def make(
    arm: str, card: TaskCard, seed: int, model: LoadedEndpoint | None, encoder: EncoderChoice | None = None
) -> Any:
    """A fresh contestant of one of ENDPOINT_ARMS."""
    if arm not in OWN:
        return make_local(arm, card, seed, None, encoder)
    if model is None:
        raise BenchmarkError(f"arm {arm!r} needs an endpoint; name one with --endpoint and --model")
    return PromptedEndpoint(card, seed, model, shots=arm == "endpoint_few_shot")


def settings(arm: str, kind: str = CLASSIFICATION, encoder: EncoderChoice | None = None) -> dict[str, Any]:
    """What enters the identity of a cell. Prices and budgets change no answer, so they are not in it."""
    if arm not in OWN:
        return settings_of_local(arm, kind, encoder)
    return {
        "version": VERSION,
        "template": prompts.templates(kind)[prompts.DEFAULT_TEMPLATE],
        "shots": SHOTS if arm == "endpoint_few_shot" else 0,
        "probes": PROBES,
        "signs": [DOCUMENT_SIGNS, SHOT_SIGNS],
        **of_rungs(),
    }


class PromptedEndpoint:
    """A model behind an endpoint. `shots` says whether its prompts hold solved examples."""

    def __init__(
        self, card: TaskCard, seed: int, model: LoadedEndpoint, *, shots: bool, patience: Patience | None = None
    ) -> None:
        self.card, self.seed, self.with_shots = card, seed, shots
        self.prices = model.files.prices
        self.client = EndpointClient(model, f"{seed:016x}", patience)
        self.rung: Rung | None = None
        self.refused: list[dict[str, str]] = []

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Find the best rung that the server can climb; the record says why the better ones were left."""
        started = time.perf_counter()
        count = min(SHOTS, max(1, len(train) // 2)) if self.with_shots else 0
        shots = prompts.demonstrations(train, count, self.seed, "shots")
        shown = [Example(row.id, _cut(row.text, SHOT_SIGNS), row.label, row.references) for row in shots]
        probes = ([row for row in (*dev, *train) if row not in set(shots)] or list(train))[:PROBES]
        answers = [row.label for row in (*train, *dev)]
        tokens, left = 0, []
        for rung in rungs(self.card, shown, answers, self.seed):
            found = self.client.ask([self._body(rung, row.text) for row in probes])
            tokens += sum(one.read + one.written for one in found if isinstance(one, Kept))
            reason = self._fault(rung, found)
            if reason is None:
                self.rung = rung
                break
            left.append({"rung": rung.name, "reason": reason})
        if self.rung is None:
            reasons = "; ".join(f"{one['rung']}: {one['reason']}" for one in left)
            raise JobFailed(f"{self.client.endpoint.url}: no way to ask was answered ({reasons})")
        return {
            "rung": self.rung.name,
            "left": left,
            "probes": [row.id for row in probes],
            "shots": [row.id for row in shots],
            "instruction": instruction(self.card),
            "letters": dict(getattr(self.rung, "letters", {})),
            "wording": list(self.client.changes),
            "models": sorted({one.reply.model for one in found if isinstance(one, Kept)}),
            "tokens": tokens,
            "seconds": round(time.perf_counter() - started, 3),
        }

    def predict(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Answer]:
        """One answer per text; a request that the server would not answer is no answer."""
        rung = self._chosen()
        answers = []
        for one in self.client.ask([self._body(rung, text) for text in texts], progress):
            if isinstance(one, Refused):
                self.refused.append({"reason": one.reason})
                answers.append(Answer(None, text=""))
                continue
            said = rung.read(one.reply)
            tokens = one.read + one.written
            answers.append(Answer(said.label, said.scores, said.scores, tokens, one.reply.text, one.written))
        return answers

    def latency(self, texts: Sequence[str]) -> dict[str, Any]:
        """Seconds inside the attempts that were answered, as they were measured when they were; nothing is asked."""
        rung = self._chosen()
        kept = [self.client.replies.find(self._key(rung, text)) for text in texts]
        seconds = [one.reply.seconds for one in kept if one is not None]
        if not seconds:
            return {"p50": 0.0, "p95": 0.0, "items": 0}
        p50, p95 = np.quantile(seconds, [0.5, 0.95])
        return {"p50": float(p50), "p95": float(p95), "items": len(seconds)}

    def account(self, predictions: Sequence[Prediction]) -> dict[str, Any]:
        """What the record says of requests and money: each request in one cell only, and each item's own cost.

        An item that two cells ask alike is paid by the first; `usd_per_item` is what it costs whoever paid.
        """
        bill = self.client.replies.bill(self.client.owner)
        endpoint, prices = self.client.endpoint, self.prices
        items = [prices.usd(row.tokens - row.written, row.written) for row in predictions] if prices else None
        return {
            "url": endpoint.url,
            "model": endpoint.name,
            "rung": self._chosen().name,
            "usd_per_million": {"read": prices.read, "written": prices.written} if prices else None,
            "usd_per_item": math.fsum(items) / len(items) if items else None,
            "usd_items": items,
            "bill": bill,
            "refused": len(self.refused),
            "refusals": sorted({one["reason"] for one in self.refused})[:5],
            **self.client.seen,
        }

    def _chosen(self) -> Rung:
        if self.rung is None:
            raise RuntimeError("fit comes before predict")
        return self.rung

    def _body(self, rung: Rung, text: str) -> dict[str, Any]:
        return {"model": self.client.endpoint.name, **rung.body(_cut(text, DOCUMENT_SIGNS))}

    def _key(self, rung: Rung, text: str) -> str:
        return self.client.replies.key(self._body(rung, text))

    def _fault(self, rung: Rung, found: Sequence[Kept | Refused]) -> str | None:
        """Why a rung cannot be used, from the replies to the probes; plain text always can where it was answered."""
        refused = [one.reason for one in found if isinstance(one, Refused)]
        if refused:
            return refused[0]
        kept = [one for one in found if isinstance(one, Kept)]
        unread = sum(rung.read(one.reply).label is None for one in kept)
        if rung.name == "text" or not unread:
            return None
        if rung.name == "letters" and not any(one.reply.first for one in kept):
            return "the replies hold no log-probabilities"
        what = "no letter among the likeliest tokens" if rung.name == "letters" else "no answer of that form"
        return f"{unread} of {len(kept)} replies: {what}"


def _cut(text: str, signs: int) -> str:
    return text if len(text) <= signs else text[: signs - 1].rstrip() + "…"
