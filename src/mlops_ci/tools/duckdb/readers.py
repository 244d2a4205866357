"""Make the relation `files` from files of one format: CSV and JSON Lines are parsed once, the rest read in place."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mlops_ci.errors import NothingToJudge
from mlops_ci.tools.duckdb import csv, jsonl
from mlops_ci.tools.duckdb.differences import refuse_difference, refuse_keys, refuse_repetition
from mlops_ci.tools.duckdb.running import run
from mlops_ci.tools.duckdb.table import FILE, identifier, literal, readable

Format = Literal["parquet", "csv", "jsonl", "arrow"]

FORMATS: Mapping[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonl.gz": "jsonl",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
PARTITION = re.compile(r"([^/=]+)=[^/]*")
# DuckDB would read these out of JSON's text; they stay text, as in CSV.
_AS_TEXT = ("DATE", "TIME", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "UUID")
_JSON = (
    "format = 'newline_delimited', records = true, sample_size = -1, map_inference_threshold = -1,"
    " convert_strings_to_integers = false"
)
_DESCRIBED = "union_by_name = true, hive_partitioning = false"


@dataclass(frozen=True, slots=True)
class Files:
    """Files of one format; `partitions` are the keys of folders such as `month=1` that are columns, too.

    The format is what the first file's name says, unless it is given.
    """

    paths: Sequence[Path]
    partitions: Sequence[str] = ()
    format: Format | None = None


def format_of(path: Path) -> Format | None:
    """Return the format that a file's name says; None for an unknown one."""
    endings = ["".join(path.suffixes[-count:]).lower() for count in (1, 2)]
    return next((FORMATS[one] for one in endings if one in FORMATS), None)


def read(connection: Any, files: Files, scratch: Path) -> None:  # noqa: ANN401 - untyped library
    """Create the relation `files`: the files' rows in order, each with its file's name.

    Raises:
        NothingToJudge: a file cannot be read, or differs from the others.
    """
    readers = {"parquet": _parquet, "csv": _csv, "jsonl": _jsonl, "arrow": _arrow}
    readers[files.format or format_of(files.paths[0]) or "parquet"](connection, files, scratch)


def _parquet(connection: Any, files: Files, _scratch: Path) -> None:  # noqa: ANN401 - untyped library
    _refuse_differences(connection, files)
    with readable(*files.paths):
        source = _selected(files, f"read_parquet({_names(files.paths)}, union_by_name = true")
        connection.execute(f"CREATE TEMP VIEW files AS {source}")


def _csv(connection: Any, files: Files, scratch: Path) -> None:  # noqa: ANN401 - untyped library
    csv.refuse_headers(files.paths, files.partitions)
    try:
        _load(connection, files, f"read_csv({_names(files.paths)}, {csv.OPTIONS}")
    except NothingToJudge:
        # Either a fault, which is better said in words, or line ends that only DuckDB minds.
        copies = [csv.mended(path, _copy(path, scratch / str(at))) for at, path in enumerate(files.paths)]
        _load(connection, Files(copies, files.partitions), f"read_csv({_names(copies)}, {csv.OPTIONS}")
        pairs = [
            f"({literal(str(copy))}, {literal(str(path))})" for copy, path in zip(copies, files.paths, strict=True)
        ]
        renamed = f"(VALUES {', '.join(pairs)}) AS of (copy, name)"
        connection.execute(f"UPDATE files SET {FILE} = name FROM {renamed} WHERE {FILE} = copy")  # noqa: S608 - quoted


def _copy(path: Path, folder: Path) -> Path:
    """Return a place for a copy whose folders say the same keys."""
    made = folder.joinpath(*(part for part in path.parent.parts if PARTITION.fullmatch(part)))
    made.mkdir(parents=True)
    return made / "data.csv"


def _jsonl(connection: Any, files: Files, _scratch: Path) -> None:  # noqa: ANN401 - untyped library
    names = f"{_names(files.paths)}, {_JSON}"
    for path in files.paths:
        jsonl.refuse_other_values(path)
    with jsonl.readable_objects(files.paths), readable(*files.paths):
        described = run(connection, f"DESCRIBE SELECT * FROM read_json({names}, {_DESCRIBED})")  # noqa: S608 - quoted
    for path in files.paths:
        refuse_keys(path.name, [name for name, *_ in described], files.partitions)
        refuse_repetition(path.name, [name for name, *_ in described])
    kinds = {name: "VARCHAR" if type_ in _AS_TEXT else type_ for name, type_, *_ in described}
    columns = ", ".join(f"{literal(name)}: {literal(type_)}" for name, type_ in kinds.items())
    mixed = [identifier(name) for name, type_ in kinds.items() if type_ == "JSON"]  # numbers here, text there
    replaced = ", ".join(f"{name} ->> '$' AS {name}" for name in mixed)
    _load(connection, files, f"read_json({names}, columns = {{{columns}}}", f" REPLACE ({replaced})" if mixed else "")


def _load(connection: Any, files: Files, reader: str, changes: str = "") -> None:  # noqa: ANN401 - untyped library
    """Parse text once, into a table that spills to disk."""
    with readable(*files.paths):
        run(connection, f"CREATE OR REPLACE TEMP TABLE files AS {_selected(files, reader, changes)}")


def _selected(files: Files, reader: str, changes: str = "") -> str:
    """Return a query over a reader's call that lacks its end: with the file's name, and its folders' keys."""
    others = _other_partitions(files)
    without = f" EXCLUDE ({', '.join(map(identifier, others))})" if others else ""
    hive = str(bool(files.partitions)).lower()
    return f"SELECT *{without}{changes} FROM {reader}, hive_partitioning = {hive}, filename = {literal(FILE)})"  # noqa: S608 - quoted


def _arrow(connection: Any, files: Files, _scratch: Path) -> None:  # noqa: ANN401 - untyped library
    import pyarrow as pa
    from pyarrow import dataset

    parts, first = [], None
    for at, path in enumerate(files.paths):
        try:
            source = dataset.dataset([str(path)], format="ipc")
        except (pa.ArrowInvalid, OSError) as problem:
            raise NothingToJudge(f"{path.name} cannot be read: {problem}. Make the file again.") from problem
        refuse_repetition(path.name, source.schema.names)
        connection.register(f"arrow_{at}", source)
        types = {name: type_ for name, type_, *_ in connection.execute(f"DESCRIBE arrow_{at}").fetchall()}
        first = first or types
        refuse_difference(files.paths[0].name, path.name, first, types)
        parts.append(f"SELECT *, {literal(str(path))} AS {FILE} FROM arrow_{at}")  # noqa: S608 - quoted
    connection.execute(f"CREATE TEMP VIEW files AS {' UNION ALL BY NAME '.join(parts)}")


def _refuse_differences(connection: Any, files: Files) -> None:  # noqa: ANN401 - untyped library
    """Refuse a name that stands twice, and files that differ: worth saying, not filling up or converting."""
    first: dict[str, str] = {}
    for path in files.paths:
        with readable(path):
            reader = f"read_parquet({_names([path])}, hive_partitioning = false)"
            described = connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()  # noqa: S608 - quoted
            raw = connection.execute(f"SELECT name FROM parquet_schema({_names([path])})").fetchall()  # noqa: S608 - quoted
        types = {name: type_ for name, type_, *_ in described}
        if strange := sorted(set(types) - {name for (name,) in raw}):
            refuse_repetition(path.name, [strange[0].rsplit("_", 1)[0]] * 2)
        refuse_keys(path.name, list(types), files.partitions)
        first = first or types
        refuse_difference(files.paths[0].name, path.name, first, types)


def _other_partitions(files: Files) -> list[str]:
    """Return keys of folders above the data: DuckDB takes every `key=value` on the way for a column."""
    keys = {key for path in files.paths for key in PARTITION.findall(str(path.parent))}
    return sorted(keys - set(files.partitions)) if files.partitions else []


def _names(paths: Sequence[Path]) -> str:
    return f"[{', '.join(literal(no_glob(path)) for path in paths)}]"


def no_glob(path: Path) -> str:
    """Return a path in which DuckDB sees no pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))
