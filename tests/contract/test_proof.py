"""What stands in for something in the tests is named where users read how far the tests go."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_stand_in_for_an_action_is_named() -> None:
    folder = ROOT / "tests/stand-ins"
    found = {str(path.parent.relative_to(folder)) for path in folder.rglob("action.yml")}
    page = (ROOT / "docs/explanation/proof.md").read_text()
    assert len(found) > 5
    assert [name for name in sorted(found) if f"`{name}`" not in page] == []
