"""YAML that remembers its lines, checked against a table of known keys.

A `Shape` is what a value may be: a type, a tuple of shapes (any of them), a one-element list (a list of that),
a set of the words that it may be, a dict of known keys, or `Each(shape)` for a mapping with free keys.
"""

import difflib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from hub.errors import ConfigurationError

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same answers, twenty times sooner where libyaml is


@dataclass(frozen=True, slots=True)
class Each:
    """A mapping whose keys are the city's own and whose values all have one shape."""

    shape: Any


NAMES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    date: "a date",
    dict: "a mapping",
}


def load(path: Path, shape: Any) -> Any:
    """Read a YAML file whose keys must all be in `shape`.

    Raises ConfigurationError naming the file, the line, the nearest known key and the cure."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} does not exist.", "name the file with --city, or run `cityglass init`"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", "name a file that you may read") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 (byte {error.start}).", "save it as UTF-8") from None
    try:
        node = yaml.compose(text, Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise ConfigurationError(f"{path}{line}: {problem}.", "mend the YAML on that line") from None
    if node is None:
        raise ConfigurationError(f"{path} is empty.", "run `cityglass init` for a commented example")
    return _check(node, shape, "", path)


def line_of(path: Path, key: str) -> int:
    """The line of a dotted key in a file that has been loaded, or of the nearest key above it; 0 if there is none."""
    node, line = yaml.compose(path.read_text("utf-8"), Loader), 0
    for part in key.split("."):
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        found = next(((key_node, value) for key_node, value in pairs if key_node.value == part), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def placed(path: Path, key: str) -> str:
    """Where a dotted key stands in a file that has been loaded, as file:line."""
    return f"{path}:{line}" if (line := line_of(path, key)) else str(path)


def _check(node: yaml.Node, shape: Any, at: str, path: Path) -> Any:
    where = f"{path}:{node.start_mark.line + 1}"
    if isinstance(shape, tuple):
        return _any_of(node, shape, at, path)
    if isinstance(shape, frozenset):
        return _word(node, shape, at, where)
    if isinstance(shape, (dict, Each)):
        if not isinstance(node, yaml.MappingNode):
            raise ConfigurationError(
                f"{where}: {at or 'the file'} must be a mapping of keys.", "write `key: value` lines"
            )
        return _mapping(node, shape, at, path)
    if isinstance(shape, list):
        if not isinstance(node, yaml.SequenceNode):
            raise ConfigurationError(f"{where}: {at} must be a list.", "write [a, b] or lines that begin with '- '")
        return [_check(item, shape[0], f"{at}[{i}]", path) for i, item in enumerate(node.value)]
    try:
        value = _plain(node)
    except (ValueError, yaml.YAMLError):
        raise ConfigurationError(f"{where}: {at} is {node.value!r}, which means nothing.", f"correct {at}") from None
    if shape is Any or _fits(value, shape):
        return value
    raise ConfigurationError(f"{where}: {at} is {value!r}, but it must be {NAMES[shape]}.", f"correct {at}")


def _word(node: yaml.Node, known: frozenset[str], at: str, where: str) -> str:
    if node.value in known:
        return node.value
    near = difflib.get_close_matches(str(node.value), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ConfigurationError(f"{where}: {at} is {node.value!r}.", f"{hint}known are: {', '.join(sorted(known))}")


def _plain(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    return loader.construct_object(node, deep=True)


def _fits(value: Any, shape: type) -> bool:
    if shape is str:
        return isinstance(value, str)
    if shape is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if shape is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, (date, datetime)) if shape is date else isinstance(value, shape)


def _any_of(node: yaml.Node, shapes: tuple, at: str, path: Path) -> Any:
    error = None
    for shape in shapes:
        try:
            return _check(node, shape, at, path)
        except ConfigurationError as problem:
            error = problem
    raise error


def _mapping(node: yaml.MappingNode, shape: dict | Each, at: str, path: Path) -> dict:
    result = {}
    for key_node, value_node in node.value:
        key, where = key_node.value, f"{path}:{key_node.start_mark.line + 1}"
        if not isinstance(key, str):
            raise ConfigurationError(f"{where}: a key must be one word.", "write `key: value` lines")
        name = f"{at}.{key}" if at else key
        if key in result:
            raise ConfigurationError(f"{where}: {name} stands twice.", "keep one of the two")
        if isinstance(shape, dict) and key not in shape:
            near = difflib.get_close_matches(key, shape, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys here: {', '.join(shape)}"
            raise ConfigurationError(f"{where}: unknown key {name!r}.", hint)
        inner = shape.shape if isinstance(shape, Each) else shape[key]
        result[key] = _check(value_node, inner, name, path)
    return result
