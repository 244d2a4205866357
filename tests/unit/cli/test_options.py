from pathlib import Path

import pytest

from mlops_ci.cli.options import given
from mlops_ci.settings.gate import GateSettings


@pytest.mark.parametrize("name", ["golden", "must_pass", "challenger"])
def test_a_path_given_as_a_flag_is_relative_to_the_current_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert given(GateSettings, {name: "here.file", "label": "late"}) == {
        name: str(tmp_path / "here.file"),
        "label": "late",
    }
