import pytest

from ceteris.errors import StatisticsError
from ceteris.statistics.criteria import USUAL, Criteria


def test_usual_criteria():
    """Half a percentage point, 90 % of the baseline, 5 %, 80 %, and so intervals of 95 %."""
    assert Criteria(margin=0.005, target_share=0.9, significance=0.05, power=0.8) == USUAL
    assert USUAL.level == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ({"margin": 0}, "margin is 0, expected a fraction in (0, 1]. Write 0.005 for half a percentage point."),
        ({"target_share": 90}, "target_share is 90, expected a share in (0, 1]. Write 0.9 for 90 %."),
        ({"significance": 0.95}, "significance is 0.95, expected a probability in (0, 0.5). Write 0.05 for 5 %."),
        ({"power": 1}, "power is 1, expected a probability in (0, 1). Write 0.8 for 80 %."),
    ],
)
def test_criteria_outside_their_range_are_refused(criteria, message):
    """Each number is named, with how to write it."""
    with pytest.raises(StatisticsError) as error:
        Criteria(**criteria)
    assert str(error.value) == message
