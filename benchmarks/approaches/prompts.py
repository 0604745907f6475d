"""Prompts made from a task's card: an instruction, solved examples as turns of a conversation, and the document.

Texts and labels come from the data; the few words of our own are here, and enter the identity of a cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..models.generation import without_middle
from ..models.language_model import DOCUMENT, Frame, LoadedModel
from ..records import Example, TaskCard, digest, nested_subset
from ..tasks import CLASSIFICATION, EXTRACTION
from ..tasks.schema import form

DOCUMENT_TOKENS = 384
SHOT_TOKENS = 128
# What is written about a text needs the whole of it: a question may stand at its end, a value anywhere.
WHOLE_DOCUMENT_TOKENS = 1024
WHOLE_SHOT_TOKENS = 512

# The wording is a choice made on labelled rows, like the number of examples; the first one is what tuned arms train on.
TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "plain": "{description}\nAnswer with exactly one of these labels and nothing else: {labels}",
        "list": "Choose the label that fits the text.\n{description}\n\nLabels:\n{lines}",
    }
)
EXTRACTION_TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "plain": "{description}\nAnswer with one JSON object and nothing else, of this form: {form}\n"
        "Leave out every field that the text does not give.",
        "list": "Fill in the form from the text.\n{description}\n\nForm (JSON, without the fields that the text does "
        "not give):\n{form}",
    }
)
TEXT_TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "plain": "{description}\nAnswer with the {thing} and nothing else.",
        "list": "{description}\n\nGive the {thing} alone: no explanation, no introduction, no quotation marks.",
    }
)
THINGS: Mapping[str, str] = MappingProxyType({"qa": "answer", "summarization": "summary", "generation": "result"})
DEFAULT_TEMPLATE = "plain"
CONTENT_FREE = ("N/A", "", "...")


def templates(kind: str) -> Mapping[str, str]:
    """The wordings of the instruction for a kind of task."""
    return {CLASSIFICATION: TEMPLATES, EXTRACTION: EXTRACTION_TEMPLATES}.get(kind, TEXT_TEMPLATES)


def frame(model: LoadedModel, card: TaskCard, template: str = DEFAULT_TEMPLATE, shots: Sequence[Example] = ()) -> Frame:
    """The prompt around a document, with `shots` as earlier turns; only the shots' texts are ever cut."""
    messages = [{"role": "system", "content": instruction(model, card, template)}]
    for shot in shots:
        messages.append({"role": "user", "content": shown_text(model, card, shot.text)})
        messages.append({"role": "assistant", "content": model.plain(shot.label)})
    messages.append({"role": "user", "content": DOCUMENT})
    return model.frame(messages)


def instruction(model: LoadedModel, card: TaskCard, template: str) -> str:
    """The words that say what to do, in one of the wordings for the kind of task."""
    plain = model.plain
    labels = [plain(label) for label in card.labels]
    return templates(card.kind)[template].format(
        description=plain(card.description),
        labels=", ".join(labels),
        lines="\n".join(f"- {label}" for label in labels),
        form=plain(form(card.schema)) if card.schema is not None else "",
        thing=THINGS.get(card.kind, ""),
    )


def shown_text(model: LoadedModel, card: TaskCard, text: str) -> str:
    """The text of a solved example, cut where it is too long: at its end to be labelled, else in its middle."""
    if card.kind == CLASSIFICATION:
        return model.shorten(model.plain(text), SHOT_TOKENS)
    return without_middle(model, model.plain(text), WHOLE_SHOT_TOKENS)


def demonstrations(rows: Sequence[Example], count: int, *stream: object) -> tuple[Example, ...]:
    """`count` rows in the label mix of `rows`, the same for the same seed stream, in an order that tells nothing."""
    key = digest([str(part) for part in stream])
    chosen = nested_subset(rows, min(count, len(rows)), int(key[:12], 16))
    return tuple(sorted(chosen, key=lambda row: digest([key, row.id])))


def shown(frame: Frame) -> dict[str, str]:
    """What a record keeps of a prompt: the digest of its full text, and the text around the document without shots."""
    return {"sha256": digest([frame.head, frame.tail]), "tail": frame.tail}
