"""The model of params.yaml must do what people know about planes, not just score well."""

import pandas as pd
from conftest import Foretell


def test_a_jet_has_more_seats_than_a_propeller(foretell: Foretell, golden: pd.DataFrame) -> None:
    propeller, jet = (
        foretell(golden.assign(engine=name)) for name in ("Reciprocating", "Turbo-fan")
    )
    assert (jet > propeller).all()
