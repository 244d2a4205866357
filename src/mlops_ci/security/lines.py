"""Lines of the files that problems are found in: a problem is told apart by its line's text, not by its number."""

from pathlib import Path

_MOST = 4 * 1024**2  # bytes of a file whose lines are looked up


class Lines:
    """Lines of files, read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files = dict[str, list[str]]()

    def text(self, path: str, number: int) -> str:
        """Return a line; an empty text where there is none."""
        if path not in self._files:
            self._files[path] = self._read(self._root / path)
        lines = self._files[path]
        return lines[number - 1] if 0 < number <= len(lines) else ""

    @staticmethod
    def _read(path: Path) -> list[str]:
        try:
            small = path.stat().st_size <= _MOST
            return path.read_text(encoding="utf-8", errors="replace").splitlines() if small else []
        except (OSError, ValueError):
            return []
