import pytest

from ceteris.analysis.metric_names import metric_of
from ceteris.errors import ResultsError
from ceteris.results.imports.imported_runs import ImportedRun, ImportedRuns
from ceteris.statistics.metric import Spacing, Unit


def outcomes(metric, *values, percent=False):
    """Give runs of one arm."""
    runs = tuple(ImportedRun(variation="a", seed=str(seed), value=value) for seed, value in enumerate(values))
    return ImportedRuns(source="runs.csv", metric=metric, outcomes=runs, taken=(), percent=percent)


@pytest.mark.parametrize(
    ("name", "values", "higher", "unit", "spacing"),
    [
        ("val/acc", (0.9, 0.8), True, Unit.SHARE, Spacing.DIFFERENCES),
        ("Top-1 error", (8.1, 9.2), False, Unit.NUMBER, Spacing.DIFFERENCES),
        ("val_loss", (2.0, 3.0), False, Unit.NUMBER, Spacing.RATIOS),
        ("val_loss", (-2.0, 3.0), False, Unit.NUMBER, Spacing.DIFFERENCES),
        ("val_bpb", (0.98, 0.97), False, Unit.NUMBER, Spacing.RATIOS),
        ("roc_auc", (0.98, 0.97), True, Unit.SHARE, Spacing.ODDS),
        ("AUROC", (0.98, 0.97), True, Unit.SHARE, Spacing.ODDS),
        ("F1", (0.6, 0.7), True, Unit.SHARE, Spacing.DIFFERENCES),
        ("F1", (0.98, 1.0), True, Unit.SHARE, Spacing.DIFFERENCES),
        ("reward", (-12.0, 300.0), True, Unit.NUMBER, Spacing.DIFFERENCES),
    ],
)
def test_a_name_says_what_a_metric_is(name, values, higher, unit, spacing):
    """Which end is better, whether it is a share, and on which scale arms are compared."""
    metric, _ = metric_of(outcomes(name, *values), lower_is_better=None)

    assert (metric.higher_is_better, metric.unit, metric.spacing) == (higher, unit, spacing)


def test_what_the_user_says_comes_first():
    """A name may be wrong."""
    metric, taken = metric_of(outcomes("accuracy", 0.1, 0.2), lower_is_better=True)

    assert not metric.higher_is_better
    assert taken == ("'accuracy': lower is better, as was said.",)


def test_a_loss_below_zero_is_compared_by_differences():
    """And that is said."""
    _, taken = metric_of(outcomes("loss", -0.1, 0.2), lower_is_better=None)

    assert taken[1] == "'loss' has values that are not above 0, so that it is compared by differences."


def test_a_name_that_says_nothing_is_asked_about():
    """A wrong sign would turn every verdict around."""
    with pytest.raises(ResultsError) as raised:
        metric_of(outcomes("value", 1.0, 2.0), lower_is_better=None)

    assert str(raised.value) == (
        "runs.csv: the name 'value' does not say whether higher or lower is better. Say so with --higher-is-better or "
        "--lower-is-better."
    )
