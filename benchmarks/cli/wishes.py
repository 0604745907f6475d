"""From the words of a command to a wish and the ring that it is run in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import BenchmarkError
from .options import MODEL
from .process import FOR_ENDPOINTS, FOR_MODELS, need

if TYPE_CHECKING:
    from ..runs import Wish
    from ..runs.ring import Ring


def ring_of(of_endpoint: dict[str, Any], words: dict[str, Any]) -> Ring:
    """The ring of an endpoint or the shipped one, with the encoder that `words` held. Names the model in `words`."""
    from ..models.encoder import choose_encoder
    from ..models.endpoint import read_endpoint
    from ..runs import ring

    name = words.pop("encoder")
    if name is not None:
        need(FOR_MODELS)
    encoder = None if name is None else choose_encoder(name)
    url = of_endpoint.pop("endpoint")
    if url is None:
        alone = [f"--{name.replace('_', '-')}" for name, value in of_endpoint.items() if value is not None]
        if alone:
            raise BenchmarkError([f"{name}: found without --endpoint; allowed: with it" for name in alone])
        words["model"] = words["model"] or MODEL
        return ring.shipped(encoder)
    need(FOR_ENDPOINTS)
    endpoint = read_endpoint(url, words["model"], **of_endpoint)
    endpoint.key()
    return ring.of_endpoint(endpoint, encoder)


def checked(task: str, *, model: str, race: bool, margin: str | None, ring: Ring | None = None, **words: Any) -> Wish:
    """The wish, after looking at task, options and model together: all their problems come in one error."""
    from .. import tasks
    from ..models import registry
    from ..runs import RacePlan, experiment, read_wish
    from ..runs.ring import shipped

    ring = ring or shipped()

    problems: list[str] = []
    raced = None
    try:
        allowed = experiment.share(margin)
        if allowed is not None and not race:
            problems.append("--margin: found without --race; allowed: with it, or with advisor bench compare")
        raced = (RacePlan() if allowed is None else RacePlan(margin=allowed)) if race else None
    except BenchmarkError as error:
        problems += error.problems
    most, wish, known = None, None, tuple(ring.arms)
    try:
        found = tasks.load(tasks.find(task))
        most = len(found.train)
        known = tuple(arm for arm in known if found.card.kind in ring.arms[arm].kinds)
    except BenchmarkError as error:
        problems += error.problems
    usual = tuple(arm for arm in known if not ring.arms[arm].by_name)
    try:
        wish = read_wish(known, usual=usual, model=model, most=most, race=raced, **words)
    except BenchmarkError as error:
        problems += error.problems
    if wish is None or any(ring.arms[arm].needs_model for arm in wish.arms):
        if wish is not None and not problems and "endpoint" not in ring.said:
            need(FOR_MODELS)
        try:
            ring.resolve(model)
        except BenchmarkError as error:
            problems += error.problems
    if wish is not None and any(ring.arms[arm].needs_encoder for arm in wish.arms):
        try:
            registry.resolve(ring.said.get("encoder", registry.ENCODER))
        except BenchmarkError as error:
            problems += error.problems
    elif wish is not None and "encoder" in ring.said:
        wanting = ", ".join(arm for arm in known if ring.arms[arm].needs_encoder) or "none of this task's kind"
        problems.append(f"--encoder: found without an arm that reads with it; allowed: with {wanting}")
    if problems or wish is None:
        raise BenchmarkError(problems)
    return wish
