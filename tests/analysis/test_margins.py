import math

import pytest

from ceteris.analysis.margins import margin_number
from ceteris.errors import ResultsError
from ceteris.statistics.metric import Metric, Spacing, Unit

ACCURACY = Metric(name="acc", definition="")
LOSS = Metric(name="loss", definition="", unit=Unit.NUMBER, spacing=Spacing.RATIOS)
REWARD = Metric(name="reward", definition="", unit=Unit.NUMBER)
AUC = Metric(name="AUC", definition="", spacing=Spacing.ODDS)


@pytest.mark.parametrize(
    ("written", "metric", "percent", "number"),
    [
        ("0.5pp", ACCURACY, False, 0.005),
        ("0.5 pp", ACCURACY, True, 0.005),
        ("0.5%", ACCURACY, False, 0.005),
        (0.005, ACCURACY, False, 0.005),
        ("0.5", ACCURACY, True, 0.005),
        ("2%", LOSS, False, math.log(1.02)),
        ("12.5", REWARD, False, 12.5),
        ("1pp", AUC, False, math.log(0.95 / 0.05) - math.log(0.94 / 0.06)),
    ],
)
def test_a_margin_is_read_in_its_unit(written, metric, percent, number):
    """Percentage points of a share, per cent of a ratio, a number otherwise; of a table in per cent in its own unit."""
    assert margin_number(written, metric, percent=percent, baseline=0.95) == pytest.approx(number)


@pytest.mark.parametrize(
    ("written", "metric", "message"),
    [
        ("small", ACCURACY, "the margin is 'small', expected a number above 0, for example 0.5pp."),
        ("0", REWARD, "the margin is '0', expected a number above 0, for example 0.1."),
        (
            "0.5",
            ACCURACY,
            (
                "the margin is '0.5', which is 50 percentage points, as acc is a fraction. Write 0.5pp if you mean "
                "percentage points, and 50pp if not."
            ),
        ),
        (
            "0.02",
            LOSS,
            (
                "the margin is '0.02', and loss is compared by ratios, expected the smallest change that matters in "
                "per cent. Write, for example, 2%."
            ),
        ),
        (
            "2%",
            REWARD,
            (
                "the margin is '2%', and reward is compared by differences, expected a number in its own unit. Write, "
                "for example, 0.1."
            ),
        ),
    ],
)
def test_a_margin_that_may_mean_two_things_is_refused(written, metric, message):
    """The whole message."""
    with pytest.raises(ResultsError) as raised:
        margin_number(written, metric, percent=False, baseline=0.9)

    assert str(raised.value) == message
