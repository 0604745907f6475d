"""Reads the folder of one rule pack into entries: a whole pack, or a part that is laid over the shipped one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from advisor.errors import Problem
from advisor.knowledge import entries, yaml_file
from advisor.knowledge.domain import Option
from advisor.knowledge.fields import Fields
from advisor.knowledge.rules import label, read_rule

SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of entry: its file or folder, the key of its list, its noun in problems, and its reader."""

    kind: str
    place: str
    key: str
    noun: str
    ident: str
    read: Callable[[Fields], Any]

    @property
    def file(self) -> str:
        """The file, or the pattern of the files, inside the pack's folder."""
        return self.place if self.place.endswith(".yaml") else f"{self.place}/*.yaml"


TABLES = (
    Table("source", "sources.yaml", "sources", "source", "id", entries.source),
    Table("group", "questions.yaml", "groups", "group", "id", entries.group),
    Table("question", "questions.yaml", "questions", "question", "field", entries.question),
    Table("approach", "approaches.yaml", "approaches", "approach", "id", entries.approach),
    Table("criterion", "criteria.yaml", "criteria", "criterion", "id", entries.criterion),
    Table("parameter", "parameters.yaml", "parameters", "parameter", "id", entries.parameter),
    Table("market fact", "market.yaml", "facts", "fact", "id", entries.market_fact),
    Table("rule", "gates", "rules", "rule", "id", partial(read_rule, kind="gate")),
    Table("rule", "scores", "rules", "rule", "id", partial(read_rule, kind="score")),
    Table("rule", "notes", "rules", "rule", "id", partial(read_rule, kind="note")),
    Table("case", "cases", "cases", "case", "id", entries.case),
)
_KNOWN = {"pack.yaml", "costs.yaml", "studies/*.yaml", "studies/papers/*.yaml", *(table.file for table in TABLES)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as read. `override` and `reason` say that it replaces one of the pack below, and why."""

    id: str
    item: Any
    where: str
    place: str
    override: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MoreOptions:
    """Options that a pack adds to a choice question of the pack below."""

    field: str
    options: tuple[Option, ...]
    where: str
    place: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One pack's folder as read. `disabled` pairs the rules that it switches off with its reasons."""

    folder: Path
    name: str
    version: str
    as_of: date | None
    pack_file: str
    disabled: tuple[tuple[str, str], ...]
    entries: Mapping[str, tuple[Entry, ...]]
    options: tuple[MoreOptions, ...]


def extends_shipped(folder: Path) -> bool:
    """Whether the folder is a pack to be laid over the shipped one."""
    raw = yaml_file.read(folder / "pack.yaml", []) if (folder / "pack.yaml").is_file() else None
    return isinstance(raw, dict) and "extends" in raw


def read_layer(folder: Path, problems: list[Problem], *, over: bool) -> Layer | None:
    """The entries of a folder; None where files of a whole pack are missing or unreadable.

    With `over`, every file but pack.yaml may be absent, and the file names in problems begin with the folder's name.
    """
    prefix = f"{folder.name}/" if over else ""
    where = f"{prefix}pack.yaml"
    before = len(problems)
    raw = yaml_file.read(folder / "pack.yaml", problems, where)
    if raw is None and len(problems) == before:
        problems.append(Problem(where, "", "an empty file", "name, version and as_of", "write 'name:' and the others"))
    if not folder.is_dir() or raw is None:
        return None
    fields = Fields(raw, problems, where, "")
    name, version, as_of = fields.text("name"), fields.text("version"), fields.day("as_of")
    fields.text("description", required=False)
    disabled: tuple[tuple[str, str], ...] = ()
    if over:
        fields.choice("extends", (SHIPPED,))
        disabled = fields.rows("disable", partial(_disabled, fields), required=False)
    fields.close()
    _strays(folder, prefix, problems)
    files = _Files(folder, prefix, problems, over)
    rows = {kind: tuple(files.entries(kind)) for kind in dict.fromkeys(table.kind for table in TABLES)}
    _contradictions(fields, disabled, rows["rule"])
    if files.missing and not over:
        return None
    return Layer(folder, name, version, as_of, where, disabled, rows, tuple(files.options))


class _Files:
    """The files of one folder while they are read, each once."""

    def __init__(self, folder: Path, prefix: str, problems: list[Problem], over: bool) -> None:
        self.folder, self.prefix, self.problems, self.over = folder, prefix, problems, over
        self.missing = False
        self.options: list[MoreOptions] = []
        self._single: dict[str, Fields | None] = {}

    def entries(self, kind: str) -> Iterator[Entry]:
        tables = [table for table in TABLES if table.kind == kind]
        for table in tables:
            for fields in self._opened(table):
                for index, raw in enumerate(fields.rows(table.key, lambda raw, _: raw, required=not self.over)):
                    yield self._entry(table, fields.where, raw, index)
                last = [other for other in TABLES if other.place == table.place][-1] is table
                if last:
                    if self.over and table.place == "questions.yaml":
                        self.options.extend(fields.rows("options", partial(_more_options, fields), required=False))
                    fields.close()

    def _opened(self, table: Table) -> Iterator[Fields]:
        if table.place.endswith(".yaml"):
            if table.place not in self._single:
                self._single[table.place] = self._open(self.folder / table.place, table.place)
            fields = self._single[table.place]
            if fields is not None:
                yield fields
            return
        for path in sorted((self.folder / table.place).glob("*.yaml")):
            fields = self._open(path, f"{table.place}/{path.name}", single=False)
            if fields is not None:
                yield fields

    def _open(self, path: Path, name: str, *, single: bool = True) -> Fields | None:
        if self.over and not path.exists():
            return None
        before, files = len(self.problems), (name, f"{path.parent.name}/*.yaml")
        keys = [table.key for table in TABLES if table.file in files]
        raw = yaml_file.read(path, self.problems, self.prefix + name)
        if raw is None:
            if not self.over and len(self.problems) == before:
                allowed = "entries under " + ", ".join(f"'{key}:'" for key in keys)
                self.problems.append(
                    Problem(name, "", "an empty file", allowed, "fill it" if single else "fill it or delete it")
                )
            self.missing = self.missing or single
            return None
        if isinstance(raw, list):
            remedy = f"write {keys[0]}: above the list, and indent it"
            found, allowed = "a bare list", "a mapping with the key " + " or ".join(f"'{key}'" for key in keys)
            self.problems.append(Problem(self.prefix + name, "", found, allowed, remedy))
            self.missing = self.missing or single
            return None
        return Fields(raw, self.problems, self.prefix + name, "")

    def _entry(self, table: Table, where: str, raw: Any, index: int) -> Entry:
        fields = Fields(raw, self.problems, where, label(table.noun, raw, index, table.ident))
        item = table.read(fields)
        override = self.over and fields.flag("override")
        reason = fields.text("reason", required=override) if self.over else ""
        fields.close()
        return Entry(getattr(item, table.ident), item, where, fields.place, override, reason)


def _disabled(parent: Fields, raw: Any, index: int) -> tuple[str, str]:
    fields = Fields(raw, parent.problems, parent.where, label("disable", raw, index, "rule"))
    pair = fields.text("rule"), fields.text("reason")
    fields.close()
    return pair


def _contradictions(fields: Fields, disabled: tuple[tuple[str, str], ...], rules: tuple[Entry, ...]) -> None:
    replaced = {entry.id for entry in rules if entry.override}
    seen: set[str] = set()
    for rule, _ in disabled:
        if rule in seen:
            fields.report("disable", f"'{rule}' twice", "each rule once", "keep one of the two")
        elif rule in replaced:
            fields.report("disable", f"'{rule}', which this pack replaces", "one of the two", "disable or override it")
        seen.add(rule)


def _more_options(parent: Fields, raw: Any, index: int) -> MoreOptions:
    fields = Fields(raw, parent.problems, parent.where, label("options of", raw, index, "field"))
    more = MoreOptions(
        fields.text("field"), fields.rows("add", partial(entries.option, fields)), fields.where, fields.place
    )
    fields.close()
    return more


def _strays(folder: Path, prefix: str, problems: list[Problem]) -> None:
    for path in sorted(folder.rglob("*.y*ml")):
        name = path.relative_to(folder).as_posix()
        pattern = f"{path.parent.relative_to(folder).as_posix()}/*{path.suffix}"
        if name not in _KNOWN and pattern not in _KNOWN:
            allowed = ", ".join(sorted(_KNOWN))
            problems.append(Problem(prefix + name, "", "a file that nothing reads", allowed, "rename or remove it"))
