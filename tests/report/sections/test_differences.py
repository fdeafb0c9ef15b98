from dataclasses import replace

import numpy as np
import pytest
from matplotlib.patches import Polygon, Rectangle

from ceteris.report.sections import differences
from ceteris.report.sections.differences import forest_plot, section, seed_accuracies
from ceteris.statistics.interval import Interval, PointEstimate
from ceteris.statistics.scores import ArmScores, Ending, RunScore
from ceteris.statistics.summary import summarise


@pytest.fixture
def plot(drawn, analyses):
    """Draw the forest plot of a state, and give its picture, its axes and the comparisons."""
    figures = drawn(differences)

    def make(state, *, margin=0.015, comparisons=None):
        comparisons = analyses(state).comparisons if comparisons is None else comparisons
        picture = forest_plot(comparisons, margin=margin)
        return picture, figures[-1].axes[0], comparisons

    return make


def bars_of(axes, row):
    """Give the ends of the horizontal bars of a row, thick ones first."""
    lines = [line for line in axes.lines if len(line.get_xdata()) == 2 and abs(line.get_ydata()[0] - row) < 0.3]
    lines = [line for line in lines if line.get_ydata()[0] == line.get_ydata()[1] and line.get_clip_on()]
    return [tuple(line.get_xdata()) for line in sorted(lines, key=lambda line: -line.get_linewidth())]


def point_of(axes, row):
    """Give place and look of the mark of a row."""
    (line,) = [line for line in axes.lines if len(line.get_xdata()) == 1 and line.get_ydata()[0] == row]
    return line.get_xdata()[0], line.get_marker()


def test_bars_are_the_intervals(plot):
    """Thick over seeds, thin over seeds and images, in percentage points, cut where the axis ends."""
    _, axes, comparisons = plot("complete")
    low, high = axes.get_xlim()

    for row, one in enumerate(comparisons):
        expected = [one.accuracy.simultaneous, one.over_images]
        ends = [tuple(np.clip([100 * each.low, 100 * each.high], low, high)) for each in expected]
        np.testing.assert_allclose(bars_of(axes, row), ends)
        assert point_of(axes, row)[0] == pytest.approx(np.clip(100 * one.accuracy.difference.estimate, low, high))


def test_each_verdict_has_a_shape_of_its_own(plot):
    """Colour is never the only sign: better points right, worse left, equal is a square, undecided a circle."""
    _, axes, comparisons = plot("complete")

    shapes = {str(one.verdict.decision): point_of(axes, row)[1] for row, one in enumerate(comparisons)}
    assert shapes == {"better": ">", "worse": "<", "equivalent": "s", "undecided": "o"}


def test_the_margin_and_zero_are_marked(plot):
    """The shade goes from minus the margin to the margin, and the line is at no difference."""
    _, axes, _ = plot("complete", margin=0.02)
    shades = [patch for patch in axes.patches if isinstance(patch, Rectangle | Polygon)]
    (shade,) = [patch.get_extents().transformed(axes.transData.inverted()) for patch in shades]

    assert (shade.x0, shade.x1) == pytest.approx((-2, 2))
    assert any(list(line.get_xdata()) == [0, 0] for line in axes.lines)
    assert axes.get_xlabel() == "percentage points, variation minus baseline"


def test_the_numbers_stand_beside_the_marks(plot, texts_in):
    """Each row says in figures what it draws."""
    picture, _, comparisons = plot("complete")

    one = comparisons[0].accuracy.simultaneous
    assert f"+{100 * one.estimate:.2f} [+{100 * one.low:.2f}, +{100 * one.high:.2f}]" in texts_in(picture.svg)
    assert {"deeper", "shallow", "tanh", "noisy", "depth", "activation", "learning rate"} <= set(texts_in(picture.svg))
    assert texts_in(picture.svg).count("depth") == 1


def test_one_pair_has_a_mark_without_bars(plot, texts_in):
    """One seed shows no spread: no bar, no bracket, and no interval in the legend."""
    picture, axes, comparisons = plot("one seed")

    assert [bars_of(axes, row) for row in range(len(comparisons))] == [[], []]
    assert not any("[" in text or "interval" in text for text in texts_in(picture.svg))
    assert "interval" not in picture.alt


def test_no_pair_has_no_mark(plot, texts_in):
    """A variation without results keeps its row and says so; one whose runs all diverged likewise."""
    said = {"empty": "an arm has no result yet", "all diverged": "no run of the baseline learned"}
    for state, words in said.items():
        picture, axes, comparisons = plot(state)
        assert texts_in(picture.svg).count(words) == len(comparisons)
        assert f"deeper: {words}" in picture.alt
        assert not [line for line in axes.lines if len(line.get_xdata()) == 1]


def test_what_is_far_out_is_drawn_at_the_edge(plot, analyses):
    """One collapse does not squeeze the rest: its mark stays on the axis, an arrow says that it goes on."""
    comparisons = list(analyses("complete").comparisons)
    collapse = Interval(estimate=-0.9, low=-0.95, high=-0.85, level=0.95)
    comparisons[1] = replace(
        comparisons[1], accuracy=replace(comparisons[1].accuracy, simultaneous=collapse), over_images=None
    )
    comparisons[3] = replace(
        comparisons[3],
        accuracy=replace(comparisons[3].accuracy, simultaneous=PointEstimate(estimate=0.01)),
        over_images=None,
    )
    picture, axes, _ = plot("complete", comparisons=comparisons)

    assert axes.get_xlim()[0] > -60
    low, high = axes.get_xlim()
    assert low < point_of(axes, 1)[0] < low + 0.1 * (high - low)
    assert bars_of(axes, 1) == []
    assert [one.xy[0] for one in axes.texts if getattr(one, "arrow_patch", None)] == [low]
    assert "shallow \N{MINUS SIGN}90.00 [\N{MINUS SIGN}95.00, \N{MINUS SIGN}85.00], worse" in picture.alt


@pytest.mark.parametrize("difference", [0.0, 1e-12, 0.5])
def test_equal_differences_are_drawn(plot, analyses, difference):
    """An interval without width, and differences that are all 0, leave an axis with the margin on it."""
    flat = Interval(estimate=difference, low=difference, high=difference, level=0.95)
    one = analyses("one variation").comparisons[0]
    one = replace(one, accuracy=replace(one.accuracy, simultaneous=flat), over_images=None)
    _, axes, _ = plot("", comparisons=[one], margin=0.005)

    low, high = axes.get_xlim()
    assert low < -0.5
    assert high > 0.5


def test_it_says_in_words_what_it_shows(plot):
    """The text alternative counts the verdicts and gives every difference."""
    picture, _, _ = plot("complete")

    assert picture.title == "Difference in test accuracy from the baseline"
    assert picture.alt.startswith(
        "Differences in percentage points with simultaneous 95 % intervals over seeds; the margin is 1.5 percentage "
        "points. Of 4 variations: 1 better, 1 worse, 1 equivalent, 1 undecided. deeper +5.75 [+4.95, +6.55], better; "
    )
    assert forest_plot([], margin=0.01).alt == "There is no variation to compare with the baseline."


@pytest.fixture
def axes_of(drawn):
    """Draw something, and give its axes."""
    figures = drawn(differences)

    def draw(function, *arguments, **options):
        picture = function(*arguments, **options)
        return picture, figures[-1].axes[0]

    return draw


def points_in(axes, row):
    """Give the values of the points of a row, sound ones and diverged ones."""
    found = {"o": [], "x": []}
    for line in axes.lines:
        if line.get_marker() in found and abs(np.asarray(line.get_ydata()) - row).max() < 0.3:
            found[line.get_marker()] += list(line.get_xdata())
    return found["o"], found["x"]


def seeds_of(baseline, variation):
    """Give two arms and their accuracies; None for a run that diverged, a word for one without result."""

    def runs(accuracies):
        for seed, accuracy in enumerate(accuracies):
            if accuracy is None:
                yield RunScore(seed=seed, status=Ending.DIVERGED)
            elif isinstance(accuracy, str):
                yield RunScore(seed=seed, status=Ending(accuracy))
            else:
                yield RunScore(seed=seed, status=Ending.FINISHED, test_accuracy=accuracy)

    arms = [
        ArmScores(name=name, factor=name, runs=tuple(runs(accuracies)))
        for name, accuracies in (("baseline", baseline), ("deeper", variation))
    ]
    return [summarise(arm, chance=0.1) for arm in arms], {arm.name: arm.counted(0.1) for arm in arms}


def test_every_run_is_a_point(axes_of):
    """Accuracies stand in per cent, one point a run that counts; a diverged run is a cross at guessing."""
    _, axes = axes_of(seed_accuracies, *seeds_of([0.5, 0.52, 0.54], [0.6, None, "failed"]))

    assert points_in(axes, 0) == (pytest.approx([50, 52, 54]), [])
    assert points_in(axes, 1) == (pytest.approx([60]), pytest.approx([10]))
    assert axes.get_xlabel() == "test accuracy, %"


def test_a_seed_is_at_the_same_height_in_every_row(axes_of):
    """Whoever follows one seed from row to row finds it at one height."""
    _, axes = axes_of(seed_accuracies, *seeds_of([0.5, 0.52], [0.6, 0.7]))

    heights = [line.get_ydata() for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(np.asarray(heights[0]), np.asarray(heights[1]) - 1)
    assert heights[0][0] != heights[0][1]


def test_mean_and_interval_are_drawn_where_there_are_two(axes_of, texts_in):
    """Two seeds have a bar; one has a point alone, and the legend knows no interval."""
    picture, axes = axes_of(seed_accuracies, *seeds_of([0.5, 0.52], ["missing", 0.7]))
    bars = [tuple(line.get_xdata()) for line in axes.lines if line.get_marker() in {"None", "none", ""}]

    assert len(bars) == 2
    assert any(ends == pytest.approx((51, 51)) for ends in bars)
    assert "mean and 95 % interval over seeds" in texts_in(picture.svg)
    picture, axes = axes_of(seed_accuracies, *seeds_of([0.5], [0.7]))
    assert [line for line in axes.lines if line.get_marker() in {"None", "none", ""}] == []
    assert "mean and 95 % interval over seeds" not in texts_in(picture.svg)
    assert picture.alt == "One point a seed, in test accuracy, %. baseline: 50.0 %, 1 seed; deeper: 70.0 %, 1 seed."


def test_what_diverged_in_every_run_has_no_interval(axes_of, texts_in):
    """Guessing by decree has no spread."""
    picture, _ = axes_of(seed_accuracies, *seeds_of([None, None], [None, None]))
    assert not any("[" in text for text in texts_in(picture.svg))


@pytest.mark.parametrize("word", ["missing", "failed"])
def test_arms_without_a_run_say_so(axes_of, texts_in, word):
    """Nothing is drawn for them, and the row stays."""
    picture, axes = axes_of(seed_accuracies, *seeds_of([word], [word]))
    assert texts_in(picture.svg).count("no run yet") == 2
    assert points_in(axes, 0) == ([], [])


def test_accuracies_stay_between_nothing_and_all(axes_of):
    """Student's interval may leave 0 to 100 %, the axis does not."""
    _, axes = axes_of(seed_accuracies, *seeds_of([0.001, 0.9], [1.0, 0.2]))

    low, high = axes.get_xlim()
    assert low >= 0
    assert high <= 100


def test_a_study_without_variations_shows_its_runs_and_calls_them_so(analyses):
    """There is no difference to show."""
    found = [section(analyses(state)) for state in ("no variations", "complete")]
    assert [(one.heading, one.short) for one in found] == [
        ("Test accuracy of every run", "Every run"),
        ("Differences in test accuracy", "Differences"),
    ]
