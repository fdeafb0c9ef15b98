"""What it means: numbers in, numbers and enums out, with numpy and scipy alone. No sentence is made here.

    Scores --compare--> Comparison per variation

    scores.py         what each run scored, and whether it learned: finished, and better than chance
    summary.py        one arm by itself: accuracy of the runs that learned, rate of collapse, convergence
    comparison.py     every variation against the baseline
    factorial.py      crossed factors: main effects and two-factor interactions
    collapse.py       how often runs do not learn: exact intervals, Fisher's exact test
    difference.py     means of arms that share some seeds, all or none: the partially overlapping t
    side_by_side.py   one outcome as two studies measured it, run against run or mean against mean
    verdict.py        better, worse, equivalent, or undecided
    contrast.py       criteria, and all that two arms say of one outcome: intervals, tests, superiority, correlation
    metrics.py        what class probabilities are worth: accuracy, balanced accuracy, F1, likelihood, calibration
    convergence.py    how soon the validation accuracy rises; times until something that may not have happened

    interval.py       numbers measured once per seed; an estimate with its confidence interval, or without
    paired.py         differences by seed: exact sign flips, probability of superiority
    equivalence.py    Holm's adjustment; two one-sided tests within a margin
    power.py          what a design can show; how probable it is that more runs show a difference
    sequential.py     tests at several looks: spending, repeated intervals, e-values
    images.py         over test images too: two-way standard error, McNemar's test
    robust.py         checks beside the verdicts: ranks, trimmed means, bands around whole curves
    distributions.py  the distributions that the methods rest on, through scipy

Units everywhere: accuracies and their differences are fractions, 0.01 is one percentage point. What is empty, not
finite, or of another shape or range is refused with a `StatisticsError` that says what to give instead.
"""
