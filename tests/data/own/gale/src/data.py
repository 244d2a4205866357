"""Makes the data set: one row for each hour of a station, and how hard it blows in the next."""

import argparse
from pathlib import Path

import pandas as pd

DATA = Path("data/rows")
GOLDEN = Path("data/golden.parquet")
SOURCE = Path("data/weather.csv.gz")

GOLDEN_DAY = 250  # from here on
EARLIER = 0.8  # of the days that train
BREEZY, WINDY = 12.0, 20.0  # miles an hour

INPUTS = ["station", "hour", "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
COLUMNS = ["id", "board", "day", *INPUTS, "strength"]


def cases() -> pd.DataFrame:
    """Return every hour that the next hour's report follows, in the order of its id."""
    table = pd.read_csv(SOURCE)
    table["time"] = pd.to_datetime(table["time_hour"])
    after = table[["station", "time", "wind_speed"]].dropna()
    after = after.assign(time=after["time"] - pd.Timedelta(hours=1), after=after["wind_speed"])
    table = table.merge(after[["station", "time", "after"]], on=["station", "time"])
    table["id"] = table["station"] + "-" + table["time_hour"]
    table["day"] = table["time"].dt.day_of_year.astype("int64")
    table["board"] = table["time"].dt.strftime("%Y-%m-%d")  # whose hours are ranked together
    windy, breezy = table["after"] >= WINDY, table["after"] >= BREEZY
    table["strength"] = windy.astype("int64") + breezy.astype("int64")
    return table[COLUMNS].sort_values("id", ignore_index=True)


def chosen(table: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return the rows of the first days of the year."""
    return table[table["day"] <= days]


def held_out(rows: pd.DataFrame) -> pd.Series:
    """Return which of these rows validate: those of the last fifth of the days."""
    late: pd.Series = rows["day"] > rows["day"].max() * EARLIER
    return late


def golden(table: pd.DataFrame) -> pd.DataFrame:
    """Return the complete rows of the last months' days."""
    return table[table["day"] > GOLDEN_DAY].dropna().reset_index(drop=True)


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
