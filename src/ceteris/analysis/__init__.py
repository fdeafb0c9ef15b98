"""What a results folder says, computed once: `analyze` gives a `StudyAnalysis`, which reports and comparisons read.

chance.py          the chance level
answers.py         what the finished runs answered to the test images
scores.py          from records to the numbers that statistics are computed from
circumstances.py   machines, versions and times
study_analysis.py  arms, computed changes, verdicts: `analyze`
comparison.py      two results folders side by side: `compare_results`
run_pairs.py       runs of two folders with the same seed
costs.py           what a prediction takes
efficiency.py      how far each network gets with how many images
matches.py         a pretrained network against one that is not
"""
