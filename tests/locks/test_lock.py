import errno
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from ceteris.locks import lock as module
from ceteris.locks.holder import process_table
from ceteris.locks.lock import Locks, Watch

ATTEMPTS = 100 if "CETERIS_MACHINES" in os.environ else 25  # `make soak` sets it
ELSEWHERE = {"host": "node7", "table": "elsewhere"}


@dataclass
class Clock:
    """Seconds that go by when a test says so."""

    now: float = 0.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


@pytest.fixture
def locks(tmp_path):
    """Give the locks of a folder, as this machine sees them."""
    return Locks(tmp_path / "locks")


@pytest.fixture
def elsewhere(locks):
    """Give the same locks, as another machine sees them."""
    return replace(locks, **ELSEWHERE)


def seen_silent(watch, holder, names, *, seconds):
    """Look once a second for so long, and give what every look showed."""
    shown = []
    for _ in range(seconds + 1):
        shown.append(watch.look(holder, names))
        watch.clock.now += 1.0
    return shown


def test_only_one_has_a_lock(locks):
    """A second claim is refused until the first is released, also within one process; other locks are free."""
    first = locks.take(["a", "b"])
    with locks.take(["b", "c"]) as second:
        assert (first.names, second.names) == (["a", "b"], ["c"])
        assert second.refused == {"b": first.holder}
    first.release()
    with locks.take(["a", "b", "c"]) as third:
        assert third.names == ["a", "b", "c"]


def test_released_locks_leave_one_file_each(locks):
    """Neither signs of life nor threads stay."""
    with locks.take(["a"]):
        threads = threading.active_count()
    assert threading.active_count() == threads - 1
    assert [str(path.relative_to(locks.path)) for path in locks.path.rglob("*") if path.is_file()] == ["a/free"]


def test_asking_leaves_nothing_behind(locks):
    """Who holds a lock can be asked of a folder that is not there."""
    assert locks.holder("a") is None
    assert not locks.path.exists()


def test_a_lock_ends_with_its_process_however_that_ends(locks):
    """On one machine, what a killed process held is free at once, and nothing of it stays."""
    program = (
        "import sys; from pathlib import Path; from ceteris.locks.lock import Locks\n"
        "claim = Locks(Path(sys.argv[1])).take(['a', 'b']); print(claim.holder.name, flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, locks.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    name = process.stdout.readline().strip()
    assert locks.holder("a").name == name
    assert locks.take(["a"]).names == []
    process.kill()
    process.communicate()
    assert locks.holder("a") is None
    with locks.take(["a"]) as claim:
        assert claim.names == ["a"]
        assert not list((locks.path / "holders").glob(f"{name}.*"))
        assert (locks.path / "b" / "free").exists()


def test_a_lock_of_another_machine_is_taken_over_after_120_seconds_without_a_sign(locks, elsewhere):
    """Not before, and by the clock of the one who looks alone; then all that the dead one held is free."""
    dead = elsewhere.take(["a", "b"])
    watch = Watch(locks, Clock(now=5e8))
    assert seen_silent(watch, dead.holder, ["a"], seconds=120) == [None] * 120 + [False]
    assert (locks.holder("a"), locks.holder("b")) == (None, None)
    with locks.take(["a", "b"]) as claim:
        assert claim.names == ["a", "b"]
    dead.release()


def test_a_sign_of_life_begins_the_120_seconds_anew(locks, elsewhere):
    """A holder whose sign has changed since the last look lives."""
    alive = elsewhere.take(["a"])
    watch = Watch(locks, Clock())
    assert seen_silent(watch, alive.holder, ["a"], seconds=119) == [None] * 120
    assert alive.confirm()
    assert seen_silent(watch, alive.holder, ["a"], seconds=119) == [True] + [None] * 119
    assert locks.holder("a") == alive.holder
    alive.release()


def test_time_in_which_nobody_looked_does_not_count(locks, elsewhere):
    """A machine that slept for an hour has not seen that a holder was silent for an hour."""
    alive = elsewhere.take(["a"])
    watch = Watch(locks, Clock())
    for _ in range(50):
        assert watch.look(alive.holder, ["a"]) is None
        watch.clock.now += 3600
    assert seen_silent(watch, alive.holder, ["a"], seconds=30)[-1] is False
    alive.release()


def test_a_sign_that_a_list_does_not_show_yet_saves_its_holder(locks, elsewhere, monkeypatch):
    """Whoever sees an old list cannot rename what is not called so any more."""
    alive = elsewhere.take(["a"])
    monkeypatch.setattr(Locks, "signs", lambda *_: ["0"])
    alive.confirm()
    watch = Watch(locks, Clock())
    assert seen_silent(watch, alive.holder, ["a"], seconds=200) == [None] * 201
    assert alive.confirm()
    assert locks.holder("a") == alive.holder
    alive.release()


def test_a_holder_that_was_taken_for_dead_learns_it_at_its_next_sign(locks, elsewhere):
    """It holds nothing any more, and what it lets go of then takes nothing from its successor."""
    sleeper = elsewhere.take(["a"])
    seen_silent(Watch(locks, Clock()), sleeper.holder, ["a"], seconds=120)
    successor = locks.take(["a"])
    assert not sleeper.confirm()
    assert sleeper.is_lost()
    sleeper.release()
    assert locks.holder("a") == successor.holder
    assert successor.confirm()
    successor.release()
    assert locks.holder("a") is None


def test_a_holder_that_was_taken_for_dead_learns_it_before_it_goes_on(locks, elsewhere):
    """After a sleep of its machine the first question asks the file system, and those in between only a clock."""
    clock = Clock()
    sleeper = replace(elsewhere, clock=clock).take(["a"])
    seen_silent(Watch(locks, Clock()), sleeper.holder, ["a"], seconds=120)
    clock.now = 20.0
    assert not sleeper.is_lost()
    clock.now = 21.0
    assert sleeper.is_lost()
    sleeper.release()


def test_signs_are_given_as_long_as_a_lock_is_held(locks):
    """A thread does it, without the holder's doing, and says so where it has lost them."""
    held = replace(locks, beat_seconds=0.001, **ELSEWHERE).take(["a"])
    watch = Watch(locks, Clock())
    while watch.look(held.holder, ["a"]) is not True:
        pass
    (sign,) = (locks.path / "holders").glob("*.[1-9]*")
    while True:
        try:
            sign = next((locks.path / "holders").glob(f"{held.holder.name}.*"))
            sign.rename(sign.with_suffix(".dead"))
            break
        except FileNotFoundError:
            continue
    held._thread.join()
    assert held.is_lost()
    held.release()


def test_of_many_who_see_a_dead_holder_one_gets_its_lock(locks, elsewhere):
    """Sixteen machines at once, again and again."""
    for attempt in range(ATTEMPTS):
        name = f"lock-{attempt}"
        dead = elsewhere.take([name])
        dead._ended.set()
        dead._thread.join()
        claims, barrier = [], threading.Barrier(16)

        def contend(number, dead=dead, name=name, claims=claims, barrier=barrier):
            mine = replace(locks, host=f"node{number}", table=f"table-{number}")
            watch = Watch(replace(mine, stale_seconds=0.0))
            watch.look(dead.holder, [name])
            barrier.wait()
            watch.look(dead.holder, [name])
            claims.append(mine.take([name]))

        threads = [threading.Thread(target=contend, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(name in claim for claim in claims) == 1
        for claim in claims:
            claim.release()


def test_a_list_that_shows_what_is_past_gives_nothing(locks, elsewhere, monkeypatch):
    """A lock that seems free, or not to be there at all, is refused while another has it."""
    held = elsewhere.take(["a"])
    real = module._entries
    for old in ([], ["free"]):
        monkeypatch.setattr(module, "_entries", lambda folder, old=old: old if folder.name == "a" else real(folder))
        with locks.take(["a"]) as claim:
            assert claim.names == []
            assert claim.refused == {"a": None}
    held.release()


def test_an_answer_of_the_server_that_was_lost_is_found_out(locks, monkeypatch):
    """A renaming that was done, and is refused when it is asked for again, was done."""
    locks.take(["a"]).release()
    real = os.rename

    def twice(old, new):
        real(old, new)
        real(old, new)

    monkeypatch.setattr(os, "rename", twice)
    claim = locks.take(["a", "b"])
    assert claim.names == ["a", "b"]
    assert claim.confirm()
    claim.release()
    assert locks.holder("a") is None


@pytest.mark.parametrize("number", range(1, 7))
def test_a_burial_that_was_broken_off_is_finished_by_the_next(locks, elsewhere, monkeypatch, number):
    """Whatever a process that freed the locks of a dead one was killed at, they are free in the end."""
    dead = elsewhere.take(["a", "b"])
    dead._ended.set()
    dead._thread.join()
    calls = []

    def fail(*arguments):
        calls.append(1)
        if len(calls) == number:
            raise InterruptedError
        return real(*arguments)

    real = os.rename
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fail)
        watch = Watch(locks, Clock())
        with suppress(InterruptedError):
            seen_silent(watch, dead.holder, ["a"], seconds=120)
    seen_silent(Watch(locks, Clock()), dead.holder, ["a"], seconds=121)
    locks.tidy()
    with locks.take(["a", "b"]) as claim:
        assert claim.names == ["a", "b"]
    assert list((locks.path / "holders").iterdir()) == []


def test_waiting_ends_with_the_lock_or_with_patience(locks, elsewhere):
    """A lock that is let go of is taken; a holder that lives is left alone."""
    held = locks.take(["a"])
    assert locks.wait("a", patience=0.0) is None
    timer = threading.Timer(0.05, held.release)
    timer.start()
    with replace(locks, beat_seconds=0.01).wait("a") as claim:
        assert "a" in claim
    silent = elsewhere.take(["b"])
    with replace(locks, beat_seconds=0.001, stale_seconds=0.01).wait("b") as claim:
        assert "b" in claim
    silent.release()
    timer.join()


@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", ["mkdir", "rename"])
def test_a_folder_that_cannot_be_written_leaves_nothing_held(locks, monkeypatch, call, code):
    """The error of the system reaches the caller, and the next one gets every lock."""
    locks.take(["a"]).release()
    with monkeypatch.context() as patch:

        def refuse(*_, **__):
            raise OSError(code, os.strerror(code))

        patch.setattr(os, call, refuse)
        with pytest.raises(OSError, match=os.strerror(code)):
            locks.take(["a", "b"])
    with locks.take(["a", "b"]) as claim:
        assert claim.names == ["a", "b"]


def test_tables_of_processes_are_told_apart(monkeypatch):
    """A table has the same name in every process that shares it, and no name of a machine in it."""
    program = "from ceteris.locks.holder import process_table; print(process_table())"
    again = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert again.stdout.strip() == process_table()
    monkeypatch.setattr("platform.node", lambda: "another")
    assert process_table.__wrapped__() != process_table()
