import pytest

from tests.report.reading import sentences_of, tables_of
from tests.report.recomputation import recompute

# Where all differences are equal scipy warns, of what the test is not about.
pytestmark = pytest.mark.filterwarnings("ignore:Precision loss occurred:RuntimeWarning")


@pytest.fixture(params=["complete", "official", "a variation diverged", "some troubles"])
def recomputed(request, reports):
    """Recompute a study from its files."""
    report = reports(request.param)
    return report, *recompute(report.table.parent)


def test_the_sentences_are_those_of_the_files(recomputed):
    """Whoever reads results.csv with scipy writes the same sentences, letter by letter."""
    report, answer, _ = recomputed

    assert sentences_of(report.sections, "answer") == answer


def test_the_verdicts_are_those_of_the_files(recomputed):
    """Whoever reads results.csv with scipy comes to the same verdict about every variation."""
    report, _, verdicts = recomputed
    shown = {row[0].text: row[6].text.rstrip("\N{DAGGER}") for row in tables_of(report.sections)["verdicts"].rows[1:]}

    assert shown == verdicts
    assert len(shown) >= 2


def test_all_four_verdicts_are_recomputed(reports):
    """The made-up study has one variation of each verdict, so that every rule is looked at."""
    _, verdicts = recompute(reports("complete").table.parent)

    assert verdicts == {"deeper": "better", "shallow": "worse", "tanh": "equivalent", "noisy": "undecided"}
