"""Strict YAML: duplicate keys, aliases and custom tags are problems; every mapping remembers its line.

The scalars are those of YAML 1.2: only `true` and `false` are booleans, so `no` and `on` stay words.
"""

from __future__ import annotations

import math
import re
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from advisor.errors import Problem, shown

SIZE_LIMIT = 5_000_000
DEPTH_LIMIT = 60
SAFE_DEPTH = 2000  # far below the depth at which the C parser overruns its stack, far above what our files can reach

_INT = re.compile(r"[-+]?[0-9][0-9_]*\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*)?\.?[0-9]+(?:[eE][-+]?[0-9]+)?\Z|[-+]?[0-9][0-9_]*\.\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_NULL = {"", "~", "null"}
_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "merge")
}

_NUMBER_STARTS = frozenset("+-.0123456789")
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(_Base):  # type: ignore[misc]
    """The parser without YAML 1.1's guesses at types, which take a quarter of the time; `_scalar` reads scalars."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """The tag of a node that states none: plain, but for the lone `=` that YAML 1.1 reserves."""
        if kind is yaml.ScalarNode:
            return "tag:yaml.org,2002:value" if value == "=" and implicit[0] else "tag:yaml.org,2002:str"
        return "tag:yaml.org,2002:seq" if kind is yaml.SequenceNode else "tag:yaml.org,2002:map"


class Mapping_(dict[str, Any]):  # noqa: N801 - a dict that knows its line
    """A YAML mapping that remembers the line on which it starts (1-based)."""

    line: int = 0


def read(path: Path, problems: list[Problem], name: str = "") -> Any:
    """The content of a YAML file, or None; everything wrong with it is added to `problems` under `name`."""
    name = name or path.name
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)  # no more: the path may name a device without an end
    except OSError as error:
        problems.append(Problem(name, "", error.strerror or "unreadable", "a readable file"))
        return None
    return parse(raw, problems, name)


def parse(raw: bytes, problems: list[Problem], name: str) -> Any:
    """The value of YAML (or JSON) bytes, or None; see `read`."""
    if len(raw) > SIZE_LIMIT:
        problems.append(Problem(name, "", f"more than {SIZE_LIMIT:,} bytes", f"at most {SIZE_LIMIT:,} bytes"))
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = "save the file as UTF-8"
        problems.append(Problem(name, f"byte {error.start}", "text that is not UTF-8", "UTF-8", remedy))
        return None
    try:
        if _overly_deep(text):
            raise RecursionError
        node = yaml.compose(text, Loader=Loader)
        return None if node is None else _value(node, problems, name, 0)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else ""
        found = f"a mistake of syntax ({getattr(error, 'problem', None) or str(error).splitlines()[0]})"
        problems.append(Problem(name, place, found, "well-formed YAML", "correct the syntax at that line"))
    except RecursionError:
        problems.append(Problem(name, "", "nesting that is too deep", f"at most {DEPTH_LIMIT} levels"))
    return None


def _overly_deep(text: str) -> bool:
    """Whether nesting goes beyond what the parser survives; the events, which need no stack, are counted in doubt only.

    A block inside a block begins further right or, in one case, level; a flow collection begins with a bracket.
    """
    columns = max(map(len, text.splitlines()), default=0)
    if 2 * columns + text.count("[") + text.count("{") < SAFE_DEPTH:
        return False
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > SAFE_DEPTH:
            return True
    return False


def _value(node: yaml.Node, problems: list[Problem], name: str, depth: int) -> Any:
    line = node.start_mark.line + 1
    if depth > DEPTH_LIMIT:
        problems.append(Problem(name, f"line {line}", "nesting that is too deep", f"at most {DEPTH_LIMIT} levels"))
        return None
    if getattr(node, "_seen", False):
        problems.append(Problem(name, f"line {line}", "an alias (*name)", "plain values", "write the value out"))
        return None
    node._seen = True  # type: ignore[attr-defined]
    if node.tag not in _PLAIN_TAGS:
        problems.append(Problem(name, f"line {line}", f"the tag {node.tag}", "no tags", "remove the tag"))
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, problems, name, depth)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, problems, name, depth + 1) for child in node.value]
    return _scalar(node, problems, name, line)


def _mapping(node: yaml.MappingNode, problems: list[Problem], name: str, depth: int) -> Mapping_:
    result = Mapping_()
    result.line = node.start_mark.line + 1
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        value = _value(value_node, problems, name, depth + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(Problem(name, f"line {line}", "a list or a mapping as a key", "a word as a key"))
            continue
        key = _value(key_node, problems, name, depth + 1)
        if not isinstance(key, str):
            key = str(key_node.value)
        if key in result:
            remedy = "keep one of the two"
            problems.append(Problem(name, f"line {line}", f"the key '{key}' twice", "each key once", remedy))
            continue
        result[key] = value
    return result


def _scalar(node: yaml.Node, problems: list[Problem], name: str, line: int) -> Any:
    text = str(node.value)
    if getattr(node, "style", None):
        return text
    if text in _NULL:
        return None
    if text in {"true", "false"}:
        return text == "true"
    if text[0] not in _NUMBER_STARTS:
        return text
    if _DATE.match(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            problems.append(Problem(name, f"line {line}", shown(text), "a date that exists, as yyyy-mm-dd"))
            return None
    if _FLOAT.match(text) or _INT.match(text):
        number = float(text.replace("_", ""))
        if not math.isfinite(number):
            problems.append(Problem(name, f"line {line}", shown(text), "a finite number"))
            return None
        return int(text.replace("_", "")) if _INT.match(text) else number
    return text
