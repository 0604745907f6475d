"""Prompts made from a task's card: an instruction, solved examples as turns of a conversation, and the document.

Texts and labels come from the data; the few words of our own are here, and enter the identity of a cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..models.language_model import DOCUMENT, Frame, LoadedModel
from ..records import Example, TaskCard, digest, nested_subset

DOCUMENT_TOKENS = 384
SHOT_TOKENS = 128

# The wording is a choice made on labelled rows, like the number of examples; the first one is what tuned arms train on.
TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "plain": "{description}\nAnswer with exactly one of these labels and nothing else: {labels}",
        "list": "Choose the label that fits the text.\n{description}\n\nLabels:\n{lines}",
    }
)
DEFAULT_TEMPLATE = "plain"
CONTENT_FREE = ("N/A", "", "...")


def frame(model: LoadedModel, card: TaskCard, template: str = DEFAULT_TEMPLATE, shots: Sequence[Example] = ()) -> Frame:
    """The prompt around a document, with `shots` as earlier turns; only the shots' texts are ever cut."""
    plain = model.plain
    labels = [plain(label) for label in card.labels]
    instruction = TEMPLATES[template].format(
        description=plain(card.description), labels=", ".join(labels), lines="\n".join(f"- {label}" for label in labels)
    )
    messages = [{"role": "system", "content": instruction}]
    for shot in shots:
        messages.append({"role": "user", "content": model.shorten(plain(shot.text), SHOT_TOKENS)})
        messages.append({"role": "assistant", "content": plain(shot.label)})
    messages.append({"role": "user", "content": DOCUMENT})
    return model.frame(messages)


def demonstrations(rows: Sequence[Example], count: int, *stream: object) -> tuple[Example, ...]:
    """`count` rows in the label mix of `rows`, the same for the same seed stream, in an order that tells nothing."""
    key = digest([str(part) for part in stream])
    chosen = nested_subset(rows, min(count, len(rows)), int(key[:12], 16))
    return tuple(sorted(chosen, key=lambda row: digest([key, row.id])))


def shown(frame: Frame) -> dict[str, str]:
    """What a record keeps of a prompt: the digest of its full text, and the text around the document without shots."""
    return {"sha256": digest([frame.head, frame.tail]), "tail": frame.tail}
