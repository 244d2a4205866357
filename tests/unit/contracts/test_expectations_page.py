import re
from pathlib import Path

from mlops_ci.contracts.known import KNOWN
from mlops_ci.contracts.plan import COMPILED

PAGE = Path(__file__).parents[3] / "docs/reference/expectations.md"


def test_the_page_says_of_every_expectation_who_judges_it() -> None:
    said = dict(re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert said == {one: "DuckDB" if one in COMPILED else "Great Expectations" for one in sorted(KNOWN)}
