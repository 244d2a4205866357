"""Turns rows into the numbers a model sees, the same way in training and in the service."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Rows = pd.DataFrame | Sequence[Mapping[str, Any]]
Column = NDArray[np.float64]

FEATURES = ("schedule", "weather")  # what params.yaml may choose; the second adds to the first

ORIGINS = ["EWR", "JFK", "LGA"]
CARRIERS = "9E AA AS B6 DL EV F9 FL HA MQ OO UA US VX WN YV".split()  # noqa: SIM905
DESTINATIONS = """
ABQ ACK ALB ANC ATL AUS AVL BDL BGR BHM BNA BOS BQN BTV BUF BUR BWI BZN CAE CAK CHO CHS CLE CLT
CMH CRW CVG DAY DCA DEN DFW DSM DTW EGE EYW FLL GRR GSO GSP HDN HNL HOU IAD IAH ILM IND JAC JAX
LAS LAX LEX LGB MCI MCO MDW MEM MHT MIA MKE MSN MSP MSY MTJ MVY MYR OAK OKC OMA ORD ORF PBI PDX
PHL PHX PIT PSE PSP PVD PWM RDU RIC ROC RSW SAN SAT SAV SBN SDF SEA SFO SJC SJU SLC SMF SNA SRQ
STL STT SYR TPA TUL TVC TYS XNA
""".split()  # noqa: SIM905


def code(values: Sequence[Any], known: list[str]) -> Column:
    """Return each value's place in the list of known ones; NaN for any other."""
    places = {value: float(place) for place, value in enumerate(known)}
    return np.array([places.get(value, np.nan) for value in values])


def number(values: Sequence[Any]) -> Column:
    """Return the values as floats; what is missing stays NaN."""
    return np.array(values, dtype=np.float64)


def schedule(rows: Mapping[str, Sequence[Any]]) -> list[Column]:
    """Return what the timetable says."""
    return [
        code(rows["carrier"], CARRIERS),
        code(rows["origin"], ORIGINS),
        code(rows["dest"], DESTINATIONS),
        number(rows["day_of_week"]),
        number(rows["sched_dep_minute"]),
        number(rows["distance"]),
    ]


def weather(rows: Mapping[str, Sequence[Any]]) -> list[Column]:
    """Return what the weather station at the origin reports for the hour of departure."""
    return [
        number(rows["temp"]),
        number(rows["wind_speed"]),
        number(rows["precip"]),
        number(rows["visib"]),
        number(rows["humid"]),
        number(rows["pressure"]),
    ]


def to_matrix(rows: Rows, features: str) -> NDArray[np.float64]:
    """Return one line of floats for each row."""
    if isinstance(rows, pd.DataFrame):
        columns = {str(name): rows[name].tolist() for name in rows.columns}
    else:
        # A request is a list of one: building a DataFrame would take longer than the prediction.
        columns = {name: [row[name] for row in rows] for name in rows[0]}
    chosen = schedule(columns)
    if features == "weather":
        chosen += weather(columns)
    return np.column_stack(chosen)
