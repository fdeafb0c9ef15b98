import math
from dataclasses import replace

from ceteris.execution.course import course_of
from ceteris.execution.packing import pack
from ceteris.testing.miniature import FakeEngine, miniature_runs

PACKED = pack(miniature_runs(), FakeEngine(packed_runs=3))
FIRST, SECOND, THIRD = (replace(batch, work=work) for batch, work in zip(PACKED, (12.0, 8.0, 4.0), strict=True))


def alone(batch, _cores):
    """What cannot use several cores."""
    return batch.work


def spread(batch, cores):
    """What is as many times as fast."""
    return batch.work / cores


def test_packed_batches_take_the_core_that_is_free_first():
    """The longest first: the second is done after 8 seconds, and the third goes on beside the first."""
    course = course_of((FIRST, SECOND, THIRD), 2, alone)

    assert course.seconds == 12
    assert [(one.batch, one.seconds) for one in course.stretches] == [
        (FIRST, 8.0),
        (SECOND, 8.0),
        (FIRST, 4.0),
        (THIRD, 4.0),
    ]


def test_the_last_packed_batch_gets_the_cores_of_the_others():
    """Two cores each for 4 seconds, and when the second has ended, all four for the half that the first has left."""
    course = course_of((FIRST, SECOND), 4, spread)

    assert math.isclose(course.seconds, 4 + 4 / 4)
    assert [one.cores for one in course.stretches] == [2, 2, 4]


def test_cores_that_cannot_be_shared_alike_stay_idle():
    """Three packed batches on five cores have one each."""
    course = course_of((FIRST, SECOND, THIRD), 5, spread)

    assert [one.cores for one in course.stretches] == [1, 1, 1, 2, 2, 5]
    assert math.isclose(course.seconds, 4 + 4 / 2 + (12 - 4 - 4) / 5)
