import pytest

from ceteris.cli.estimate import Estimate
from ceteris.cli.needs import patience, time_needed
from ceteris.engines.engine import Position
from ceteris.engines.transfer.engine import FineTuningEngine, TransferEngine
from ceteris.execution.packing import PackedBatch


@pytest.mark.parametrize(
    ("known", "end"),
    [
        ({}, "Measured on random images."),
        ({"known_since": "2026-11-28", "is_known": True}, "Measured on random images on 2026-11-28."),
        ({"known_since": "2026-11-28"}, "Measured on random images, in part on 2026-11-28."),
    ],
)
def test_an_estimate_says_when_it_was_measured(known, end):
    """Where speeds were kept from another day, the day is named."""
    assert time_needed(Estimate(seconds=60.0, speed=1000.0, **known), 2).endswith(end)


def test_time_is_said_roughly():
    """Two figures, and what they rest on."""
    assert time_needed(Estimate(seconds=540.0, speed=41_234.5), 1) == (
        "Time: about 9 min on 1 thread of this machine, at 41,234 images x models per second. "
        "Measured on random images."
    )
    assert time_needed(Estimate(seconds=540.0, speed=41_234.5, is_disturbed=True), 1).endswith(
        " Measured on random images. Other programs used the processor meanwhile: without them it takes less."
    )


def test_features_have_a_time_of_their_own():
    """What is computed once, before anything is trained, is said apart; nothing is said where there is none."""
    stopping = time_needed(Estimate(seconds=540.0, speed=41_234.5, may_stop=True), 1)
    assert stopping.startswith("Time: at most 9 min on 1 thread of ")
    text = time_needed(Estimate(seconds=540.0, speed=41_234.5, preparation=120.0), 2)

    assert text.endswith(" Before that about 2 min for features of pretrained networks, unless kept.")


def test_fine_tuning_on_a_processor_is_warned_of(study):
    """How long it takes of one core, which variations they are, and what would be faster; a GPU needs no warning."""
    runs = [run for run in study.runs("d" * 64) if run.seed == 0]
    engines = (TransferEngine(weights=(), cache=None), FineTuningEngine(weights=()), FineTuningEngine(weights=()))
    batches = [
        PackedBatch(engine=engine, runs=(run,), position=Position(), work=1.0)
        for engine, run in zip(engines, runs, strict=True)
    ]
    estimate = Estimate(seconds=4000.0, speed=1.0, work={"fine-tuning": 7200.0, "transfer": 5.0})

    assert patience(batches, estimate, "cpu") == (
        "of that, fine-tuning takes about 2.0 h of one core: '0.5' and 'Pool 4x4'. It works on a processor, and a GPU "
        "(--device cuda) is many times faster; fewer seeds, epochs or blocks help too."
    )
    assert patience(batches, estimate, "cuda") == ""
    assert patience(batches[:1], estimate, "cpu") == ""
