"""Makes the data set: one row for each plane of a register, with how many seats it has."""

import argparse
from pathlib import Path
from zlib import crc32

import pandas as pd

DATA = Path("data/rows")
GOLDEN = Path("data/golden.parquet")
SOURCE = Path("data/planes.jsonl")
PARTS = 10

INPUTS = ["year", "type", "manufacturer", "engines", "engine"]
COLUMNS = ["id", *INPUTS, "seats"]


def cases() -> pd.DataFrame:
    """Return every plane, in the order of its id."""
    table = pd.read_json(SOURCE, lines=True)
    table["id"] = table["tailnum"]
    table["year"] = table["year"].astype("float64")
    table["seats"] = table["seats"].astype("float64")
    return table[COLUMNS].sort_values("id", ignore_index=True)


def part(rows: pd.DataFrame) -> pd.Series:
    """Return to which tenth of all planes each row belongs: it keeps it whatever rows are added."""
    return rows["id"].map(lambda name: crc32(name.encode()) % PARTS)


def chosen(table: pd.DataFrame, parts: list[int]) -> pd.DataFrame:
    """Return the rows of these tenths."""
    return table[part(table).isin(parts)]


def held_out(rows: pd.DataFrame) -> pd.Series:
    """Return which of these rows validate: those of the last tenth."""
    parts = part(rows)
    last: pd.Series = parts == parts.max()
    return last


def golden(table: pd.DataFrame) -> pd.DataFrame:
    """Return complete rows of three tenths."""
    return table[part(table) >= PARTS - 3].dropna()


def save(table: pd.DataFrame, path: Path) -> None:
    """Write a table so that the same rows always give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, engine="pyarrow", compression="zstd", index=False)


def main() -> None:
    """Write the rows, or the golden set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--golden", action="store_true", help=f"write {GOLDEN} instead")
    arguments = parser.parse_args()
    table = cases()
    if arguments.golden:
        save(golden(table), GOLDEN)
        return
    save(table, DATA / "all.parquet")


if __name__ == "__main__":
    main()
