"""Runs code of the user's own from its text: what is run is what was hashed and kept, whatever lies on the disk now."""

import builtins
import importlib.util
import io
import linecache
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any, TextIO

from ceteris.errors import EngineError
from ceteris.usercode.files import entry_path, files_digest

_MOST_CHARACTERS = 20_000
_HERE = "own code: "


class OwnCodeError(EngineError):
    """Code of the user's own failed; the text has its file and line, and the traceback is of that code alone.

    Attributes:
        trace: Their traceback, as Python writes it, with the frames of ceteris and PyTorch that led to it.
    """

    def __init__(self, text: str, trace: str = "") -> None:
        super().__init__(text)
        self.trace = trace

    def __reduce__(self) -> tuple[type["OwnCodeError"], tuple[str, str]]:
        """Keep both texts when it is sent from one process to another."""
        return type(self), (str(self), self.trace)


def load(name: str, files: Sequence[tuple[str, str]]) -> Any:
    """Run a file and those that it imports, once a process for the same texts, and give what a name stands for.

    Args:
        name: As a study gives it, for example `nets.py:Net`.
        files: Text by path, all that it needs besides installed packages.

    Raises:
        OwnCodeError: If it cannot be imported, or has no such name.
    """
    program = _Program(files)
    path, wanted = entry_path(name, files), name.rpartition(":")[2]
    with explained(files, f"{path} cannot be imported"):
        module = program.module(_dotted(path))
    if not hasattr(module, wanted):
        raise OwnCodeError(f"{path} has no '{wanted}' after it was imported; name a class or a function of it.")
    return getattr(module, wanted)


@contextmanager
def explained(files: Sequence[tuple[str, str]], what: str) -> Iterator[None]:
    """Turn whatever user code raises into one sentence with the file and the line of that code.

    Args:
        files: The user's code, whose frames count.
        what: What failed, as the sentence begins.
    """
    try:
        yield
    except OwnCodeError:
        raise
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split()) or "no text"
        kind = type(error).__name__
        if isinstance(error, SystemExit):
            kind, text = "SystemExit", "it ended the program, which no module may"
        raise OwnCodeError(f"{what}: {place_of(error, files)}{kind}: {text}", trace_of(error)) from error


def kind_of(value: object) -> str:
    """Say what a value is, where something else was expected.

    Example:
        >>> kind_of(8), kind_of({}), kind_of(None)
        ('an int', 'a dict', 'None')
    """
    if value is None:
        return "None"
    kind = type(value).__name__
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def place_of(error: BaseException, files: Sequence[tuple[str, str]]) -> str:
    """Give the innermost line of the user's code that led to an error, as `nets.py, line 7, in forward: `."""
    own = {_file_name(files, path): path for path, _ in files}
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename in own]
    if not frames:
        return ""
    last = frames[-1]
    return f"{own[last.filename]}, line {last.lineno}, in {last.name}: "


def trace_of(error: BaseException) -> str:
    """Write the traceback of an error with short names of files, which no folder of a machine is part of."""
    lines = ["Traceback (most recent call last):"]
    for frame in traceback.extract_tb(error.__traceback__):
        name = frame.filename.partition(_HERE)[2].partition("/")[2] if _HERE in frame.filename else ""
        name = name or "/".join(PurePosixPath(frame.filename.replace("\\", "/")).parts[-2:])
        lines.append(f'  File "{name}", line {frame.lineno}, in {frame.name}')
        if frame.line:
            lines.append(f"    {frame.line}")
    lines += [line.rstrip() for line in traceback.format_exception_only(error)]
    return "\n".join(lines)[-_MOST_CHARACTERS:]


class Printed:
    """What code has printed, the first characters of it; more is counted and not kept."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._lost = 0

    def add(self, text: str) -> None:
        """Keep a text as far as there is room."""
        kept = text[: max(0, _MOST_CHARACTERS - self._length)]
        self._length += len(kept)
        self._lost += len(text) - len(kept)
        self._parts.append(kept)

    def text(self) -> str:
        """Give all that was kept, and say how much was not."""
        more = f"\n... and {self._lost:,} more characters\n" if self._lost else ""
        return "".join(self._parts) + more


class _Capture(io.TextIOBase):
    """A stream that keeps what one thread writes, and passes on what others write, such as a display."""

    def __init__(self, printed: Printed, stream: TextIO) -> None:
        self._printed, self._stream, self._thread = printed, stream, threading.get_ident()

    def write(self, text: str) -> int:
        if threading.get_ident() != self._thread:
            return self._stream.write(text)
        self._printed.add(text)
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


@contextmanager
def captured(printed: Printed) -> Iterator[None]:
    """Take what code in this thread prints meanwhile, so that it does not write into a display."""
    with redirect_stdout(_Capture(printed, sys.stdout)), redirect_stderr(_Capture(printed, sys.stderr)):
        yield


def _file_name(files: Sequence[tuple[str, str]], path: str) -> str:
    return f"<{_HERE}{files_digest(files)[:16]}/{path}"


def _dotted(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class _Program:
    """Files that import each other, under a name of their digest, so that two versions of one file get on together."""

    def __init__(self, files: Sequence[tuple[str, str]]) -> None:
        self._files: Mapping[str, tuple[str, str]] = {_dotted(path): (path, text) for path, text in files}
        self._pairs = files
        self._root = f"ceteris_own_{files_digest(files)[:16]}"

    def module(self, name: str) -> ModuleType:
        """Give a module, run now or before in this process; a folder without `__init__.py` is an empty one."""
        whole = f"{self._root}.{name}"
        if whole in sys.modules:
            return sys.modules[whole]
        parent, _, last = name.rpartition(".")
        above = self.module(parent) if parent else None
        path, text = self._files.get(name, ("", ""))
        module = ModuleType(whole)
        is_package = not path or path.endswith("__init__.py")
        module.__package__ = whole if is_package else whole.rpartition(".")[0]
        if is_package:
            module.__path__ = []
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        sys.modules[whole] = module
        if path:
            module.__file__ = file = _file_name(self._pairs, path)
            # For tracebacks and `inspect.getsource`; without a time, `linecache` looks for no file.
            linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
            try:
                exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the user's own study names it
            except BaseException:
                del sys.modules[whole]
                raise
        if above is not None:
            setattr(above, last, module)
        return module

    def _import(  # the signature of `__import__`
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        wanted = name
        if level:
            package = str((globals or {}).get("__package__") or "")
            if not f"{package}.".startswith(f"{self._root}."):
                return builtins.__import__(name, globals, locals, fromlist or (), level)
            wanted = importlib.util.resolve_name("." * level + name, package).removeprefix(self._root).lstrip(".")
        if wanted and not self._has(wanted.split(".")[0]):
            if level:
                raise ModuleNotFoundError(f"No module named '{wanted}' in the folder of the study", name=wanted)
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        if wanted and not self._has(wanted):
            raise ModuleNotFoundError(f"No module named '{wanted}' in the folder of the study", name=wanted)
        module = self.module(wanted) if wanted else ModuleType(self._root)
        for one in fromlist or ():
            inner = ".".join(filter(None, (wanted, one)))
            if one != "*" and not hasattr(module, one) and self._has(inner):
                setattr(module, one, self.module(inner))
        return module if fromlist or level else self.module(wanted.split(".")[0])

    def _has(self, name: str) -> bool:
        return name in self._files or any(one.startswith(f"{name}.") for one in self._files)
