"""Two results folders side by side: what differs, and whether it matters.

side.py         one folder, with what its runs scored and what its variations came to
arms.py         which arms of the two are set against each other, and what a seed gives both
conditions.py   what differs in specifications, images, engines, machines and versions, and what does not
run_pairs.py    runs with the same seed: same bits, answers alike
comparison.py   all of it: `compare_results`
findings.py     what it comes to, in sentences
tables.py       the same in tables
text.py         as Markdown
rows.py         as CSV, one row a pair of runs
"""
