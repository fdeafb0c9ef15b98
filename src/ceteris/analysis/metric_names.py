"""What the name of a metric says of it, in a table from elsewhere: which end is better, and how arms are compared."""

from collections.abc import Sequence

from ceteris.errors import ResultsError
from ceteris.results.imports.imported_runs import ImportedRuns
from ceteris.results.imports.names import is_share, tokens
from ceteris.statistics.metric import Metric, Spacing, Unit
from ceteris.statistics.scores import Ending

_TIMES = frozenset(("time", "times", "seconds", "secs", "ms", "minutes", "hours", "runtime", "duration", "latency"))
_POSITIVE = _TIMES.union(
    ("loss", "losses", "perplexity", "ppl", "nll", "logloss", "bpb", "bpc", "rmse", "mse", "mae", "fid")
)
"""Lower is better, and a step from 4 to 2 is as large as one from 2 to 1."""
_LOWER = _POSITIVE | {"error", "errors", "err", "wer", "cer", "brier", "ece", "regret", "cost", "memory"}
_HIGHER = frozenset(
    ("score", "bleu", "rouge", "reward", "return", "r2", "mcc", "kappa", "psnr", "ssim", "elo", "throughput")
)
_COUNTS = frozenset(("count", "counts"))
_NEAR_ONE = frozenset(("auc", "auroc", "auprc", "f1"))
_NEAR = 0.9
"""A mean from here on is near 1, where differences shrink because there is no room."""


def metric_of(outcomes: ImportedRuns, *, lower_is_better: bool | None) -> tuple[Metric, tuple[str, ...]]:
    """Say what the values of a table are, and in sentences what that was taken from.

    Args:
        outcomes: The runs.
        lower_is_better: What the user says; None where the name is to decide.

    Raises:
        ResultsError: If the name does not say which end is better, and nobody else does.
    """
    words = frozenset(tokens(outcomes.metric))
    values = [one.value for one in outcomes.outcomes if one.status is Ending.FINISHED]
    lower, why = lower_is_better, "as was said"
    if lower is None:
        why = "by its name"
        if words & _LOWER:
            lower = True
        elif words & _HIGHER or is_share(tuple(words)):
            lower = False
        else:
            raise ResultsError(
                f"{outcomes.source}: the name '{outcomes.metric}' does not say whether higher or lower is better. Say "
                "so with --higher-is-better or --lower-is-better."
            )
    spacing = _spacing(words, values)
    is_fraction = is_share(tuple(words)) and all(0 <= value <= 1 for value in values)
    metric = Metric(
        name=outcomes.metric,
        definition=f"the column of {outcomes.source}",
        unit=Unit.SHARE if outcomes.percent or is_fraction else Unit.NUMBER,
        higher_is_better=not lower,
        spacing=spacing,
    )
    taken = [f"'{metric.name}': {'lower' if lower else 'higher'} is better, {why}."]
    if spacing is not Spacing.DIFFERENCES:
        taken.append(_SENTENCES[spacing].format(name=metric.name))
    elif words & _POSITIVE:
        taken.append(f"'{metric.name}' has values that are not above 0, so that it is compared by differences.")
    return metric, tuple(taken)


_SENTENCES = {
    Spacing.RATIOS: "'{name}' is compared by ratios: means are geometric, and differences are changes in per cent.",
    Spacing.COUNTS: "'{name}' is compared by ratios, with one half added to every count: differences are changes in "
    "per cent.",
    Spacing.ODDS: "'{name}' is near 1, and compared by its odds: differences are what these come to at the baseline's "
    "mean.",
}


def _spacing(words: frozenset[str], values: Sequence[float]) -> Spacing:
    if words & _POSITIVE and values and min(values) > 0:
        return Spacing.RATIOS
    if words & _COUNTS and values and min(values) >= 0 and all(float(value).is_integer() for value in values):
        return Spacing.COUNTS
    if words & _NEAR_ONE and values and min(values) > 0 and max(values) < 1 and sum(values) >= _NEAR * len(values):
        return Spacing.ODDS
    return Spacing.DIFFERENCES
