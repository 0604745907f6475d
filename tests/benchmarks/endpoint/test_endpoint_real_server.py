"""The letter rung on a really started server gives the labels that our own scorer gives for the same GGUF."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import tasks
from benchmarks.approaches.endpoint import PromptedEndpoint
from benchmarks.approaches.endpoint_local import local_letters
from benchmarks.errors import BenchmarkError
from benchmarks.models import doors, registry
from benchmarks.models.endpoint import LoadedEndpoint, read_endpoint

ITEMS = 24
CLEAR = 0.3


@pytest.mark.slow
def test_an_endpoint_and_the_local_model_give_the_same_labels(tmp_path: Path) -> None:
    """Same GGUF, same letters: wherever our scorer is clear the labels agree, zero-shot and with solved examples.

    The server rounds activations to eight bits, which moves the letters of a ten-label task by up to a tenth of a nat.
    """
    pytest.importorskip("xllamacpp")
    from llama_server import gguf_file, started

    try:
        gguf, files = gguf_file(), registry.resolve("smollm2-135m")
    except (doors.Closed, BenchmarkError) as closed:
        pytest.skip(str(closed))
    task = tasks.load(tasks.find("pennowick_support"))
    texts = [row.text for row in task.test[:ITEMS]]
    server = started(gguf)
    model = registry.load(files, dtype="float32")
    rows = {row.id: row for row in task.train}
    agreed = clear = 0
    for shots in (False, True):
        endpoint = LoadedEndpoint(read_endpoint(f"{server.listening_address}/v1", "smollm2"), tmp_path / str(shots))
        one = PromptedEndpoint(task.card, 7, endpoint, shots=shots)
        fit = one.fit(task.train[:16], ())
        assert fit["rung"] == "letters"
        local = local_letters(model, task.card, texts, seed=7, shots=[rows[key] for key in fit["shots"]])
        for mine, theirs in zip(local, one.predict(texts), strict=True):
            second, first = sorted(mine.scores or ())[-2:]
            agreed += mine.label == theirs.label
            if first - second > CLEAR:
                clear += 1
                assert mine.label == theirs.label
    assert clear >= ITEMS
    assert agreed >= 0.85 * 2 * ITEMS
