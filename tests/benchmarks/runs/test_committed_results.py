"""The results that we publish can be read, say where they come from, and are what their page shows."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.runs import overview, results_on_disk

FOLDER = Path(__file__).resolve().parents[3] / "results"


def test_the_page_shows_what_the_files_say() -> None:
    """The page's two tables are those that `bench overview` makes of the files today."""
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    found = results_on_disk.read([str(FOLDER)])
    shown = re.search(r"<!-- overview -->\n(.*?)\n<!-- foresee -->\n(.*?)\n<!-- end -->", page, flags=re.DOTALL)
    assert shown is not None
    assert shown[1] == overview.as_markdown(overview.overview(found))
    assert shown[2] == overview.foresights_as_markdown(overview.foresights(found, 64), 64)


def test_every_result_is_complete_and_names_code_model_and_data() -> None:
    """No cell is missing; each file has the commit of the code, the hash of the model and the hashes of the data."""
    for result in results_on_disk.read([str(FOLDER), str(FOLDER / "raced")]):
        assert result["status"] == "complete"
        assert result["missing"] == []
        assert len(result["model"]["content_hash"]) == 64
        assert set(result["task"]["data"]) == {"train.jsonl", "test.jsonl"}
        assert sum(len(arm["cells"]) for arm in result["arms"]) > 0
