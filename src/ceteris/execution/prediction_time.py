"""How long trained networks take for one image: measured when all training is done, one network after another.

Sixteen runs in the lanes of one core say nothing of the time that one network takes. So every network of a study is
timed the same way, whoever trained it: in PyTorch, in float32, on one core, one image at a time, from pixels to class
probabilities; of a pretrained network, with resizing and all of its backbone.
"""

import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import Split
from ceteris.engines.engine import Engine, PredictingEngine, Predictor
from ceteris.engines.torch.engine import TorchEngine
from ceteris.execution.events import Note
from ceteris.networks.backbone import BackboneNetwork
from ceteris.results.finding import Finding
from ceteris.results.folder import ResultsFolder
from ceteris.results.machine import (
    FIRST_QUARTILE,
    MEDIAN,
    PRETRAINED_BYTES,
    THIRD_QUARTILE,
    TIMED_IMAGES,
    describe_host,
)
from ceteris.results.record import Status, describe_error
from ceteris.study.run import Run

_WARM_UP, _FEWEST, _MOST = 5, 10, 200
_SECONDS = 1.0
"""After this long no further image is shown, if the fewest have been."""


def time_predictions(
    place: ResultsFolder, runs: Sequence[Run], engines: Sequence[Engine], split: Split
) -> Iterator[Note]:
    """Time one network of each variation, where the study has a pretrained one and it has not been done on this host.

    Takes about a second a variation, and keeps what it finds in the `machine.json` of the run whose network was timed.
    Of `engines` those that know the pretrained weights are asked; the study's own layers are timed by PyTorch in any
    case. A note says which variation cannot be timed.
    """
    if not any(map(_is_transfer, runs)) or importlib.util.find_spec("torch") is None:
        return
    variations = _by_variation(place.survey(runs))
    if not any(_is_transfer(finished[0]) for finished in variations.values()):
        return
    for finished in variations.values():
        run = _to_time(place, finished)
        engine = None if run is None else _engine(run, (*engines, TorchEngine()))
        if run is None or engine is None:
            continue
        with place.claim([run]) as claim:
            if run.digest not in claim:
                continue
            try:
                folder = place.run_folder(run)
                predictor = engine.predictor(run, folder.read_weights(), split)
                folder.add_measured(prediction_time(predictor, split.test.images))
            except Exception as error:  # noqa: BLE001 - whatever fails here, the results are there and stay
                text = f"'{run.variation}': the time of a prediction is not known ({describe_error(error)[0]})."
                yield Note(text=text)


def prediction_time(
    predictor: Predictor, images: NDArray[np.uint8], clock: Callable[[], float] = time.perf_counter
) -> Mapping[str, float]:
    """Show a network images, shape (n, height, width, channels), one by one, and take the time of each."""
    for place in range(_WARM_UP):
        predictor(images[place % len(images)])
    seconds: list[float] = []
    began = clock()
    while len(seconds) < _FEWEST or (len(seconds) < _MOST and clock() - began < _SECONDS):
        image = images[len(seconds) % len(images)]
        before = clock()
        predictor(image)
        seconds.append(clock() - before)
    first, median, third = (round(float(quartile), 4) for quartile in np.percentile(seconds, (25, 50, 75)) * 1000)
    return {
        MEDIAN: median,
        FIRST_QUARTILE: first,
        THIRD_QUARTILE: third,
        TIMED_IMAGES: float(len(seconds)),
        PRETRAINED_BYTES: float(predictor.pretrained_bytes),
    }


def _is_transfer(run: Run) -> bool:
    return isinstance(run.specification.network, BackboneNetwork)


def _by_variation(findings: Sequence[Finding]) -> dict[str, list[Run]]:
    finished: dict[str, list[Run]] = {}
    for finding in findings:
        if finding.status is Status.FINISHED:
            finished.setdefault(finding.run.variation, []).append(finding.run)
    return finished


def _to_time(place: ResultsFolder, runs: Sequence[Run]) -> Run | None:
    """Choose a run that was trained on this host; None if one of them has been timed, or none was trained here."""
    machines = [(run, place.run_folder(run).read_machine()) for run in runs]
    here = [(run, machine) for run, machine in machines if machine.host == describe_host()]
    if not here or any(MEDIAN in machine.measured for _, machine in here):
        return None
    return here[0][0]


def _engine(run: Run, engines: Sequence[Engine]) -> PredictingEngine | None:
    for engine in engines:
        if isinstance(engine, PredictingEngine) and engine.unsupported(run.specification) is None:
            return engine
    return None
