"""Any source of data as one table: files, a past revision, an object store, a database; the contract stays the same."""

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path

from mlops_ci.contracts.files import fixed, label, matching
from mlops_ci.errors import NothingToJudge, UsageProblem
from mlops_ci.evidence import digest_file, digest_files
from mlops_ci.tools import dvc, postgres, s3, sqlite
from mlops_ci.tools.duckdb import Files, Table, chosen_table, format_of, open_database, open_table
from mlops_ci.tools.git import Git

_DUCKDB = (b"DUCK", 8)  # what stands where in a DuckDB file


@dataclass(frozen=True, slots=True)
class Source:
    """Where data is: a path, glob, folder or URL; in a database a table or query; in git a revision."""

    path: str
    table: str | None = None
    query: str | None = None
    revision: str | None = None


class Digest:
    """The digest of files, found in a thread while they are judged; a signal does not wait for it."""

    def __init__(self, find: Callable[[], str]) -> None:
        """Start to look."""
        self._found: list[str] = []
        self._thread = threading.Thread(target=lambda: self._found.append(find()), daemon=True)
        self._thread.start()

    def result(self) -> str:
        """Return the digest once it is known.

        Raises:
            NothingToJudge: a file was gone before it was read to its end.
        """
        self._thread.join()
        if not self._found:
            raise NothingToJudge("The data changed or vanished while they were judged. Judge them again.")
        return self._found[0]


@dataclass(frozen=True, slots=True)
class Opened:
    """An open table, the folder that its files are named relative to, and the digest of what is judged."""

    table: Table
    root: Path
    digest: Digest
    files: int = 1
    keys: frozenset[str] = frozenset()  # of folders: their values stand in the files' names
    paths: tuple[Path, ...] = ()  # on this disk


@contextmanager
def open_source(source: Source, root: Path, *, writes: Sequence[Path] = ()) -> Iterator[Opened]:
    """Open a source; a relative path is relative to `root`.

    What is not on this machine's disk is brought there first, into a folder that is gone afterwards.

    Raises:
        NothingToJudge: it does not exist, or cannot be read.
        UsageProblem: it is not said which table, a query cannot be answered, or a revision is no file's.
        ProgramMissing, ProgramFailed: DVC, the store or the database does not answer.
        ModuleNotFoundError: a library is not installed.
    """
    _refuse_contradictions(source)
    with tempfile.TemporaryDirectory(prefix="mlops-ci-data-") as name:
        scratch = Path(name)
        database = None if _is_url(source.path) or source.revision else _database(root / source.path)
        if database == "duckdb":
            path = root / source.path
            with open_database(path, table=source.table, query=source.query, writes=writes) as table:
                yield Opened(table, root, Digest(lambda: digest_file(path)), paths=(path,))
            return
        files, base, query = _gathered(source, root, scratch, database)
        with open_table(files, query=query, writes=writes) as table:
            digest = Digest(lambda: digest_files((label(path, base), path) for path in files.paths))
            yield Opened(
                table, base, digest, len(files.paths), frozenset(files.partitions), (*files.paths, root / source.path)
            )


def _gathered(source: Source, root: Path, scratch: Path, database: str | None) -> tuple[Files, Path, str | None]:
    """Return local files, the folder that they are named relative to, and the query still to ask over them."""
    if postgres.is_url(source.path) or database == "sqlite":
        return _exported(source, root, scratch), scratch, None
    if s3.is_url(source.path):
        return matching(s3.download(source.path, scratch), scratch), scratch, source.query
    if source.revision:
        inside = label(root / source.path, root)
        tracked = fixed(Path(inside)).as_posix() if has_magic(inside) else inside
        if tracked == ".":
            raise UsageProblem(f"{inside} at a revision needs a folder before the wildcard, such as data/*.parquet.")
        (scratch / tracked).parent.mkdir(parents=True, exist_ok=True)
        Git(root).head()  # outside of git there are no revisions
        dvc.get(root, tracked, source.revision, scratch / tracked)
        return matching(inside, scratch), scratch, source.query
    return matching(source.path, root), root, source.query


def _exported(source: Source, root: Path, scratch: Path) -> Files:
    """Return a file with a database's rows, called like the table."""
    if postgres.is_url(source.path):
        if source.table is None and source.query is None:
            raise UsageProblem("It is not said what to judge in the database. Say it with --table, or --query.")
        query = source.query or postgres.table_query(str(source.table))
        target = scratch / (source.table or "query").replace("/", "_")
        postgres.export(source.path, query, target)
    else:
        path = root / source.path
        name = None if source.query else chosen_table(source.table, sqlite.tables(path), path)
        query = source.query or sqlite.table_query(str(name))
        target = scratch / (name or "query").replace("/", "_")
        sqlite.export(path, query, target)
    return Files([target], format="parquet")


def _refuse_contradictions(source: Source) -> None:
    if source.table and source.query:
        raise UsageProblem("Both a table and a query are given. Leave one of `data.table` and `data.query` out.")
    if source.table and not _is_url(source.path) and format_of(Path(source.path)):
        raise UsageProblem(f"`data.table` names a table of a database, and {source.path} is none. Leave it out.")
    if source.revision and _is_url(source.path):
        raise UsageProblem("`data.rev` is a git revision, and the data is not in git. Leave it out.")


def _is_url(path: str) -> bool:
    return "://" in path


def _database(path: Path) -> str | None:
    """Return which database a file is, by its first bytes; None when it is none."""
    try:
        return _kind_of_database(path) if path.is_file() and not format_of(path) else None
    except OSError as problem:
        raise NothingToJudge(f"{path.name} cannot be read: {problem.strerror}. Give access to it.") from problem


def _kind_of_database(path: Path) -> str | None:
    if sqlite.is_database(path):
        return "sqlite"
    magic, at = _DUCKDB
    with path.open("rb") as stream:
        return "duckdb" if stream.read(at + len(magic))[at:] == magic else None
