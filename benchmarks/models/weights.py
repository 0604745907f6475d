"""How large a model is and how it counts tokens, read from its files without loading it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

HEADER_LIMIT = 100_000_000  # bytes; a longer header is none


def parameters(folder: Path) -> int | None:
    """The number of parameters in the folder's safetensors, each tensor once; None where there are none."""
    total = 0
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            if not 0 < size <= HEADER_LIMIT:
                return None
            header = json.loads(stream.read(size))
        total += sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    return total or None


def token_counter(folder: Path) -> Callable[[Sequence[str]], list[int]] | None:
    """A function that counts the tokens of texts as the model does; None where no tokenizer file can be read."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        return None
    try:
        from tokenizers import Tokenizer
    except ImportError:
        return None
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(texts: Sequence[str]) -> list[int]:
        return [len(encoding.ids) for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    return count
