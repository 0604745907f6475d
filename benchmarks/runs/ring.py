"""Where a run takes its contestants and its model from; tests put fakes here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..models.encoder import EncoderChoice
    from ..models.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Ring:
    """The arms on offer and the doors to them.

    `make(arm, card, seed, model)` returns a contestant; `settings(arm)`, or `settings(arm, kind)` of
    a task whose answers are written, is what enters the cell's identity;
    `resolve(name_or_path)` finds the model's files with name, folder, content hash and origin; `load(files, dtype=)`
    gives the model itself (dtype None: its own choice). `opened` hears of the run's directory before any cell runs;
    `said` is what a plan keeps of a ring that is not the shipped one, so that a run can be resumed: an `endpoint`, and
    by which name or folder an `encoder` of one's own is found.
    """

    arms: Mapping[str, Any]
    make: Callable[..., Any]
    settings: Callable[..., Mapping[str, Any]]
    resolve: Callable[[str], Any]
    load: Callable[..., Any]
    opened: Callable[[Path], None] | None = None
    said: Mapping[str, Any] = field(default_factory=dict)


def shipped(encoder: EncoderChoice | None = None) -> Ring:
    """The arms and models that the benchmark ships, the encoder perhaps another one."""
    from .. import approaches
    from ..models import registry

    return Ring(
        arms=dict(approaches.ARMS),
        make=partial(approaches.make, encoder=encoder),
        settings=partial(approaches.settings, encoder=encoder),
        resolve=registry.resolve,
        load=registry.load,
        said=_said(encoder),
    )


def _said(encoder: EncoderChoice | None) -> dict[str, Any]:
    return {} if encoder is None else {"encoder": encoder.source}


def of_endpoint(endpoint: Endpoint, encoder: EncoderChoice | None = None) -> Ring:
    """The arms that an endpoint answers, and those without a language model; the run's directory keeps replies."""
    from ..approaches import endpoint as arms
    from ..models.endpoint import LoadedEndpoint

    place = [Path("replies")]

    def opened(directory: Path) -> None:
        place[0] = directory / "replies"

    return Ring(
        arms=arms.ENDPOINT_ARMS,
        make=partial(arms.make, encoder=encoder),
        settings=partial(arms.settings, encoder=encoder),
        resolve=lambda _name: endpoint,
        load=lambda files, **_: LoadedEndpoint(files, place[0]),
        opened=opened,
        said={"endpoint": endpoint.said(), **_said(encoder)},
    )


def of_source(source: Mapping[str, Any]) -> Ring:
    """The ring that a run's plan file names: with its endpoint and its encoder, if it had such."""
    from ..models.encoder import choose_encoder

    encoder = choose_encoder(source["encoder"]) if source.get("encoder") else None
    said = source.get("endpoint")
    if not said:
        return shipped(encoder)
    from ..models.endpoint import read_endpoint

    words = {name: said[name] for name in ("key_env", "price_input", "price_output", "budget_usd")}
    return of_endpoint(read_endpoint(said["url"], said["model"], **words), encoder)
