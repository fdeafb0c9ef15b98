"""Reports of results folders in every state, each made once."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from ceteris.engines.engine import EpochMetrics
from ceteris.report.report import write_report
from ceteris.results.epochs import EpochRecord
from tests.report.undrawn import undrawn  # noqa: F401 - a fixture
from tests.states import analyses, copied, folders, state  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def reports(folders):  # noqa: F811
    """Give the report of a state, written into its folder once."""
    made = {}

    def give(name: str):
        if name not in made:
            made[name] = write_report(folders(name))
        return made[name]

    return give


@pytest.fixture
def drawn(monkeypatch):
    """Watch a module draw; gives the list that its figures are put into."""

    def watch(module):
        figures = []
        finished = module.finished

        def keep(figure, **words):
            figures.append(figure)
            return finished(figure, **words)

        monkeypatch.setattr(module, "finished", keep)
        return figures

    return watch


@pytest.fixture
def texts_in():
    """Read every text in an SVG, in the order of drawing."""

    def read(svg):
        return [text.text for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]

    return read


@pytest.fixture
def colours_in():
    """Find the colours of an SVG that no style sheet could turn dark."""

    def find(svg):
        return set(re.findall(r"#[0-9a-fA-F]{3,6}\b", re.sub(r"var\(--[a-z-]+, #[0-9a-f]{6}\)|url\(#[^)]*\)", "", svg)))

    return find


@pytest.fixture
def epochs():
    """Give the epochs of a run from its validation accuracies; not-a-number where the loss was none."""

    def make(*accuracies, seconds=2.0, packed_batch_runs=4):
        return tuple(
            EpochRecord(
                metrics=EpochMetrics(
                    epoch=epoch,
                    training_loss=accuracy,  # finite or not as the accuracy is
                    training_accuracy=float(np.minimum(1, accuracy + 0.1)),
                    validation_loss=accuracy,
                    validation_accuracy=accuracy,
                ),
                seconds=seconds,
                packed_batch_runs=packed_batch_runs,
            )
            for epoch, accuracy in enumerate(accuracies, start=1)
        )

    return make
