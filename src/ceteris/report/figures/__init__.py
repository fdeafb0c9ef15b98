"""Figures: numbers and names in, a `Picture` out; nothing here reads a file or decides what is true.

Each function takes `file_format: Format = Format.SVG` besides what is listed. Accuracies are fractions in [0, 1], drawn
in per cent; differences are drawn in percentage points. `Comparison`, `Scores` are from `ceteris.statistics`,
`EpochRecord` from `ceteris.results.epochs`. What is missing (one seed, failed or diverged runs) is drawn as missing.

    forest.py           forest_plot(comparisons: Sequence[Comparison], *, margin: float)
    learning_curves.py  learning_curves(factor: str, arms: Sequence[ArmEpochs], *, classes: int)
                            one factor: the baseline first; ArmEpochs(name=, epochs={seed: results.epochs(run)});
                            training and validation, on epochs and on seconds
    seeds.py            seed_differences(scores: Scores, *, margin: float)
                        seed_accuracies(scores: Scores)
    confusion.py        confusion(labels, answers, classes) -> shares (classes, classes); answers: (seeds, images)
                        class_accuracies(labels, answers, classes) -> (seeds, classes)
                        confusion_matrix(name: str, shares, class_names)
                        class_changes(variation: str, changes, class_names); changes: (pairs, classes)
                        class_change_table({variation: changes}, class_names)
    disagreements.py    most_disagreed(baseline, variation, count) -> indices of test images
                        disagreements(variation: str, baseline, variation_probabilities, *, images, labels,
                            class_names, count=12); probabilities: mean over seeds, shape (images, classes)
    data_efficiency.py  data_efficiency(curves: Sequence[AccuracyCurve])
                            AccuracyCurve(name=, points=((images, estimate), ...)); the baseline's first
    feature_maps.py     feature_map_section(views: Sequence[LayerView]), for `draw_sheet`
    three_clocks.py     three_clocks(arms: Sequence[Progress], *, classes: int)
                            the baseline first; Progress(epochs=ArmEpochs(...), images=, features=seconds or None)
    kernels.py          kernel_section(views: Sequence[LayerView], channel: int), for `draw_sheet`
                        kernel_sheet(view: LayerView)                             all channels, one arm
    layer_picture.py    layer_picture(layer: ArmLayer, ...) -> a PNG file without Matplotlib, one per arm

    mean_curve.py       ArmEpochs, and what pictures of learning share
    picture.py          Picture(title, alt, svg, png) and Format
    style.py            colours; COLOURS_CSS belongs into the page's style sheet, so that pictures know dark mode
    svg.py              standalone(picture): the text of an .svg file, for a picture that is not in a page

A `LayerView` is what one layer of one run makes of one image before and after training, with its kernels:
`ceteris.report.layer_view.layer_view(results, run, image, layer=None)` computes it from the results folder.
"""

import logging

# Without a home directory that it may write, matplotlib says so in two long lines; it works all the same.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
