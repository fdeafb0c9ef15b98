import pytest

from ceteris.formatting.console import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s"),
        (59.4, "59 s"),
        (59.7, "60 s"),
        (60, "1 min"),
        (3599, "60 min"),
        (3600, "1.0 h"),
        (172_799, "48.0 h"),
        (172_800, "2.0 days"),
    ],
)
def test_durations_are_as_precise_as_they_deserve(seconds, words):
    """Seconds, minutes, hours, days: two figures are enough for an estimate."""
    assert duration(seconds) == words
