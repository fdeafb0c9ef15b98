import os
import signal

import pytest

from ceteris.cli.signals import ended_by_signals

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


def test_an_ignored_signal_stays_ignored():
    """A command under nohup survives its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
