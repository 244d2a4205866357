"""The lines that came to a file since it was last read: whole ones only, each once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import ProgramFailed


@dataclass(slots=True)
class Tail:
    """A file that a program appends to, from its first line on; one that becomes shorter is read anew."""

    path: Path
    _offset: int = 0

    def lines(self) -> Iterator[bytes]:
        """Yield the new lines; raise ProgramFailed when the file cannot be read."""
        try:
            with self.path.open("rb") as stream:
                if stream.seek(0, 2) < self._offset:
                    self._offset = 0
                stream.seek(self._offset)
                for line in stream:
                    if not line.endswith(b"\n"):
                        return  # its end is still to come
                    self._offset += len(line)
                    yield line
        except OSError as problem:
            raise ProgramFailed(f"{self.path} cannot be read: {problem.strerror}.") from problem
