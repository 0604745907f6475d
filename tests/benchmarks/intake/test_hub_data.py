"""hub:NAME reads the Parquet version of a data set of the hub; a folder stands in for the hub here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from own_rows import rows, write_parquet

from benchmarks.errors import BenchmarkError, JobFailed
from benchmarks.tasks.intake import Wanted, import_task, is_own_data

COMMIT = "c0ffee" * 6 + "c0ff"


class Shelf:
    """A door to a folder laid out as the hub's conversion is: CONFIG/SPLIT/NUMBER.parquet."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.fetched = folder, []

    def files(self, name: str) -> tuple[str, dict[str, int]]:
        """What lies there."""
        found = {str(path.relative_to(self.folder)): path.stat().st_size for path in self.folder.rglob("*.parquet")}
        return COMMIT, found

    def fetch(self, name: str, commit: str, file: str) -> Path:
        """A file of it."""
        self.fetched.append((name, commit, file))
        return self.folder / file


def test_train_and_test_of_a_hub_data_set_become_a_task(tmp_path):
    """Shards are joined, the split named test is the test side, and the report holds the commit."""
    write_parquet(tmp_path / "default/train/0000.parquet", rows(30))
    write_parquet(tmp_path / "default/train/0001.parquet", rows(30, start=30))
    write_parquet(tmp_path / "default/test/0000.parquet", rows(20, start=100))
    shelf = Shelf(tmp_path)
    found = import_task("hub:owner/desk", door=shelf)
    assert (len(found.task.train), len(found.task.test), found.task.card.name) == (60, 20, "owner-desk")
    assert any(COMMIT in remark for remark in found.report.remarks)
    assert {commit for _, commit, _ in shelf.fetched} == {COMMIT} and len(shelf.fetched) == 3


def test_numbered_labels_get_the_names_that_the_data_set_gives_them(tmp_path):
    """A data set of the hub stores labels as numbers and their names beside the table."""
    import pyarrow
    import pyarrow.parquet

    texts, labels = zip(*rows(60), strict=True)
    features = {"info": {"features": {"label": {"names": ["bad", "good"], "_type": "ClassLabel"}}}}
    made = pyarrow.table({"text": list(texts), "label": [int(label == "praise") for label in labels]})
    path = tmp_path / "default" / "train" / "0000.parquet"
    path.parent.mkdir(parents=True)
    pyarrow.parquet.write_table(made.replace_schema_metadata({"huggingface": json.dumps(features)}), path)
    assert import_task("hub:desk", door=Shelf(tmp_path)).task.card.labels == ("bad", "good")


def test_a_data_set_without_test_uses_validation_and_without_both_is_split(tmp_path):
    """What stands in for the test split is said."""
    write_parquet(tmp_path / "default/train/0000.parquet", rows(60))
    assert import_task("hub:desk", Wanted(seed=3), door=Shelf(tmp_path)).report.split_seed == 3
    write_parquet(tmp_path / "default/validation/0000.parquet", rows(20, start=100))
    report = import_task("hub:desk", door=Shelf(tmp_path)).report
    assert report.n_test == 20 and any("'validation' is used" in remark for remark in report.remarks)


def test_of_several_tables_one_must_be_named(tmp_path):
    """The error lists the tables, and hub:NAME:TABLE takes one."""
    write_parquet(tmp_path / "de/train/0000.parquet", rows(40))
    write_parquet(tmp_path / "en/train/0000.parquet", rows(60))
    with pytest.raises(BenchmarkError, match=r"2 tables; allowed: hub:desk:CONFIG with de, en"):
        import_task("hub:desk", door=Shelf(tmp_path))
    assert import_task("hub:desk:en", door=Shelf(tmp_path)).report.rows_read == 60


def test_a_huge_data_set_is_read_up_to_a_number_of_rows(tmp_path, monkeypatch):
    """Nobody can shorten a data set of the hub by hand, so its first rows are used, and the report says so."""
    monkeypatch.setattr("benchmarks.tasks.intake.hub.MOST_HUB_ROWS", 50)
    write_parquet(tmp_path / "default/train/0000.parquet", rows(40))
    write_parquet(tmp_path / "default/train/0001.parquet", rows(40, start=40))
    report = import_task("hub:desk", door=Shelf(tmp_path)).report
    assert report.rows_read == 50 and any("first 50 rows" in remark for remark in report.remarks)


@pytest.mark.parametrize("word", ["hub:", "hub:../etc", "hub:a/b/c", "hub:a b"])
def test_a_name_that_no_data_set_can_have_is_refused(word):
    """The form of a name is checked before the hub is asked."""
    assert is_own_data(word)
    with pytest.raises(BenchmarkError, match="allowed: hub:OWNER/NAME"):
        import_task(word, door=Shelf(Path("/nowhere")))


def test_without_a_network_the_message_says_so(monkeypatch):
    """The real client, kept offline, ends in a failed job that names the way without a network."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(JobFailed, match=r"the hub did not answer .*name a file on this disk"):
        import_task("hub:owner/desk")
