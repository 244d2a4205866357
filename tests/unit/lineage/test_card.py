import json

from builders import finding, report
from mlops_ci.lineage import card
from mlops_ci.report import Measurement, from_json
from unit.render.hostile import tokens

PAGE = "# Card\n\nIt is for people.\n\n<!-- mlops-ci: this version -->\n*Later.*\n<!-- mlops-ci: end -->\n\n## Weak\n"
RULE = Measurement("roc_auc improve_by 3%", "roc_auc", 0.04, 0.031, 0.049, threshold=0.03, n=4000, verdict="pass",
                   champion=0.7, challenger=0.74)  # fmt: skip
GATE = report(finding(effect="informs", title="carrier=VX | `x` is small"), measurements=(RULE,))
KNOWN = card.Known("flight-delay", {"version": "7", "commit": "c" * 40, "image": ""}, GATE)


def test_the_blank_of_the_page_is_filled_and_the_rest_is_kept() -> None:
    said = card.fill(PAGE, KNOWN).decode()
    assert "*Later.*" not in said
    assert (said.startswith("# Card\n\nIt is for people."), said.endswith("## Weak\n")) == (True, True)
    assert f"| version | 7 |\n| commit | {'c' * 40} |\n\nIts gate's verdict: **pass**, on up to 4,000" in said
    assert "| roc\\_auc improve\\_by 3% | 0.7 | 0.74 | 0.04 | 0.031 … 0.049 | 0.03 | pass |" in said
    assert "image" not in said, "what is not known is not said"


def test_what_others_named_breaks_out_of_nothing() -> None:
    kinds = [token.type for token in tokens(card.fill(PAGE, KNOWN).decode())]
    assert "code_inline" not in kinds
    assert kinds.count("heading_open") == 2
    assert "carrier=VX \\| \\`x\\` is small" in card.fill(PAGE, KNOWN).decode()


def test_a_page_without_a_blank_gets_a_section_and_no_page_a_bare_card() -> None:
    assert card.fill("# Card\n", KNOWN).decode().startswith("# Card\n\n## This version\n\n| | |")
    assert card.fill(None, KNOWN).decode().startswith("# Model card: flight-delay\n\n## This version\n\n")


def test_a_backslash_in_what_is_known_is_no_reference_to_a_group() -> None:
    assert "| a\\\\1b |" in card.fill(PAGE, card.Known("m", {"version": "a\\1b"})).decode()


def test_a_bar_in_what_a_registry_says_ends_no_cell() -> None:
    assert "| data | a \\| \\`b\\` |\n" in card.fill(PAGE, card.Known("m", {"data": "a | `b`"})).decode()


def test_an_override_is_not_to_be_overlooked() -> None:
    said = card.fill(PAGE, card.Known("m", {}, None, "Ada <a@example.com>: the gate's server is down")).decode()
    assert "**Released without evidence that it passed its gate**: Ada &lt;a@" in said
    assert "Its gate's verdict" not in said


def test_a_statement_says_what_the_report_said() -> None:
    said = json.loads(json.dumps(GATE.to_json()))
    assert card.judged(said) == from_json(said)
    assert card.judged({}) is None
    assert card.judged({"step": 1}) is None, "a card stops no release"
