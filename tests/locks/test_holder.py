import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from ceteris.locks import holder as module
from ceteris.locks.holder import Holder, process_table

HERE = Holder.of(threading.get_native_id(), "node1", process_table())
linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells it")


def test_a_holder_is_read_from_its_name():
    """The name of a file has all of it, and a person is told the process and the machine."""
    assert Holder.read(HERE.name) == HERE
    assert str(HERE) == f"process {os.getpid()} on node1"


@pytest.mark.parametrize("name", ["free", "a~b~c~d~e~f", "node1~1~2~3~table", ""])
def test_other_names_are_no_holders(name):
    """What is no lock of this kind is left alone."""
    assert Holder.read(name) is None


def test_a_living_thread_has_not_ended():
    """Nor has one whose numbers belong to another machine, whatever they are here."""
    assert not HERE.has_ended()
    assert not replace(HERE, process=2**22 + 1, table="another").has_ended()


@linux
def test_a_thread_that_ended_has_ended_though_its_process_lives():
    """A claim that could not be released is void as soon as its thread is gone."""
    ids = []
    thread = threading.Thread(target=lambda: ids.append(Holder.of(threading.get_native_id(), "node1", process_table())))
    thread.start()
    thread.join()
    assert ids[0].has_ended()


@linux
def test_a_killed_process_has_ended_before_its_parent_takes_note():
    """A process that nobody has waited for keeps its number, and holds nothing."""
    program = (
        "import threading, time; thread = threading.Thread(target=time.sleep, args=(60,)); thread.start();"
        "print(thread.native_id, flush=True); thread.join()"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    thread = int(process.stdout.readline())
    started = module._started(process.pid, thread)
    theirs = replace(HERE, process=process.pid, thread=thread, started=started)
    assert not theirs.has_ended()
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert theirs.has_ended()
    process.communicate()
    assert theirs.has_ended()


@linux
def test_a_number_that_was_given_again_is_no_sign_of_life():
    """A later process or thread with the same number started at another time."""
    assert replace(HERE, started=HERE.started - 1).has_ended()


def test_where_the_system_does_not_tell_a_process_counts_as_alive(monkeypatch):
    """Without a start time, or where processes of others are hidden, only a missing process has ended."""
    monkeypatch.setattr(module, "_started", lambda *_: None)
    assert not HERE.has_ended()
    assert not replace(HERE, started=0).has_ended()
    assert replace(HERE, process=2**22 + 1).has_ended()


def test_a_process_of_another_user_is_alive(monkeypatch):
    """A signal that may not be sent says that there is somebody."""

    def forbidden(*_):
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    assert not replace(HERE, started=1).has_ended()
