"""What it means: numbers in, numbers out, with numpy and scipy alone.

    Scores --compare--> Comparison per variation

What a comparison is made of, from the question to the method:

    scores.py                what each run scored, failures and divergences included
    criteria.py              what counts as what: margin, significance, power, target
    summary.py               one arm by itself: mean accuracy, what became of its runs, convergence
    pairing.py               which runs of two arms share a seed
    comparison.py            every variation against the baseline
    contrast.py              one number per seed, variation against baseline: interval, tests, probability to beat it
    convergence.py           how soon the validation accuracy rises
    convergence_contrast.py  the same, variation against baseline
    side_by_side.py          one outcome as two studies measured it, run against run or mean against mean
    verdict.py               better, worse, practically equal, or undecided with what it would take

    interval.py              an estimate with its error bars, or without
    paired.py                differences by seed, Student's t, correlation over seeds
    unpaired.py              differences of means, Welch's t
    sign_flip.py             the exact test that needs no bell shape
    superiority.py           the probability that the variation beats the baseline
    holm.py                  many variations, one error rate
    equivalence.py           practical equality, by two one-sided tests
    power.py                 what these seeds can show, and how many more it would take
    bootstrap.py             over test images too
    chance.py                the chance level, and whether a run did better
    image_noise.py           what a finite test set does to one network, and to a pair of them
    censoring.py             times until something that may not have happened
    distributions.py         the distributions that the methods rest on, through scipy
    sample.py                numbers measured once per seed

Units everywhere: accuracies and their differences are fractions, 0.01 is one percentage point.
"""
