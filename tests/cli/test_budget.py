import threading

import pytest
import typer

from ceteris.cli.budget import Budget, read_budget
from ceteris.statistics.sequential import LookPlan
from ceteris.study.seeds import PlannedSeeds

SEEDS = PlannedSeeds(LookPlan(first=8, step=8, most=30))


class Clock:
    """Stands still until it is told otherwise."""

    now = 100.0

    def __call__(self):
        """Give the time."""
        return self.now


@pytest.fixture
def clock():
    """Give a clock."""
    return Clock()


@pytest.fixture
def budget(clock):
    """Give a budget of half an hour that has just begun."""
    return Budget(seconds=1800.0, clock=clock, began=100.0, stop=threading.Event())


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("90s", 90), ("1h1m1s", 3661), (None, None)]
)
def test_times(text, seconds):
    """Hours, minutes and seconds, in this order."""
    assert read_budget(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "0m", "half an hour", "30m2h", "-5m", "1.5h"])
def test_what_is_no_time(text):
    """It is refused, with an example."""
    with pytest.raises(typer.BadParameter) as error:
        read_budget(text)
    assert str(error.value) == f"'{text}' is not a time above 0; write for example 30m, 2h or 1h30m."


def test_time_passes(budget, clock):
    """What is left decides whether a look is begun, and a sentence says so."""
    clock.now += 1500

    assert budget.left == 300
    assert (budget.allows(300), budget.allows(301)) == (True, False)
    assert budget.refusal(600.0) == (
        "The next look takes about 10 min, and of the budget of 30 min 5 min is left: it is not begun. The same "
        "command goes on from here."
    )
    clock.now += 500
    assert budget.left == 0
    assert "nothing is left" in budget.refusal(600.0)


@pytest.mark.parametrize(("first_look", "seeds"), [(1500.0, 8), (900.0, 16), (599.0, 24), (480.0, 30), (1.0, 30)])
def test_how_many_seeds_there_is_time_for(budget, first_look, seeds):
    """As many as every arm could have, by the time that the first look takes."""
    assert budget.outlook(SEEDS, first_look) == (
        f"A budget of 30 min is enough for about {seeds} seeds of every arm; where verdicts fall early, for more of "
        "the others."
    )


def test_too_little_time_for_a_first_look(budget):
    """It is said beforehand; of a fixed number of seeds nothing is."""
    assert budget.outlook(SEEDS, 3000.0) == (
        "The first look takes about 50 min, more than the budget of 30 min: what is in training then is saved, and the "
        "same command goes on."
    )
    assert budget.outlook((0, 1, 2), 3000.0) is None
