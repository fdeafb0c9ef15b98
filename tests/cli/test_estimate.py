import math
from dataclasses import replace
from datetime import date, timedelta

import pytest

from ceteris.cli import estimate as module
from ceteris.cli import speeds
from ceteris.cli.estimate import (
    batch_seconds,
    estimate_time,
    preparation_seconds,
    seconds_per_image,
)
from ceteris.cli.speeds import Speed, keep_speeds, read_speeds, speed_key, today
from ceteris.datasets.choice import known_images
from ceteris.engines.engine import Preparation, PreparingEngine
from ceteris.execution.packing import pack
from ceteris.study.study import Study
from ceteris.testing.miniature import FakeEngine


def test_a_packed_batch_takes_training_validation_and_test(study):
    """6,600 training images and 3,400 validation images for three epochs, then 10,000 test images."""
    (batch, *_) = pack(study.runs("d" * 64), FakeEngine())

    assert math.isclose(
        batch_seconds(batch, known_images(study.data), 0.003), 0.003 * (3 * 6600 + (3 * 3400 + 10_000) / 3)
    )


def test_the_longest_thread_decides(study, monkeypatch):
    """Three equal packed batches on two threads take as long as two of them; on three threads, as long as one."""
    monkeypatch.setattr("ceteris.cli.estimate.seconds_per_image", lambda *_, **__: 0.001)
    batches = pack(study.runs("d" * 64), FakeEngine(packed_runs=3))
    assert len(batches) == 3
    images = known_images(study.data)
    one = batch_seconds(batches[0], images, 0.001)

    assert math.isclose(estimate_time(batches, images, threads=2).seconds, 2 * one)
    estimate = estimate_time(batches, images, threads=5)
    assert math.isclose(estimate.seconds, one)
    assert math.isclose(estimate.speed, 9 * 3 * 6600 / one)


class Spread(FakeEngine):
    """An engine whose packed batches up to four cores can train."""

    __hash__ = object.__hash__

    def requirements(self, specification, images, runs):
        """Say so."""
        return replace(super().requirements(specification, images, runs), most_cores=4)


def test_fewer_packed_batches_than_cores_share_all_of_them(study, monkeypatch):
    """Three on eight cores train on two each, one that is alone on four at most; in another place each has one."""
    monkeypatch.setattr("ceteris.cli.estimate.seconds_per_image", lambda *_, cores, **__: 0.001 / cores)
    monkeypatch.setattr("ceteris.cli.estimate.keep_speeds", lambda _: None)
    batches, images = pack(study.runs("d" * 64), Spread(packed_runs=3)), known_images(study.data)
    one = batch_seconds(batches[0], images, 0.001)

    assert math.isclose(estimate_time(batches, images, threads=8).seconds, one / 2)
    assert math.isclose(sum(estimate_time(batches, images, threads=8).batches), 3 * one)
    assert math.isclose(estimate_time(batches[:1], images, threads=8).seconds, one / 4)
    assert math.isclose(estimate_time(batches, images, threads=2).seconds, one + one / 2)
    assert math.isclose(estimate_time(batches[:1], images, threads=8, spreads=False).seconds, one)


def test_packed_batches_that_train_alike_are_measured_once(study, monkeypatch):
    """Learning rate and seed do not change the speed; the network does."""
    measured = []
    monkeypatch.setattr(
        "ceteris.cli.estimate.seconds_per_image", lambda batch, *_, **__: measured.append(batch) or 0.001
    )
    estimate_time(pack(study.runs("d" * 64), FakeEngine(packed_runs=1)), known_images(study.data), threads=1)

    assert [batch.runs[0].variation for batch in measured] == ["Pool 4x4", "baseline"]


@pytest.mark.parametrize(("setting", "value"), [("clip_norm", 1.0), ("average_decay", 0.9)])
def test_what_passes_over_all_weights_at_each_step_is_measured_apart(study, monkeypatch, setting, value):
    """A packed batch in which a run clips gradients or averages weights is slower than one in which none does."""
    measured = []
    monkeypatch.setattr(
        "ceteris.cli.estimate.seconds_per_image", lambda batch, *_, **__: measured.append(batch) or 0.001
    )
    training = study.baseline.training.model_copy(update={setting: value})
    other = Study(**{**dict(study), "baseline": study.baseline.model_copy(update={"training": training})})
    plain = [one for one in pack(study.runs("d" * 64), FakeEngine()) if one.runs[0].variation == "baseline"]
    steadied = [one for one in pack(other.runs("d" * 64), FakeEngine()) if one.runs[0].variation == "baseline"]

    estimate_time([*plain, *steadied], known_images(study.data), threads=1)

    assert [getattr(batch.runs[0].specification.training, setting) for batch in measured] == [0, value]


def test_what_was_measured_a_moment_ago_is_known(study, monkeypatch):
    """Where nothing can be kept, because others use the processor, the same command measures once; no day is named."""
    monkeypatch.setattr("ceteris.cli.estimate.seconds_per_image", lambda *_, **__: 0.001)
    monkeypatch.setattr("ceteris.cli.estimate.keep_speeds", lambda _: None)
    batches, images = pack(study.runs("d" * 64), FakeEngine()), known_images(study.data)
    first = estimate_time(batches, images, threads=1)
    monkeypatch.setattr("ceteris.cli.estimate.seconds_per_image", None)

    second = estimate_time(batches, images, threads=1, known=first.speeds)
    assert (second.seconds, second.is_known, second.known_since) == (first.seconds, True, "")


def measure(study, monkeypatch, *, step, budget=1.0, **training):
    """Measure the baseline with steps that take so long; gives seconds an image, steps, and what was trained."""
    clock, trained = [0.0], []

    def before_step(runs, position):
        trained.append((runs[0], position))
        clock[0] += step(len(trained))

    monkeypatch.setattr("ceteris.cli.estimate.time.perf_counter", lambda: clock[0])
    settings = study.baseline.training.model_copy(update=training)
    study = Study(**{**dict(study), "baseline": study.baseline.model_copy(update={"training": settings})})
    (batch, *_) = pack(
        [run for run in study.runs("d" * 64) if run.variation == "baseline"], FakeEngine(before_step=before_step)
    )
    seconds = seconds_per_image(batch, known_images(study.data), budget=budget, begin=lambda: None)
    return seconds, len(trained), trained[0][0].specification


def test_what_is_slow_at_first_does_not_count(study, monkeypatch):
    """The first step builds what others use: minibatches of a second are measured twice, of which the second counts."""
    seconds, steps, _ = measure(study, monkeypatch, step=lambda number: 1.9 if number == 1 else 1.0, batch_size=32)

    assert (steps, seconds) == (2, 1.0 / 32)


def test_what_takes_long_is_measured_once(study, monkeypatch):
    """A minibatch of five seconds is not made twice."""
    seconds, steps, _ = measure(study, monkeypatch, step=lambda _: 5.0, batch_size=32)

    assert (steps, seconds) == (1, 5.0 / 32)


def test_large_networks_are_measured_by_parts_of_a_minibatch(study, monkeypatch):
    """As many images as make a second or so, and whole minibatches of small networks; of all images in any case."""
    part = study.model_copy(update={"data": study.data.model_copy(update={"fraction": 0.1})})
    *_, whole = measure(part, monkeypatch, step=lambda _: 5.0, batch_size=512)
    monkeypatch.setattr(module, "_ENOUGH", 20 * 480 * 4)
    *_, some = measure(part, monkeypatch, step=lambda _: 5.0, batch_size=512)

    assert (whole.training.batch_size, some.training.batch_size) == (512, 20)
    assert (whole.data.fraction, some.data.fraction) == (1, 1)


def test_measuring_trains_and_ends(study):
    """The measured cost is a time, also where a single epoch is all there is."""
    for epochs in (1, 3):
        baseline = study.baseline.model_copy(
            update={"training": study.baseline.training.model_copy(update={"epochs": epochs})}
        )
        (batch, *_) = pack(Study(**{**dict(study), "baseline": baseline}).runs("d" * 64), FakeEngine())
        assert 0 < seconds_per_image(batch, known_images(study.data), budget=0.0, begin=lambda: None) < 60


def test_what_prepares_with_all_cores_is_measured_apart(study, monkeypatch):
    """After everything else, even where it is the longest: beside it, all others would look slow."""

    class Preparing(FakeEngine, PreparingEngine):
        __hash__ = object.__hash__

        def prepare(self, *_):
            raise AssertionError

        def prepared_memory(self, *_):
            return 0

        def rehearsal(self, *_):
            yield Preparation(what="features", done=1, total=1)

        def rehearsing(self):
            return self

    measured = []
    monkeypatch.setattr(
        "ceteris.cli.estimate.seconds_per_image", lambda batch, *_, **__: measured.append(batch.engine) or 0.001
    )
    runs = study.runs("d" * 64)
    preparing, plain = Preparing(packed_runs=3, name="preparing"), FakeEngine(packed_runs=3)
    estimate_time([*pack(runs, preparing), *pack(runs, plain)], known_images(study.data), threads=1)

    assert measured == [plain, plain, preparing, preparing]


def test_preparation_is_measured_once_for_all_images(study, monkeypatch):
    """A few images, the second time that they are shown, times how many there are: a millisecond an image here."""
    clock = [0.0]
    monkeypatch.setattr("ceteris.cli.estimate.time.perf_counter", lambda: clock[0])
    rehearsed = []

    class Preparing(FakeEngine, PreparingEngine):
        __hash__ = object.__hash__

        def prepare(self, *_):
            raise AssertionError("a plan keeps nothing")

        def prepared_memory(self, *_):
            return 0

        def rehearsal(self, runs, split):
            rehearsed.append(len(runs))
            images = len(split.training) + len(split.validation) + len(split.test)
            clock[0] += (5.0 if len(rehearsed) == 1 else 0.0) + 0.001 * images
            yield Preparation(what="features", done=images, total=images)

        def rehearsing(self):
            return self

    batches = pack(study.runs("d" * 64), Preparing())

    images = known_images(study.data)
    assert math.isclose(preparation_seconds(Preparing(), study.runs("d" * 64), images, begin=lambda: None), 0.001)
    assert rehearsed == [9, 9]
    monkeypatch.setattr("ceteris.cli.estimate.seconds_per_image", lambda *_, **__: 0.001)
    estimate = estimate_time(batches, known_images(study.data), threads=1)
    assert math.isclose(estimate.preparation, 0.001 * (6_600 + 3_400 + 10_000))
    plain = pack(study.runs("d" * 64), FakeEngine())
    assert estimate_time(plain, known_images(study.data), threads=1).preparation == 0


def measured_by(monkeypatch, *, seconds, share):
    """Put a measurement in place that takes a second, of which the program has a share of the processor."""
    clock, calls = [0.0], []

    def measure(*_, begin, **__):
        clock[0] += 100.0  # to load what it needs, which does not count
        begin()
        clock[0] += 1.0
        calls.append(seconds)
        return seconds

    monkeypatch.setattr("ceteris.cli.estimate.seconds_per_image", measure)
    monkeypatch.setattr("ceteris.cli.estimate.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr("ceteris.cli.estimate.time.thread_time", lambda: share * (clock[0] % 100))
    return calls


def test_what_was_measured_before_is_not_measured_again(study, monkeypatch):
    """The second estimate is the first one, says of which day it is, and needs no training."""
    batches, images = pack(study.runs("d" * 64), FakeEngine()), known_images(study.data)
    calls = measured_by(monkeypatch, seconds=0.001, share=0.9)
    first = estimate_time(batches, images, threads=1)
    second = estimate_time(batches, images, threads=1)

    assert (first.known_since, first.is_known) == ("", False)
    assert not first.is_disturbed
    assert not second.is_disturbed
    assert (second.known_since, second.is_known) == (today(), True)
    assert second.seconds == first.seconds
    assert len(calls) == 2

    other = FakeEngine(name="other")
    third = estimate_time([*batches, *pack(study.runs("d" * 64), other)], images, threads=1)
    assert (third.known_since, third.is_known) == (today(), False)
    assert len(calls) == 4


def test_what_was_measured_beside_other_programs_is_not_kept(study, monkeypatch):
    """It is of use now, and would be wrong on another day; on a GPU the processor's time says nothing."""
    batches, images = pack(study.runs("d" * 64), FakeEngine()), known_images(study.data)
    calls = measured_by(monkeypatch, seconds=0.001, share=0.5)
    for _ in range(2):
        busy = estimate_time(batches, images, threads=1)
        assert (busy.is_known, busy.is_disturbed) == (False, True)
    assert len(calls) == 4
    assert estimate_time(batches, images, threads=1, known=busy.speeds).is_disturbed

    elsewhere = pack(study.runs("d" * 64), FakeEngine(device="cuda", name="elsewhere"))
    assert not estimate_time(elsewhere, images, threads=1).is_known
    assert estimate_time(elsewhere, images, threads=1).is_known


def test_speeds_are_kept_with_their_day():
    """What is measured again takes the place of what was known."""
    keep_speeds({"a": Speed(seconds=0.5, day=today()), "b": Speed(seconds=0.25, day=today())})
    keep_speeds({"a": Speed(seconds=0.125, day=today())})

    assert read_speeds() == {"a": Speed(seconds=0.125, day=today()), "b": Speed(seconds=0.25, day=today())}


def test_old_speeds_are_forgotten():
    """A machine changes: what was measured more than thirty days ago does not count, nor what is said of tomorrow."""
    days = {name: str(date.fromisoformat(today()) + timedelta(days=count)) for name, count in DAYS.items()}
    keep_speeds({name: Speed(seconds=1.0, day=day) for name, day in days.items()})

    assert set(read_speeds()) == {"now", "a month ago"}


DAYS = {"now": 0, "a month ago": -30, "longer ago": -31, "tomorrow": 1}


def test_the_file_does_not_grow_for_ever(monkeypatch):
    """The latest are kept."""
    monkeypatch.setattr(speeds, "_MOST", 2)
    yesterday = str(date.fromisoformat(today()) - timedelta(days=1))
    keep_speeds({"old": Speed(seconds=1.0, day=yesterday), "new": Speed(seconds=1.0, day=today())})
    keep_speeds({"newer": Speed(seconds=1.0, day=today())})

    assert set(read_speeds()) == {"new", "newer"}


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"a": 1}', '{"a": ["x", "2026-01-01"]}', "\x00"])
def test_a_file_that_cannot_be_read_is_as_none(tmp_path, content):
    """It is only a cache."""
    keep_speeds({"a": Speed(seconds=1.0, day=today())})
    (file,) = tmp_path.rglob("speeds.json")
    file.write_text(content)

    assert read_speeds() == {}
    keep_speeds({"b": Speed(seconds=1.0, day=today())})
    assert set(read_speeds()) == {"b"}


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path, monkeypatch):
    """No home directory, or a file where the folder should be, is no error."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    keep_speeds({"a": Speed(seconds=1.0, day=today())})

    assert read_speeds() == {}


def test_a_key_names_the_facts_and_the_machine(monkeypatch):
    """Another fact, processor or version is another key."""
    key = speed_key("lanes", 16)
    assert key == speed_key("lanes", 16) != speed_key("lanes", 15)
    monkeypatch.setattr(speeds, "describe_host", lambda: {"processor": "another", "cores": 2})
    assert speed_key("lanes", 16) != key
