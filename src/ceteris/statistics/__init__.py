"""What it means: numbers in, numbers and enums out, with numpy and scipy alone. No sentence is made here.

    Scores --compare--> Comparison per variation

    scores.py         what each run scored; whether it did better than chance; which runs of two arms share a seed
    summary.py        one arm by itself: mean accuracy, what became of its runs, convergence
    comparison.py     every variation against the baseline
    factorial.py      crossed factors: main effects and two-factor interactions
    family.py         pairs of arms without a baseline in common
    side_by_side.py   one outcome as two studies measured it, run against run or mean against mean
    verdict.py        better, worse, equivalent, or undecided with what it would take
    contrast.py       criteria, and all that is computed from pairs: interval, tests, probability of superiority
    metrics.py        what class probabilities are worth: accuracy, balanced accuracy, F1, likelihood, calibration
    convergence.py    how soon the validation accuracy rises; times until something that may not have happened

    interval.py       numbers measured once per seed; an estimate with its confidence interval, or without
    paired.py         differences by seed: Student's t, exact sign flips, correlation, probability of superiority
    unpaired.py       differences of means: Welch's t
    equivalence.py    Holm's adjustment; two one-sided tests within a margin
    power.py          what these seeds can show, and how many more it would take
    images.py         over test images too: bootstrap, McNemar's test
    robust.py         checks beside the verdicts: ranks, trimmed means, bands around whole curves
    distributions.py  the distributions that the methods rest on, through scipy

Units everywhere: accuracies and their differences are fractions, 0.01 is one percentage point. What is empty, not
finite, or of another shape or range is refused with a `StatisticsError` that says what to give instead.
"""
