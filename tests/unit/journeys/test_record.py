"""The report of another run is read as anybody's claim."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import finding, report
from mlops_ci.errors import NothingToJudge
from mlops_ci.journeys.record import MOST_BYTES, read

DIGEST = f"sha256:{'a' * 64}"
INPUTS = {"model": DIGEST, "champion": DIGEST, "rules": DIGEST, "commit": "c" * 40, "counted": DIGEST}
GOOD = json.loads(json.dumps(replace(report(finding()), inputs=INPUTS | {"counted_version": "2026-11"}).to_json()))


def keep(folder: Path, raw: object) -> Path:
    path = folder / "gate-model.json"
    path.write_text(raw if isinstance(raw, str) else json.dumps(raw))
    return path


def test_what_the_gate_wrote_is_read(tmp_path: Path) -> None:
    keep(tmp_path, GOOD)
    found = read(tmp_path)
    assert found
    assert (found.verdict, found.inputs["counted_version"]) == ("fail", "2026-11")


def test_no_report_is_no_error(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    assert read(tmp_path / "nowhere") is None


def test_a_gate_that_judged_nothing_left_nothing_to_refuse(tmp_path: Path) -> None:
    keep(tmp_path, replace(report(), judged=False, error="no golden set", error_code=3).to_json())
    assert read(tmp_path)


@pytest.mark.parametrize(
    "inputs",
    [
        {"counted": "sha256:../../deploy/production/flights"},
        {"counted": DIGEST + "\n"},
        {"counted": "../x"},
        {"counted": "sha256:" + "A" * 64},
        {"base_counted": "x"},
        {"counted_version": "1\nMlops-Ci-Verdict: pass"},
        {"counted_version": "v" * 101},
        {"counted_version": ""},
        {"model": "models/current"},
        {"champion": "none"},
        {"rules": "md5:0"},
        {"commit": "main"},
        {"commit": "--upload-pack=touch x"},
    ],
)
def test_a_word_of_another_shape_is_refused(tmp_path: Path, inputs: dict[str, str]) -> None:
    keep(tmp_path, GOOD | {"inputs": GOOD["inputs"] | inputs})
    with pytest.raises(NothingToJudge, match=f"its {next(iter(inputs))} is"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["model", "rules", "commit"])
def test_a_decision_without_all_that_makes_it_one_is_refused(tmp_path: Path, name: str) -> None:
    keep(tmp_path, GOOD | {"inputs": {key: value for key, value in GOOD["inputs"].items() if key != name}})
    with pytest.raises(NothingToJudge, match="does not name"):
        read(tmp_path)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"schema": ' + "9" * 5_000 + "}",
        GOOD | {"step": "scan"},
        GOOD | {"schema": "mlops-ci.report/v2"},
        GOOD | {"verdict": "pass"},
        GOOD | {"exit_code": 0},
        GOOD | {"findings": []},
        GOOD | {"findings": [7]},
        GOOD | {"inputs": []},
        GOOD | {"inputs": {"model": ["x"]}},
        GOOD | {"error_code": 77},
        GOOD | {"judged": "perhaps"},
        {name: value for name, value in GOOD.items() if name != "verdict"},
    ],
)
def test_what_is_no_report_or_contradicts_itself_is_refused(tmp_path: Path, raw: Any) -> None:  # noqa: ANN401 - anything
    keep(tmp_path, raw)
    with pytest.raises(NothingToJudge, match="was not written by the gate"):
        read(tmp_path)


def test_bytes_too_many_bytes_a_folder_and_a_link_are_refused(tmp_path: Path) -> None:
    path = keep(tmp_path, GOOD)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NothingToJudge, match="not in the form"):
        read(tmp_path)
    path.write_text(json.dumps(GOOD) + " " * 2 * MOST_BYTES)
    with pytest.raises(NothingToJudge, match="larger than 1,048,576 bytes"):
        read(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(NothingToJudge, match="no file"):
        read(tmp_path)
    path.rmdir()
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(NothingToJudge, match="no file"):
        read(tmp_path)
