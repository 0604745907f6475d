"""Data sets of the hub, as Parquet: `hub:OWNER/NAME`, or `hub:OWNER/NAME:CONFIG` where there are several tables."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from ...errors import BenchmarkError, JobFailed, MissingExtra
from .parquet import read_parquet
from .table import MOST_BYTES, Table, too_many_bytes

PREFIX = "hub:"
CONVERTED = "refs/convert/parquet"
MOST_HUB_ROWS = 50_000
TEST_SPLITS = ("test", "validation", "valid", "dev")

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?(:[\w.@ -]+)?")


class Door(Protocol):
    """What is asked of the hub; the tests stand a folder in its place."""

    def files(self, name: str) -> tuple[str, dict[str, int]]:
        """The commit of a data set's Parquet version, and its files with their sizes in bytes."""

    def fetch(self, name: str, commit: str, file: str) -> Path:
        """A file of that commit, on this disk."""


def read_hub(word: str, door: Door | None = None) -> tuple[Table, Table | None, tuple[str, ...]]:
    """Training table, test table (None if the data set has none), and remarks. Raises BenchmarkError or JobFailed."""
    whole = word.removeprefix(PREFIX)
    if not _NAME.fullmatch(whole):
        raise BenchmarkError(f"{word}: allowed: {PREFIX}OWNER/NAME or {PREFIX}OWNER/NAME:CONFIG")
    name, _, config = whole.partition(":")
    door = door or _Hub()
    commit, sizes = door.files(name)
    splits = _splits(word, sizes, config)
    test = next((split for split in TEST_SPLITS if split in splits), None)
    train = "train" if "train" in splits else next((split for split in splits if split != test), None)
    if train is None:
        raise BenchmarkError(f"{word}: has no training rows (splits: {', '.join(splits)})")
    remarks = [f"{name} of the hub at commit {commit}, split {train!r}{f' and {test!r}' if test else ''}"]
    if test not in (None, "test"):
        remarks.append(f"there is no split 'test': {test!r} is used for it")
    tables = [
        _table(door, name, commit, splits[split], f"{name}/{split}", sizes, remarks) for split in (train, test) if split
    ]
    return tables[0], tables[1] if len(tables) > 1 else None, tuple(remarks)


def _splits(word: str, sizes: dict[str, int], config: str) -> dict[str, list[str]]:
    """The Parquet files of one configuration by split; in the hub's conversion they lie at config/split/number."""
    configs: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for file in sorted(sizes):
        parts = PurePosixPath(file).parts
        if len(parts) == 3 and file.endswith(".parquet"):
            configs[parts[0]][parts[1].removeprefix("partial-")].append(file)
    if not configs:
        raise BenchmarkError(f"{word}: the hub has no Parquet version of it; download its files and name one of them")
    chosen = config or ("default" if "default" in configs else next(iter(configs)) if len(configs) == 1 else "")
    if chosen not in configs:
        known = ", ".join(sorted(configs)[:20])
        found = f"no table {config!r}" if config else f"{len(configs)} tables"
        raise BenchmarkError(f"{word}: found {found}; allowed: {word.removesuffix(f':{config}')}:CONFIG with {known}")
    return dict(configs[chosen])


def _table(
    door: Door, name: str, commit: str, files: Sequence[str], shown: str, sizes: dict[str, int], remarks: list[str]
) -> Table:
    rows: list[tuple[int, Any]] = []
    columns: tuple[str, ...] = ()
    hashes = []
    for file in files:
        if sizes[file] > MOST_BYTES:
            raise too_many_bytes(f"{shown} ({file})", sizes[file])
        path = door.fetch(name, commit, file)
        found, part = read_parquet(shown, path, most=MOST_HUB_ROWS - len(rows))
        columns = columns or found
        rows += [(len(rows) + number, values) for number, values in part]
        hashes.append(hashlib.sha256(path.read_bytes()).hexdigest())
        if len(rows) >= MOST_HUB_ROWS:
            remarks.append(f"{shown}: only the first {MOST_HUB_ROWS:,} rows are used")
            break
    sha256 = hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
    return Table(shown, columns, tuple(rows), "Parquet", sha256, unit="row")


class _Hub:
    """The real hub, through huggingface_hub."""

    def files(self, name: str) -> tuple[str, dict[str, int]]:
        """The commit of the conversion to Parquet, and its files."""
        api, repository = self._api(), {"repo_id": name, "repo_type": "dataset"}
        with _Told(name):
            commit = str(api.repo_info(**repository, revision=CONVERTED).sha)
            tree = api.list_repo_tree(**repository, revision=commit, recursive=True)
            return commit, {entry.path: entry.size for entry in tree if getattr(entry, "size", None) is not None}

    def fetch(self, name: str, commit: str, file: str) -> Path:
        """A file of a commit, in the hub's own cache."""
        with _Told(name):
            found = self._api().hf_hub_download(repo_id=name, repo_type="dataset", revision=commit, filename=file)
            return Path(found)

    @staticmethod
    def _api() -> Any:
        try:
            import huggingface_hub
        except ImportError:
            raise MissingExtra.of("huggingface_hub") from None
        return huggingface_hub.HfApi()


class _Told:
    """Turns what the hub's client raises into a sentence."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, BenchmarkError) or not isinstance(error, Exception):
            return
        from huggingface_hub import errors

        if isinstance(error, errors.GatedRepoError):
            problem = "asks for its terms to be accepted on its page first, and for a login (hf auth login)"
            raise BenchmarkError(f"{PREFIX}{self.name}: {problem}") from None
        if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError):
            raise BenchmarkError(f"{PREFIX}{self.name}: the hub has no public data set of that name") from None
        if isinstance(error, errors.RevisionNotFoundError):
            problem = "the hub has no Parquet version of it; download its files and name one of them"
            raise BenchmarkError(f"{PREFIX}{self.name}: {problem}") from None
        reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise JobFailed(
            f"{PREFIX}{self.name}: the hub did not answer ({type(error).__name__}: {reason}); a network is needed. "
            "Without one, name a file on this disk: CSV, TSV, JSONL or Parquet"
        ) from None
