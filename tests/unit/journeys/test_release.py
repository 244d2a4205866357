"""What a rehearsal sends, and what it says when nothing that it sent was taken."""

from pathlib import Path

import pandas as pd
import pytest

from builders import write_settings
from mlops_ci.journeys import release
from mlops_ci.journeys.load import Load
from mlops_ci.render.terminal import Terminal
from mlops_ci.settings.canary import CanarySettings
from mlops_ci.step import Context

ROW = {"id": "a", "day": 7, "board": "b", "x": 1.5, "lateness": 2}
SETTINGS = """
    model: rain
    {data}
    gate:
      golden: golden.parquet
      {named}
      label: lateness
      rules: [rmse: {{no_worse_than: 0.1}}]
"""


@pytest.mark.parametrize(
    ("data", "named", "sent"),
    [
        ("", "id: id", ["day", "board", "x"]),
        ("data: {contract: c.json, training_only: [id, day, board, lateness]}", "id: id", ["x"]),
        ("data: {contract: c.json, training_only: [id, board]}", "{query: board, item: id}", ["day", "x"]),
    ],
)
def test_a_rehearsal_sends_what_a_request_holds(tmp_path: Path, data: str, named: str, sent: list[str]) -> None:
    named = named.strip("{}").replace(", ", "\n      ")
    path = write_settings(tmp_path, SETTINGS.format(data=data, named=named))
    pd.DataFrame([ROW]).to_parquet(tmp_path / "golden.parquet")
    context = Context(tmp_path, "rain", Terminal(is_log=True), settings_path=path)
    assert release.requests(context) == [{name: ROW[name] for name in sent}]


@pytest.mark.parametrize(
    ("answers", "refused", "code", "effect"),
    [
        ({200: 3_900, 422: 100}, {}, "MCI-CANARY-011", "informs"),
        ({}, {422: 4_000}, "MCI-CANARY-012", "undecided"),
        ({}, {}, "MCI-CANARY-011", "informs"),  # it ended before anybody asked
    ],
)
def test_a_rehearsal_whose_requests_were_all_refused_shows_nothing(
    answers: dict[int, int], refused: dict[int, int], code: str, effect: str
) -> None:
    load = Load("http://localhost/", [ROW], rate=1)
    load.answers.update(answers)
    load.refused.update(refused)
    found = release._rehearsed(CanarySettings(environment="rehearsal", serve=["service"]), load, 4_000)
    assert (found.code, found.effect) == (code, effect)
    assert "4,000 × 422" in found.message or not refused
