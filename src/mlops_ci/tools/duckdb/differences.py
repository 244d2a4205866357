"""Files that are to be one table and are not: said in one sentence, with both files' names."""

from collections.abc import Mapping, Sequence

from mlops_ci.errors import NothingToJudge

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
            "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip
_TIMES = ("DATE", "TIMESTAMP")
_TOGETHER = "so that they can be judged as one table"


def refuse_repetition(file: str, names: Sequence[str]) -> None:
    """Compare a file's column names with each other, as SQL does: it sees no difference between A and a.

    Raises:
        NothingToJudge: a name stands twice.
    """
    lowered = [name.lower() for name in names]
    twice = next((name for name in names if lowered.count(name.lower()) > 1), None)
    if twice is not None:
        said = f"{file} has the column {twice} twice, or in capitals and not"
        raise NothingToJudge(f"{said}. Rename one, so that each can be judged.")


def refuse_keys(file: str, names: Sequence[str], keys: Sequence[str]) -> None:
    """Compare a file's columns with the keys of its folders, which would hide them.

    Raises:
        NothingToJudge: a column is called like a key.
    """
    if both := sorted(set(names) & set(keys)):
        said = f"{file} has the column {both[0]}, and its folder says {both[0]}=…"
        raise NothingToJudge(f"{said}. Leave it out of one of them, so that it is known which one is judged.")


def refuse_difference(one: str, other: str, first: Mapping[str, str], second: Mapping[str, str]) -> None:
    """Compare the columns of two files, name → DuckDB's type.

    Raises:
        NothingToJudge: one lacks what the other has, or holds values of another kind in it.
    """
    if odd := sorted(set(first) ^ set(second)):
        said = f"{one} and {other} differ in their columns: only one of them has {', '.join(odd)}"
        raise NothingToJudge(f"{said}. Make the files again, {_TOGETHER}.")
    for name, type_ in first.items():
        if _family(type_) != _family(second[name]) and '"NULL"' not in (type_, second[name]):
            said = f"{name} is {type_} in {one} and {second[name]} in {other}"
            raise NothingToJudge(f"{said}. Make the files again, {_TOGETHER}.")


def _family(type_: str) -> str:
    if type_.startswith(_NUMBERS) and not type_.endswith("[]"):
        return "number"
    return "time" if type_.startswith(_TIMES) else type_
