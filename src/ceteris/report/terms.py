"""The words of a report, explained to somebody who reads one for the first time."""

from ceteris.report.blocks import Term

TERMS = (
    Term(
        word="baseline, variation, factor, arm, run",
        meaning="The baseline is the network that everything is compared with. A variation is the baseline with a "
        "declared change and nothing else changed. Variations about the same thing, such as depth, form a "
        "factor. The baseline and each variation are an arm; a run is an arm trained with one seed.",
    ),
    Term(
        word="seed",
        meaning="A number from which all chance in a run follows: the weights it starts with, the order of the "
        "images, what dropout leaves out. The same network with another seed scores a little differently, "
        "so each is trained with many.",
    ),
    Term(
        word="pp, percentage point",
        meaning="The unit of a difference between two accuracies: from 40 % to 45 % is 5 pp.",
    ),
    Term(
        word="training, validation, test images",
        meaning="A network learns from the training images, is watched on the validation images, and is scored "
        "once, at the end, on the test images.",
    ),
    Term(
        word="epoch",
        meaning="One pass over all training images.",
    ),
    Term(
        word="95 % confidence interval",
        meaning="A range of plausible values: of many studies like this one, 95 % would give an interval "
        "that contains the true value, the mean over all possible seeds on these test images. Simultaneous intervals "
        "are wider, so that in 95 % of studies all of them do. "
        "One seed has no interval, because one number shows no spread.",
    ),
    Term(
        word="p-value, Holm",
        meaning="How often chance alone would give a difference this large or larger if the variation changed "
        "nothing. With many variations a small one turns up by luck; Holm's method raises the p-values to "
        "allow for that.",
    ),
    Term(
        word="equivalent",
        meaning="Shown to differ by less than the margin that the study declares, best before it has any result. It "
        "is more than finding no difference, which may only mean that there were too few seeds.",
    ),
    Term(
        word="undecided",
        meaning="These runs show neither a difference nor equivalence. More seeds may.",
    ),
    Term(
        word="not compared",
        meaning="An arm has no run that learned: its runs are missing, were left out or skipped, or all collapsed.",
    ),
    Term(
        word="collapse",
        meaning="A run that came to its end without learning: it finished no better than chance, or it diverged.",
    ),
    Term(
        word="chance level",
        meaning="The accuracy of always predicting the largest class of the test images, which takes no learning: 10 % "
        "for ten classes of the same size.",
    ),
    Term(
        word="diverged",
        meaning="A run whose loss stopped being a finite number, often because the learning rate is too large.",
    ),
)

_OF_TABLES = ("pp, percentage point", "p-value, Holm", "equivalent", "undecided", "not compared", "diverged")

TABLE_TERMS = (
    Term(
        word="baseline, variation, arm, run",
        meaning="The baseline is what everything is compared with, a variation what is compared. Each of them is an "
        "arm; a run is one result of an arm, with a seed of its own.",
    ),
    Term(
        word="95 % confidence interval",
        meaning="A range of plausible values: of many experiments like this one, 95 % would give an interval that "
        "contains the true value, the mean over all possible runs. Simultaneous intervals are wider, so that in 95 % "
        "of experiments all of them do. One run has no interval, because one number shows no spread.",
    ),
    *(term for term in TERMS if term.word in _OF_TABLES),
    Term(
        word="collapse",
        meaning="A run that came to its end without learning: it diverged, or it is no better than chance where the "
        "chance level is known.",
    ),
)
"""Those of a table of results from elsewhere, of which is not known that it is about images."""
