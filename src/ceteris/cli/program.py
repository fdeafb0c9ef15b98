"""How the command line begins and ends: streams, signals, and errors as one line each."""

# ruff: noqa: PLC0415 - what a command needs is imported when it is called

import atexit
import codecs
import errno
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from types import FrameType
from typing import Any, TextIO, cast

from ceteris.errors import CeterisError, StudyError, reason

_NO_READER = 128 + 13
"""As shells report a program that SIGPIPE ended."""


def run_program(commands: Callable[[], None]) -> None:
    """Run the command line.

    Exit codes: 2 for a mistake that can be fixed, 1 if a part of the work failed, 128 plus the number of the signal
    that ended it: 130 after Ctrl-C, 143 after SIGTERM, 141 when standard output lost its reader.
    """
    gc.set_threshold(50_000, 10, 10)  # little of a report is garbage: looking for it took a fifth of drawing one
    try:
        with guarded_streams(), ended_by_signals():
            _call(commands)
    except LostOutputError as lost:
        if not lost.reason:
            raise SystemExit(_NO_READER) from None
        _print_errors(f"standard output cannot be written: {lost.reason}. Run the same command again with room there.")
        raise SystemExit(2) from None
    except SystemExit as leaving:
        if threading.active_count() > 1 and _is_training():
            _leave(leaving.code)
        raise


def _is_training() -> bool:
    from ceteris.resources import WORKER

    return any(thread.name.startswith(WORKER) for thread in threading.enumerate())


def _leave(code: str | int | None) -> None:
    """End without tearing down the interpreter: a thread that trains in compiled code would be torn out of it."""
    atexit._run_exitfuncs()  # noqa: SLF001 - ends child processes; there is no public name for it
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 1)


def _call(commands: Callable[[], None]) -> None:
    try:
        commands()
    except StudyError as error:
        _print_errors(*error.mistakes)
        raise SystemExit(2) from None
    except MemoryError as error:
        from ceteris.formatting.wording import byte_count
        from ceteris.resources import free_memory

        free = free_memory()
        there = "" if free is None else f" ({byte_count(free.free)} are free {free.limit})"
        _print_errors(
            f"there is not enough memory{there}: {str(error) or 'the system gave none'}. End other programs, or make "
            "networks or images smaller; `ceteris plan` says what a study needs."
        )
        raise SystemExit(1) from None
    except CeterisError as error:
        _print_errors(str(error))
        raise SystemExit(2) from None
    except OSError as error:
        if error.filename is None:
            raise
        _print_errors(f"{error.filename}: {reason(error)}. Check the path, then run the same command again.")
        raise SystemExit(2) from None


def _print_errors(*sentences: str) -> None:
    from rich.console import Console
    from rich.text import Text

    from ceteris.cli.console import print_sentence

    console = Console(highlight=False, stderr=True)
    for sentence in sentences:
        print_sentence(Text(f"error: {sentence}"), console)


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


_HANDLER = "ceteris.plain"
_PLAIN = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{PLUS-MINUS SIGN}": "+/-",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{ALMOST EQUAL TO}": "~",
    "\N{DAGGER}": "*",
    "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ",
}
"""ASCII for the signs that our sentences use; of other characters the code is written, as Python does on stderr."""

# The reader has gone: `| head -1`, a terminal that was closed; Windows reports EINVAL for a pipe without a reader.
_GONE = {errno.EPIPE, errno.ESHUTDOWN, errno.EIO, *((errno.EINVAL,) if os.name == "nt" else ())}


class LostOutputError(Exception):
    """Standard output can no longer be written; no `OSError`, so that nobody takes it for trouble with a file.

    Attributes:
        reason: Why; empty if its reader has gone, who needs no message.
    """

    def __init__(self, error: OSError) -> None:
        self.reason = "" if error.errno in _GONE else reason(error)
        super().__init__(self.reason)


class _Guarded:
    """A stream that leads nowhere after its first failure.

    That its reader has gone is raised at once: nobody waits for more. Of a full disk the work does not depend, so that
    it is raised at the end. Both are raised once, and in the main thread.
    """

    def __init__(self, stream: TextIO, *, is_essential: bool) -> None:
        self._stream = stream
        self._is_essential = is_essential
        self._error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except OSError as error:
            self._lose(error)
        self._tell(is_end=False)
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._lose(error)
        self._tell(is_end=False)

    def conclude(self) -> None:
        """Write what is left; the stream itself stays open."""
        self.flush()
        self._tell(is_end=True)

    def _lose(self, error: OSError) -> None:
        self._error = self._error or (error if self._is_essential else None)
        with suppress(OSError, ValueError):  # what is still in the buffer must find a place, or Python's own end fails
            descriptor = os.open(os.devnull, os.O_WRONLY)
            os.dup2(descriptor, self._stream.fileno())
            os.close(descriptor)

    def _tell(self, *, is_end: bool) -> None:
        error = self._error
        if error is None or threading.current_thread() is not threading.main_thread():
            return
        if is_end or error.errno in _GONE:
            self._error, self._is_essential = None, False
            raise LostOutputError(error)


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Let commands print whatever they have to say, wherever the standard streams lead.

    A stream that was closed before the start leads nowhere; a character that a stream's encoding lacks is replaced;
    that standard output is lost in the middle is one exception. Lost messages on standard error are none.

    Raises:
        LostOutputError: If standard output was lost.
    """
    codecs.register_error(_HANDLER, _replaced)
    _open_closed()
    with ExitStack() as streams:
        for stream, redirect in ((sys.stdout, redirect_stdout), (sys.stderr, redirect_stderr)):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors=_HANDLER)
            guarded = _Guarded(stream, is_essential=stream is sys.stdout)
            streams.enter_context(redirect(cast("TextIO", guarded)))
            streams.callback(guarded.conclude)
        yield


def _open_closed() -> None:
    """Open streams that were closed (`>&-`), or the next file that is opened gets their number and their output."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, "w" if number else "r", encoding="utf-8")  # noqa: PTH123, SIM115 - for all time
            if stream.fileno() == number:
                os.set_inheritable(number, True)  # for worker processes
            setattr(sys, name, stream)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    return "".join(_PLAIN.get(one) or one.encode("ascii", "backslashreplace").decode() for one in found), error.end
