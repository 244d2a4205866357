"""Parse YAML and remember where each value stands, so that an error can name line and column."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from mlops_ci.errors import UsageProblem

Path_ = tuple[str | int, ...]
Positions = dict[Path_, tuple[int, int]]


def parse(text: str, path: Path) -> tuple[dict[str, Any], Positions]:
    """Return plain data, and the 1-based line and column of every key; messages call the text `path`.

    Raises:
        UsageProblem: it is not YAML, or does not hold a mapping.
    """
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise UsageProblem(f"{where}: this is not valid YAML: {problem.problem or problem.context}.") from problem
    except YAMLError as problem:
        raise UsageProblem(f"{path} cannot be read as settings: {problem}.") from problem
    if tree is None:
        raise UsageProblem(f"{path} is empty. It needs at least the section of the step you run.")
    if not isinstance(tree, dict):
        raise UsageProblem(f"{path}:1:1: settings are a mapping of sections, not a {type(tree).__name__}.")
    positions: Positions = {}
    return _plain(tree, (), positions), positions


def _plain(node: Any, path: Path_, positions: Positions) -> Any:  # noqa: ANN401 - YAML
    """Return a node as plain data, noting where each key and item stands."""
    if isinstance(node, CommentedMap):
        for key in node.lc.data or ():  # without keys merged in from elsewhere
            line, column = node.lc.key(key)
            positions[*path, key] = (line + 1, column + 1)
        return {key: _plain(value, (*path, key), positions) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        for index in node.lc.data or ():
            line, column = node.lc.item(index)
            positions[*path, index] = (line + 1, column + 1)
        return [_plain(value, (*path, index), positions) for index, value in enumerate(node)]
    if type(node).__module__.startswith("ruamel"):  # numbers and strings that remember how they were written
        return next((kind(node) for kind in (bool, int, float, str) if isinstance(node, kind)), node)
    return node


def edit(path: Path, section: Path_, values: Mapping[str, Any]) -> None:
    """Set values of a section of a settings file, which keeps its comments; None takes a value out."""
    yaml = YAML(typ="rt")
    tree = yaml.load(path)
    node = tree
    for key in section:
        node = node[key]
    for name, value in values.items():
        if value is None:
            node.pop(name, None)
        else:
            node[name] = value
    yaml.dump(tree, path)
