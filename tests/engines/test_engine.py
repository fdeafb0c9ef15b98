from dataclasses import dataclass

import pytest

from ceteris.engines.engine import PredictingEngine, PreparingEngine
from ceteris.testing.miniature import FakeEngine


@pytest.mark.parametrize("ability", [PreparingEngine, PredictingEngine])
def test_an_engine_that_declares_an_ability_has_all_of_it(ability):
    """One that lacks a method is refused when it is made, and never taken for an engine without the ability."""

    @dataclass(frozen=True, kw_only=True)
    class Half(FakeEngine, ability):
        __hash__ = object.__hash__

    with pytest.raises(TypeError, match="abstract"):
        Half()
