"""What means the same to people must mean the same to the model."""

import numpy as np
import pandas as pd
from conftest import Foretell

from {{cookiecutter.package}}.data import INPUTS


def test_a_row_is_judged_alone_as_it_is_among_others(
    foretell: Foretell, golden: pd.DataFrame
) -> None:
    few = golden.head(50)
    alone = [foretell(few.iloc[[place]])[0] for place in range(len(few))]
    np.testing.assert_allclose(alone, foretell(few), rtol=1e-9)


def test_the_order_of_columns_has_no_meaning(foretell: Foretell, golden: pd.DataFrame) -> None:
    np.testing.assert_array_equal(foretell(golden[golden.columns[::-1]]), foretell(golden))


def test_a_whole_number_is_the_same_number(foretell: Foretell, golden: pd.DataFrame) -> None:
    numbers = golden[INPUTS].select_dtypes("float64").round()
    whole = golden.assign(**numbers.astype("int64"))
    np.testing.assert_array_equal(foretell(whole), foretell(golden.assign(**numbers)))


def test_an_unknown_text_is_no_reason_to_fail(foretell: Foretell, golden: pd.DataFrame) -> None:
    few = golden.head(50)
    texts: list[str] = list(few[INPUTS].select_dtypes("str"))
    assert np.isfinite(foretell(few.assign(**dict.fromkeys(texts, "unheard of")))).all()
