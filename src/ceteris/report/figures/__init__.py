"""Figures: numbers and names in, a `Drawing` out; nothing here reads a file or decides what is true.

A figure that one section alone shows stands in the file of that section. Accuracies are fractions in [0, 1], drawn in
per cent; differences are drawn in percentage points. What is missing (one seed, failed or diverged runs) is drawn as
missing.
"""

import logging

# Without a writable home directory matplotlib logs two long lines, and works all the same.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
