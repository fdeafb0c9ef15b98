"""Signals that end a command: each becomes an exception, so that temporary files and processes go with it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP", "SIGBREAK")
"""Asked to end; the terminal was closed; Ctrl-Break or a closed window on Windows. Ctrl-C is Python's own."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let signals that would kill the process raise `SystemExit` with 128 plus their number instead.

    One that is ignored, as by nohup, stays ignored.
    """
    kinds = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    is_main = threading.current_thread() is threading.main_thread()  # no other may handle signals
    handlers = {kind: signal.getsignal(kind) for kind in kinds if is_main}
    before = {kind: one for kind, one in handlers.items() if one not in {signal.SIG_IGN, None}}
    for kind in before:
        signal.signal(kind, _end)
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
