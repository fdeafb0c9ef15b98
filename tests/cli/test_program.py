import errno
import io
import os
import signal
import subprocess
import sys

import pytest

from ceteris.cli.program import LostOutputError, ended_by_signals, guarded_streams

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_becomes_an_exception(name):
    """What a command opened is closed on the way out, and the shell gets 128 plus the signal."""
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as left, ended_by_signals():
        signal.raise_signal(number)

    assert left.value.code == 128 + number
    assert signal.getsignal(number) is before


LEFT_WHILE_TRAINING = """
import atexit, sys, threading
from ceteris.cli.program import run_program

class Kept:
    def __del__(self):
        print("torn down")

kept = Kept()
atexit.register(print, "children ended")
threading.Thread(target=threading.Event().wait, name="worker 0", daemon=True).start()
run_program(lambda: sys.exit(143))
"""


def test_who_leaves_while_threads_train_does_not_tear_them_down():
    """The interpreter would end threads in the middle of compiled code, which aborts with a message of C++."""
    ended = subprocess.run([sys.executable, "-c", LEFT_WHILE_TRAINING], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "children ended\n", "")


def test_an_ignored_signal_stays_ignored():
    """A command under nohup survives its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


class Failing(io.RawIOBase):
    """A descriptor that takes nothing."""

    def __init__(self, number):
        self.number = number

    def writable(self):
        """It is for writing."""
        return True

    def write(self, _content):
        """Fail."""
        raise OSError(self.number, os.strerror(self.number))


def say(*lines):
    """Print lines, each at once, and tell that the end was reached."""
    for line in lines:
        sys.stdout.write(line)
        sys.stdout.flush()
    return True


def failing(number):
    """Give a text stream on it."""
    return io.TextIOWrapper(io.BufferedWriter(Failing(number)), encoding="utf-8")


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("cp1252", "-1 \u00b1 2 \u201c\u00e9\u201d -> \\u732b \\udce9"),
        ("latin-1", '-1 \u00b1 2 "\u00e9" -> \\u732b \\udce9'),
        ("ascii", '-1 +/- 2 "\\xe9" -> \\u732b \\udce9'),
        ("utf-8", "\u22121 \u00b1 2 \u201c\u00e9\u201d \u2192 \u732b \\udce9"),
    ],
)
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_what_an_encoding_lacks_is_replaced(monkeypatch, name, encoding, expected):
    """Our signs become ASCII, other characters their code; also halves of characters, as in names of files."""
    held = io.BytesIO()
    monkeypatch.setattr(sys, name, io.TextIOWrapper(held, encoding=encoding))
    with guarded_streams():
        getattr(sys, name).write("\u22121 \u00b1 2 \u201c\u00e9\u201d \u2192 \u732b \udce9")

    assert held.getvalue().decode(encoding) == expected


def test_a_reader_that_has_gone_ends_the_command_at_once(monkeypatch):
    """What follows is not computed, and nothing needs to be said."""
    monkeypatch.setattr(sys, "stdout", failing(errno.EPIPE))
    done = []
    with pytest.raises(LostOutputError) as lost, guarded_streams():
        done.append(say("one"))

    assert (lost.value.reason, done) == ("", [])


def test_a_full_disk_does_not_stop_the_work(monkeypatch):
    """All is done, and at the end it is said once that the output is lost."""
    monkeypatch.setattr(sys, "stdout", failing(errno.ENOSPC))
    done = []
    with pytest.raises(LostOutputError) as lost, guarded_streams():
        done.append(say("one", "two"))

    assert (lost.value.reason, done) == ("no space left on device", [True])


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC])
def test_lost_messages_are_no_reason_to_end(monkeypatch, number):
    """Standard error may be lost, and the command goes on."""
    monkeypatch.setattr(sys, "stderr", failing(number))
    with guarded_streams():
        sys.stderr.write("one")
        sys.stderr.flush()
        assert say("more")


def called(redirection, *arguments):
    """Call the command in a shell; gives its exit code and what it said on standard error."""
    shell = ["sh", "-c", f'"$0" -m ceteris "$@" {redirection}', sys.executable, *arguments]
    ended = subprocess.run(shell, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_closed_streams_are_as_good_as_any():
    """`>&-` and `2>&-` lead nowhere, and no file that is opened later gets their output."""
    assert called(">&-", "schema") == (0, "")
    assert called("2>&-", "schema") == (0, "")
    assert called("<&- >&- 2>&-", "schema") == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full disk to try")  # noqa: PTH110
@pytest.mark.parametrize("argument", ["schema", "--help"])
def test_a_full_disk_is_said_in_a_line(argument):
    """No traceback, also not from Python's own end; 2 for the shell."""
    line = (
        "error: standard output cannot be written: no space left on device. Run the same command again with room there."
    )

    assert called("> /dev/full", argument) == (2, f"{line}\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_closed_pipe_ends_quietly():
    """As `| head -1` does: nothing is said, and 141 for the shell."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "ceteris", "schema"]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)

    assert (ended.returncode, ended.stderr) == (141, "")
