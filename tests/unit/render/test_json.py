import json

import pytest

from builders import finding, report
from mlops_ci.render import json as render_json
from mlops_ci.report import Measurement


def test_it_is_one_json_document_that_ends_with_a_newline() -> None:
    text = render_json.render(report(finding()))
    assert json.loads(text)["verdict"] == "fail"
    assert text.endswith("}\n")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_it_refuses_what_json_does_not_know(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        render_json.render(report(measurements=(Measurement("m", "accuracy", value),)))
