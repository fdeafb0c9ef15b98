import math

import pytest

from ceteris.results.imports.imported_runs import ImportedRun, ImportedRuns
from ceteris.statistics.scores import Ending


def test_arms_come_in_the_order_of_the_source():
    """Each is named once."""
    runs = tuple(ImportedRun(variation=name, seed=seed, value=0.5) for seed in "12" for name in ("wide", "baseline"))

    assert ImportedRuns(source="x", metric="value", outcomes=runs, taken=()).variations == ("wide", "baseline")


def test_a_finished_run_has_a_value():
    """Not a number is the value of a run that diverged or failed."""
    assert ImportedRun(variation="a", seed="1", value=math.nan, status=Ending.DIVERGED).settings == {}
    with pytest.raises(AssertionError, match=r"^line 3$"):
        ImportedRun(variation="a", seed="1", value=math.nan, place="line 3")
