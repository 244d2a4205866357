"""Find and read `mlops.yaml`; each value of it can be told with its line and column."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_ci.errors import UsageProblem

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A settings file: plain data, and the 1-based line and column of every key."""

    path: Path | None = None
    data: dict[str, Any] = field(default_factory=dict)
    positions: dict[Path_, tuple[int, int]] = field(default_factory=dict)

    def where(self, path: Path_) -> str:
        """Return `file:line:column` of a key, or of its nearest parent that stands in the file."""
        for length in range(len(path), -1, -1):
            if position := self.positions.get(path[:length]):
                return f"{self.path}:{position[0]}:{position[1]}"
        return str(self.path)


def find(start: Path) -> Path | None:
    """Return the nearest `mlops.yaml` in `start` or above it, within the git repository."""
    for folder in (start, *start.parents):
        if (folder / "mlops.yaml").is_file():
            return folder / "mlops.yaml"
        if (folder / ".git").exists():
            return None
    return None


def read(path: Path) -> Document:
    """Read a settings file.

    Raises:
        UsageProblem: it is missing, is not YAML, or does not hold a mapping.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageProblem(f"{path} cannot be read as settings: {problem}.") from problem


def parse(text: str, path: Path) -> Document:
    """Return settings from a text; messages call it `path`.

    Raises:
        UsageProblem: it is not YAML, or does not hold a mapping.
    """
    from mlops_ci.settings import tree  # the YAML library is needed only where there is a file

    return Document(path, *tree.parse(text, path))


def section(text: str, path: Path, model: str | None, name: str) -> dict[str, Any] | None:
    """Return one model's section from a text; where the models were named otherwise, that of the only one there was.

    None when there is no such section, or it cannot be read.
    """
    try:
        data: Any = parse(text, path).data
    except UsageProblem:
        return None
    models = data.get("models")
    if isinstance(models, dict) and models:
        only = next(iter(models.values())) if len(models) == 1 else None
        data = models.get(model, only)
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else None
