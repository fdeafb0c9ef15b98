"""Figures: numbers and names in, a `Drawing` out; nothing here reads a file or decides what is true.

A figure that one section alone shows stands in the file of that section. Accuracies are fractions in [0, 1], drawn in
per cent; differences are drawn in percentage points. What is missing (one seed, failed or diverged runs) is drawn as
missing.

    confusion.py        confusion matrix of an arm; what each variation changes for each class
    first_layer.py      output and kernels of the first convolution of each arm, for the page and as PNG files
    forest.py           all differences with their intervals
    layer_figure.py     one layer of one run or of each arm: the image, its output, its kernels
    learning_curves.py  means over seeds of accuracy by epoch and by second
    seeds.py            every run as a point

    drawing.py          Drawing (title, alternative text, SVG or PNG), and how a Matplotlib figure becomes one
    image_grid.py       rows of small images on one scale of grey
    style.py            colours; COLOURS_CSS belongs into a page's style sheet, so that figures know dark mode
"""

import logging

# Without a home directory that it may write, matplotlib says so in two long lines; it works all the same.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
