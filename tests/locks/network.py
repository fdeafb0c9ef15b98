"""A network file system as one machine sees it: what others have made shows up late."""

import errno
import io
import os
import time
from collections.abc import Callable
from pathlib import Path

CALLS = ("stat", "lstat", "listdir", "scandir", "open", "mkdir", "rename", "replace", "unlink", "rmdir", "utime")


class Network:
    """Names in a folder are remembered for some seconds, and names that are not among them seem not to be there.

    What changes a folder asks the server, and forgets what was remembered of it, as the client of NFS does.
    """

    def __init__(self, root: Path, seconds: float) -> None:
        """Choose the folder that lies on a server, and how long lists of names are remembered."""
        self.root, self.seconds = f"{root}{os.sep}", seconds
        self._lists: dict[str, tuple[float, set[str]]] = {}
        self._real: dict[str, Callable] = {name: getattr(os, name) for name in CALLS}
        self._open = io.open

    def mount(self) -> None:
        """Let all of this process see the folder so, for good."""
        for name in ("stat", "lstat", "open", "unlink", "rmdir", "utime", "mkdir"):
            setattr(os, name, self._guarded(name))
        for name in ("rename", "replace"):
            setattr(os, name, self._renaming(name))
        os.listdir, os.scandir, io.open = self._listdir, self._scandir, self._opened

    def _is_inside(self, path: object) -> bool:
        return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self.root)

    def _names(self, folder: str) -> set[str]:
        at, names = self._lists.get(folder, (-1e9, set()))
        if time.monotonic() - at > self.seconds:
            names = set(self._real["listdir"](folder))
            self._lists[folder] = (time.monotonic(), names)
        return names

    def _look_up(self, path: object, *, is_made: bool = False) -> None:
        """Fail where a name on the way to a file is not remembered; the last one does not count if it is to be made."""
        folder = self.root.rstrip(os.sep)
        parts = Path(path).relative_to(folder).parts
        for part in parts[:-1] if is_made else parts:
            if part not in self._names(folder):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            folder = f"{folder}{os.sep}{part}"

    def _forget(self, path: object) -> None:
        self._lists.pop(str(Path(path).parent), None)

    def _guarded(self, name: str) -> Callable:
        real = self._real[name]

        def call(path, *rest, **options):
            if not self._is_inside(path):
                return real(path, *rest, **options)
            is_made = name == "mkdir" or (name == "open" and bool(rest and rest[0] & os.O_CREAT))
            self._look_up(path, is_made=is_made)
            try:
                return real(path, *rest, **options)
            finally:
                if is_made or name in ("unlink", "rmdir"):
                    self._forget(path)
                elif name == "utime":
                    self._lists.pop(os.fspath(path), None)

        return call

    def _renaming(self, name: str) -> Callable:
        real = self._real[name]

        def call(old, new):
            if not self._is_inside(old):
                return real(old, new)
            self._look_up(old)
            self._look_up(new, is_made=True)
            try:
                return real(old, new)
            finally:
                self._forget(old)
                self._forget(new)

        return call

    def _listdir(self, path="."):
        if not self._is_inside(path):
            return self._real["listdir"](path)
        self._look_up(path)
        return list(self._names(os.fspath(path)))

    def _scandir(self, path="."):
        if not self._is_inside(path):
            return self._real["scandir"](path)
        self._look_up(path)
        return _Entries(entry for entry in self._real["scandir"](path) if entry.name in self._names(os.fspath(path)))

    def _opened(self, path, mode="r", *rest, **options):
        if not self._is_inside(path):
            return self._open(path, mode, *rest, **options)
        is_made = bool(set(mode) & set("wxa"))
        self._look_up(path, is_made=is_made)
        try:
            return self._open(path, mode, *rest, **options)
        finally:
            if is_made:
                self._forget(path)


class _Entries(list):
    """Entries of a folder, as `os.scandir` gives them."""

    def __enter__(self):
        return iter(self)

    def __exit__(self, *_):
        pass

    def close(self):
        """End the list."""
