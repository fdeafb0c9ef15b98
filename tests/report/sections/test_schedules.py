import numpy as np
import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.report.blocks import Bullets, Paragraph
from ceteris.report.figures.style import INK
from ceteris.report.sections import schedules as module
from ceteris.report.sections.schedules import section
from ceteris.results.results import read_results
from tests.made_up import made_up_folder, made_up_study

TRAINING = {"learning_rate": 0.01, "batch_size": 4000, "epochs": 5}
WARM = {"factor": "schedule", "name": "warm", "set": {"training.schedule": "cosine", "training.warmup_epochs": 1}}
STEPS = {"factor": "schedule", "name": "steps", "set": {"training.schedule": "step", "training.step_epochs": 2}}
TANH = {"factor": "activation", "name": "tanh", "set": {"network.layers.0.activation": "tanh"}}


@pytest.fixture
def analysed(tmp_path):
    """Analyse a study of one seed with some variations, of a baseline with these settings of training."""

    def give(*variations, **training):
        layers = [{"conv": 2, "kernel": 3}, {"max_pool": 5}, {"dense": "classes"}]
        baseline = {"network": {"layers": layers}, "training": TRAINING | training}
        study = made_up_study(seeds=1, baseline=baseline, variation=variations)
        return analyze(read_results(made_up_folder(tmp_path / "results", study=study)))

    return give


def test_a_study_without_a_schedule_has_no_section(analysed):
    """Other learning rates are changes that tables show, and no curve."""
    rate = {"factor": "rate", "name": "high", "set": {"training.learning_rate": 0.1}}

    assert section(analysed(rate, TANH)) is None


def test_each_learning_rate_is_drawn_once(analysed, drawn):
    """Step by step, over the epochs: that of the baseline in ink, arms with the same schedule together."""
    figures = drawn(module)
    found = section(analysed(WARM, STEPS, TANH))
    first, second, third = figures[-1].axes[0].lines

    assert (found.anchor, found.heading) == ("learning-rates", "Learning rate")
    assert first.get_color() == INK != second.get_color()
    np.testing.assert_allclose(first.get_ydata(), 0.01)
    # Ten images in one minibatch: a step for each epoch, the first of which is all of the warm-up.
    assert second.get_xdata().tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(
        second.get_ydata(), 0.01 * np.array([1, 1, *((1 + np.cos(np.pi * np.arange(1, 4) / 4)) / 2)])
    )
    np.testing.assert_allclose(third.get_ydata(), [0.01, 0.01, 0.001, 0.001, 0.0001])
    texts = [text.get_text() for text in figures[-1].legends[0].get_texts()]
    assert texts == ["baseline and 1 more", "warm", "steps"]


def test_what_each_schedule_does_is_said(analysed):
    """In a list for whoever reads the text, and for whoever cannot see the figure."""
    blocks = section(analysed(STEPS, TANH)).blocks
    (paragraph,) = [block.text for block in blocks if isinstance(block, Paragraph)]
    (listed,) = [block.sentences for block in blocks if isinstance(block, Bullets)]

    assert paragraph == (
        "The learning rate of each step, as the study declares it. A run that stops early takes the first part of its "
        "curve."
    )
    words = "learning rate multiplied by 0.1 every 2 epochs"
    assert listed == (
        "“baseline” and “tanh”: 0.01 throughout.",
        f"“steps”: {words}. It begins at 0.01 and ends at 0.0001.",
    )
    assert blocks[1].alt == " ".join(listed)


def test_more_curves_than_can_be_told_apart_are_counted(analysed, drawn):
    """The list has all of them."""
    figures = drawn(module)
    rates = [{"factor": "rate", "name": f"{n}", "set": {"training.learning_rate": n / 100}} for n in range(2, 17)]
    blocks = section(analysed(*rates, schedule="cosine")).blocks

    assert len(figures[-1].axes[0].lines) == 13
    assert blocks[0].text.endswith(" 3 curves more are not drawn.")
    assert len(blocks[2].sentences) == 16
