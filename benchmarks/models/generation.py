"""Texts written greedily by a causal model, many at a time behind one shared prefix that is encoded once.

Documents of like length go in one batch, a finished one leaves it at once. What is written equals, token by token, what
the model would write for each document alone. Where a grammar is given only its texts can be written, and tokens that
it forces are read in together instead of being asked for one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .adapters import Adapter, wear
from .constraints import Grammar, Guide
from .label_scoring import encode_prompts
from .language_model import Frame, LoadedModel
from .room import give_up, room
from .rows import KeptPrefix
from .shared_attention import shared_attention

ROWS = 32
CONTEXT_PER_BATCH = 16384
TOKENS_PER_BATCH = 8192
# What a forward pass costs before its first token, in tokens: the weights are read once however many tokens there are.
STEP_OVERHEAD = 48
ELLIPSIS = " … "


@dataclass(frozen=True, slots=True)
class Limits:
    """Tokens that a document may have, tokens that an answer may have, and whether an answer is a single line."""

    document: int
    answer: int
    one_line: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """One answer: its text without what ended it, and the tokens it took.

    `whole` is False where the token limit cut it off. `read` counts the tokens of its prompt, `ids` those written.
    """

    text: str
    ids: tuple[int, ...]
    whole: bool
    read: int


@dataclass(frozen=True, slots=True)
class Writings:
    """The answers in the order of the documents, the tokens that went through the model, and the documents cut."""

    answers: list[Written]
    computed: int
    shortened: int


@dataclass(slots=True)
class _Line:
    """A document while its answer is written. `waiting` are tokens that the model has not read yet."""

    index: int
    waiting: list[int]
    length: int
    guide: Guide | None
    ids: list[int] = field(default_factory=list)
    whole: bool = False


def generate(
    model: LoadedModel,
    frame: Frame,
    documents: Sequence[str],
    limits: Limits,
    *,
    grammar: Grammar | None = None,
    adapter: Adapter | None = None,
    kept: KeptPrefix | None = None,
    progress: Callable[[int], None] | None = None,
) -> Writings:
    """The greedy answer to each document, of at most `limits.answer` tokens.

    An answer ends with the model's end of turn, where it is to be one line at the first line break after something that
    is not blank, or where `grammar` lets nothing follow. Of a document that is too long the middle is left out. The
    model answers with `adapter`, or as it was made; `kept` carries the encoded prefix from one call to the next.
    """
    import torch

    if not documents:
        return Writings([], 0, 0)
    short = [without_middle(model, document, limits.document) for document in documents]
    prompts = encode_prompts(model, frame, short, 0, model.max_tokens)
    guides = [grammar.start() if grammar else None for _ in documents]
    lines = [
        _Line(index, list(row), len(prompts.prefix), guide)
        for index, (row, guide) in enumerate(zip(prompts.suffixes, guides, strict=True))
    ]
    answers: list[Written | None] = [None] * len(documents)
    writer = _Writer(model, limits)
    wear(model, adapter)
    with torch.inference_mode():
        prefix, writer.computed = (kept or KeptPrefix()).of(model.model, prompts.prefix, model.device, adapter)
        with shared_attention(model.model) as writer.sharing:
            copied = 0 if writer.sharing else len(prompts.prefix)
            for batch in batches([len(line.waiting) for line in lines], copied, limits.answer):
                for line in writer.finish(prefix, [lines[index] for index in batch]):
                    read = len(prompts.prefix) + len(prompts.suffixes[line.index])
                    answers[line.index] = Written(writer.text(line), tuple(line.ids), line.whole, read)
                    if progress:
                        progress(1)
    done = [answer for answer in answers if answer is not None]
    return Writings(done, writer.computed, sum(a != b for a, b in zip(documents, short, strict=True)))


def without_middle(model: LoadedModel, text: str, tokens: int) -> str:
    """`text` if it has at most `tokens` tokens, else its beginning and its end around an ellipsis.

    What is asked about a text mostly stands before or after it.
    """
    if len(text) <= tokens:
        return text
    encoded = model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    offsets = encoded["offset_mapping"]
    if len(offsets) <= tokens:
        return text
    half = max(1, (tokens - 2) // 2)
    return text[: offsets[half][0]].rstrip() + ELLIPSIS + text[offsets[-half][0] :].lstrip()


def batches(lengths: Sequence[int], prefix: int, answer_tokens: int) -> list[list[int]]:
    """Indices in batches of like length, longest first, within the bounds on rows, tokens at once and context kept."""
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    result: list[list[int]] = []
    position = 0
    while position < len(order):
        width = lengths[order[position]]
        limits = (ROWS, TOKENS_PER_BATCH // width, CONTEXT_PER_BATCH // (prefix + width + answer_tokens))
        size = max(1, min(limits))
        result.append(order[position : position + size])
        position += size
    return result


def step_width(waiting: Sequence[int]) -> int:
    """How many tokens per row the next pass reads: the width that gets the most waiting tokens done for its cost.

    Rows with fewer tokens are padded, so a row with ten forced tokens should not make thirty others wait for it.
    """
    if len(set(waiting)) == 1:
        return waiting[0]
    rows = len(waiting)

    def worth(width: int) -> float:
        return sum(min(width, count) for count in waiting) / (STEP_OVERHEAD + rows * width)

    return max(sorted(set(waiting)), key=worth)


class _Writer:
    """Writes batches with one model under one set of limits."""

    def __init__(self, model: LoadedModel, limits: Limits) -> None:
        self.model, self.limits = model, limits
        self.computed = 0
        self.sharing = False
        self.ends = _ends(model)

    def finish(self, prefix: list[tuple[Any, Any]], lines: list[_Line]) -> list[_Line]:
        """All lines of the batch, each with its answer."""
        import torch

        lines = list(lines)
        start = prefix[0][0].shape[2] if prefix else 0
        columns = max(len(line.waiting) for line in lines) + self.limits.answer
        layers = int(self.model.model.config.get_text_config().num_hidden_layers)
        cache = room(prefix, layers, len(lines), columns, sharing=self.sharing)
        seen = torch.ones(len(lines), start, dtype=torch.bool, device=self.model.device)
        done: list[_Line] = []
        first = True
        for line in lines:
            self._forced(line)
        while lines:
            # The documents are read whole; after that forced tokens set the pace.
            counts = [len(line.waiting) for line in lines]
            width = max(counts) if first else step_width(counts)
            first = False
            logits, seen = self._read(cache, seen, lines, width)
            likeliest = logits.argmax(dim=-1).tolist()
            # From the end, so that the row that moves into a finished one's place has had its turn.
            for row in reversed(range(len(lines))):
                if lines[row].waiting or not self._extend(lines[row], logits[row], likeliest[row]):
                    continue
                done.append(lines[row])
                give_up(cache, row)
                last = lines.pop()
                if row < len(lines):
                    lines[row] = last
                    seen[row] = seen[len(lines)]
                seen = seen[: len(lines)]
        return done

    def _read(self, cache: Any, seen: Any, lines: Sequence[_Line], width: int) -> tuple[Any, Any]:
        """Logits [rows, vocabulary] after the next `width` waiting tokens of every line, and who is seen from then on.

        Rows with fewer tokens are padded on the left, so that the last column is the last token of every row.
        """
        import torch

        device, rows, start = self.model.device, len(lines), seen.shape[1]
        taken = [line.waiting[:width] for line in lines]
        pad = self.model.end_of_turn
        ids = torch.tensor([[pad] * (width - len(tokens)) + tokens for tokens in taken], device=device)
        counts = torch.tensor([len(tokens) for tokens in taken], device=device)
        lengths = torch.tensor([line.length for line in lines], device=device)
        columns = torch.arange(width, device=device)[None, :] - (width - counts)[:, None]
        real = columns >= 0
        mask = torch.zeros(rows, width, start + width, dtype=torch.bool, device=device)
        mask[:, :, :start] = seen[:, None, :]
        causal = torch.ones(width, width, dtype=torch.bool, device=device).tril()
        # Padding sees itself, because a softmax over nothing is not a number.
        own = torch.eye(width, dtype=torch.bool, device=device)
        mask[:, :, start:] = (causal[None] & real[:, None, :]) | own[None]
        output = self.model.model(
            input_ids=ids,
            attention_mask=mask[:, None],
            position_ids=columns.clamp(min=0) + lengths[:, None],
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self.computed += rows * width
        for line, tokens in zip(lines, taken, strict=True):
            line.waiting = line.waiting[width:]
            line.length += len(tokens)
        return output.logits[:, -1].float(), torch.cat([seen, real], dim=1)

    def _extend(self, line: _Line, logits: Any, likeliest: int) -> bool:
        """Add the next token to the answer, with those that it forces; True if that ends it."""
        if line.guide and line.guide.done:
            line.whole = True
            return True
        token = line.guide.choose(logits, likeliest) if line.guide else likeliest
        if token in self.ends:
            line.whole = True
            return True
        line.ids.append(token)
        line.waiting.append(token)
        if line.guide:
            self._forced(line)
            line.whole = line.guide.done
        elif self.limits.one_line and "\n" in self.model.tokenizer.decode([token]):
            line.whole = "\n" in self._decoded(line).lstrip()
        return line.whole or len(line.ids) >= self.limits.answer

    def _forced(self, line: _Line) -> None:
        tokens = line.guide.forced() if line.guide else []
        line.ids += tokens
        line.waiting += tokens

    def _decoded(self, line: _Line) -> str:
        return str(self.model.tokenizer.decode(line.ids, skip_special_tokens=True))

    def text(self, line: _Line) -> str:
        """The text of an answer up to what ended it, without blanks around it."""
        text = self._decoded(line).strip()
        return text.split("\n")[0].rstrip() if self.limits.one_line else text


def _ends(model: LoadedModel) -> frozenset[int]:
    """The tokens that end an answer: the tokenizer's, and those that the model's makers name."""
    configured = getattr(model.model, "generation_config", None)
    named = getattr(configured, "eos_token_id", None)
    more = named if isinstance(named, list) else [named]
    return frozenset({model.end_of_turn, *(int(token) for token in more if token is not None)})
