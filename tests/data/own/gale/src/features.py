"""Turns rows into the numbers a model sees, the same way in training and in the service."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Rows = pd.DataFrame | Sequence[Mapping[str, Any]]
Column = NDArray[np.float64]

FEATURES = ("now", "all")  # what params.yaml may choose
NOW = ["wind_speed"]
ALL = ["wind_speed", "temp", "dewp", "humid", "precip", "pressure", "visib", "hour"]
STATIONS = ["EWR", "JFK", "LGA"]


def code(values: Sequence[Any], known: list[str]) -> Column:
    """Return each value's place in the list of known ones; NaN for any other."""
    places = {value: float(place) for place, value in enumerate(known)}
    return np.array([places.get(value, np.nan) for value in values])


def number(values: Sequence[Any]) -> Column:
    """Return the values as floats; what is missing stays NaN."""
    return np.array(values, dtype=np.float64)


def to_matrix(rows: Rows, features: str) -> NDArray[np.float64]:
    """Return one line of floats for each row."""
    if isinstance(rows, pd.DataFrame):
        columns = {str(name): rows[name].tolist() for name in rows.columns}
    else:
        # A request is a list of one: building a DataFrame would take longer than the prediction.
        columns = {name: [row[name] for row in rows] for name in rows[0]}
    names = ALL if features == "all" else NOW
    return np.column_stack(
        [code(columns["station"], STATIONS), *(number(columns[name]) for name in names)]
    )
