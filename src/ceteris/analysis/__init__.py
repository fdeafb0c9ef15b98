"""What a results folder says, computed once: `analyze` gives a `StudyAnalysis`, which reports and comparisons read.

scores.py          from records to numbers: chance level, predictions, epochs, scores
environment.py     machines, versions and times
analysis.py        what is known of any table of results: `Analysis`
study_analysis.py  arms, computed changes, verdicts: `analyze`
expectations.py    what was expected of a variation, and whether the results show it
efficiency.py      how far each network gets with how many images
judge.py           a table of results from elsewhere: `judge`
metric_names.py    what the name of its metric says
margins.py         the smallest difference that matters, as it is written
settings.py        what its arms change, and what changes together
pretrained.py      what a prediction takes; a pretrained network against one that is not
comparison.py      two results folders side by side: `compare_results`
run_pairs.py       runs of two folders with the same seed
"""
