"""PyTorch trains what it was measured to train faster, all arms of a study alike."""

import itertools

import pytest

from ceteris.cli import fastest
from ceteris.cli.fastest import fastest_first
from ceteris.datasets.choice import known_images
from ceteris.execution.engines import EngineChoice
from ceteris.testing.miniature import FakeEngine

LANES, TORCH = FakeEngine(name="lanes", packed_runs=16), FakeEngine(name="torch", packed_runs=1)
CHOICE = EngineChoice(engines=(LANES, TORCH), notes=("A note.",))
NOTE = (
    "The torch engine trains this study, because it was measured to take 0.80 times as long per run as the lanes "
    "engine on this machine. --engine lanes chooses the other."
)


@pytest.fixture
def choose(study, monkeypatch):
    """Choose with made-up seconds an image, of sixteen runs on the lanes engine and of one in PyTorch."""
    monkeypatch.setattr(fastest, "LARGE", 500)
    monkeypatch.setattr("ceteris.cli.estimate.time.thread_time", itertools.count().__next__)  # the processor was ours

    def choose(*, lanes, torch, **options):
        rates = {"lanes": lanes, "torch": torch}
        monkeypatch.setattr("ceteris.cli.estimate.seconds_per_image", lambda batch, *_, **__: rates[batch.engine.name])
        options = {"engine": "auto", "threads": 1, **options}
        return fastest_first(CHOICE, study, known_images(study.data), **options)

    return choose


def test_pytorch_comes_first_where_it_was_measured_to_be_faster(choose):
    """Sixteen runs in the time of 1.6 images are slower than one in 0.08; the plan says so."""
    chosen = choose(lanes=1.6, torch=0.08)

    assert chosen.choice == EngineChoice(engines=(TORCH, LANES), notes=("A note.", NOTE))


@pytest.mark.parametrize("torch", [0.2, 0.095])
def test_the_lanes_engine_stays_first_where_it_is_faster_or_hardly_slower(choose, torch):
    """A measurement that is repeated differs by a few per cent, and would change the engine."""
    assert choose(lanes=1.6, torch=torch).choice == CHOICE


@pytest.mark.parametrize("engine", ["lanes", "torch"])
def test_an_engine_that_was_asked_for_is_not_questioned(choose, engine):
    """Nothing is measured then."""
    assert choose(lanes=1.6, torch=0.08, engine=engine).choice == CHOICE


def test_small_networks_are_not_measured(choose, monkeypatch):
    """Where the lanes engine is many times as fast, PyTorch is not even loaded."""
    monkeypatch.setattr(fastest, "LARGE", 5_000_000)

    assert choose(lanes=1.6, torch=0.08).choice == CHOICE


@pytest.mark.parametrize(("present", "first"), [("lanes", LANES), ("torch", TORCH)])
def test_the_engine_that_trained_runs_of_a_folder_goes_on(choose, monkeypatch, tmp_path, present, first):
    """Whatever is measured now, arms of one study must not differ by their engine."""
    monkeypatch.setattr(fastest, "_present", lambda _: {"", present})
    for torch in (0.08, 0.2):
        assert choose(lanes=1.6, torch=torch, folder=tmp_path).choice.engines[0] is first


def test_what_was_measured_is_kept(choose):
    """Plan and run choose the same engine, because both take the rates that were measured first."""
    choose(lanes=1.6, torch=0.08)

    assert choose(lanes=1.6, torch=0.2).choice.engines[0] is TORCH


def test_what_was_measured_is_given_on(choose, monkeypatch):
    """On a busy machine nothing is kept for another day, and yet nothing is measured twice in one command."""
    monkeypatch.setattr("ceteris.cli.estimate.keep_speeds", lambda _: None)
    speeds = choose(lanes=1.6, torch=0.2).speeds

    assert sorted({speed.seconds for speed in speeds.values()}) == [0.2, 1.6]
