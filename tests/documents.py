"""The code of a page, and a folder in which it is run: with smaller data and shorter training, by the same commands.

Commands of ceteris and programs in Python are run in the process of the test: starting sixty processes, each of which
loads the same libraries, took most of the time. What is replaced is the data, by small data that the tests write or
draw, and the sizes, by what `Workplace` adds to a command (fewer seeds and epochs) and `shortened` takes from a study.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from ceteris.cli.application import main
from ceteris.cli.estimate import estimate_time
from ceteris.datasets.cifar10 import OFFICIAL
from ceteris.datasets.cifar10_reader import read_cifar10
from ceteris.datasets.shapes import draw_shapes
from tests.datasets.photographs import write_photographs

ROOT = Path(__file__).parents[1]
COMMANDS = ("sh", "console")
IMAGES = 200  # for each batch of CIFAR-10 and of the shapes, in place of 10,000


@dataclass(frozen=True)
class Step:
    """A command, a program or a file of a page, and what the page shows below it.

    Attributes:
        kind: The language of its block: `sh`, `console`, `python`, `toml`; empty if the page names none.
        text: What is to be run or read; a command is without its prompt and its comment.
        shown: The `text` block that follows.
    """

    kind: str
    text: str
    shown: str = ""


def steps(page):
    """Read a page: each command of a `sh` or `console` block, and each other block, with the text that follows it."""
    found = []
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        kind = token.info.strip()
        if token.type not in {"fence", "code_block"}:
            continue
        if kind == "text" and found:
            found[-1] = replace(found[-1], shown=token.content)
        elif kind == "text":
            continue  # shown before anything is run
        elif kind in COMMANDS:
            lines = token.content.splitlines()
            found += [Step(kind=kind, text=re.sub(r"\s+# .*", "", line.removeprefix("$ "))) for line in lines]
        else:
            found.append(Step(kind=kind, text=token.content))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """An empty folder in which the commands of a page are run.

    Attributes:
        home: Holds the folder and a cache.
        settings: Further variables of the environment.
    """

    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self):
        """Where the commands are run."""
        return self.home / "here"

    @property
    def changed(self):
        """The variables that differ: no network is needed, and no cache but their own."""
        return {"XDG_CACHE_HOME": str(self.home / "cache"), "COLUMNS": "100", **self.settings}

    @property
    def environment(self):
        """The variables of a program that is started there."""
        programs = f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        known = os.pathsep.join(filter(None, sys.path))
        return {**os.environ, "PATH": programs, "PYTHONPATH": known, **self.changed}

    def prepare(self):
        """Make the folder, and the program for commands that a shell runs."""
        for folder in (self.folder, self.home / "bin"):
            folder.mkdir(parents=True)
        (self.home / "bin" / "ceteris").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ceteris "$@"\n')
        (self.home / "bin" / "ceteris").chmod(0o755)
        return self

    def do(self, step):
        """Run a command or a Python program; gives exit code, standard output and standard error."""
        words, streams = _read(step.text) if step.kind in COMMANDS else ([], {})
        with ExitStack() as stack:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.chdir(self.folder)
            for name, value in self.changed.items():
                patch.setenv(name, value)
            stack.enter_context(few_images())
            # How fast this machine trains and predicts is measured all the same, for a shorter time.
            patch.setattr("ceteris.cli.run._MEASURED_SECONDS", 0.05)
            patch.setattr("ceteris.execution.prediction_time._SECONDS", 0.05)
            patch.setitem(estimate_time.__kwdefaults__, "budget", 0.05)
            out, err = (stack.enter_context(_standard(number, streams.get(number))) for number in (1, 2))
            stack.enter_context(_standard(0, streams.get(0)))
            code = _done(step.text, words, patch, self.environment)
            return code, _written(out), _written(err)


def _read(text):
    """Read a command as a shell does: its words, and the files that its streams are led to, by number.

    What only a shell can run, such as two commands in a line, is left to one.
    """
    parts = shlex.shlex(text, posix=True, punctuation_chars="<>|&;")
    parts.whitespace_split = True
    words, streams = [], {}
    for part in parts:
        if part in {"<", ">"}:
            streams["<>".index(part)] = next(parts)
        elif set(part) <= set("<>|&;"):
            return ["sh", "-c", text], {}
        else:
            words.append(part)
    return words, streams


def _done(text, words, patch, environment):
    """Run a program, given as text, or a command, given as words; gives its exit code."""
    match words:
        case []:
            exec(compile(text, "<page>", "exec"), {"__name__": "__main__"})  # noqa: S102 - a page of ours
        case ["ceteris" | ".venv/bin/ceteris", *options]:
            patch.setattr(sys, "argv", ["ceteris", *options, *_shorter(options)])
            with pytest.raises(SystemExit) as left:
                main()
            return left.value.code or 0
        case ["python", "tests/datasets/photographs.py", folder, "3000"]:
            write_photographs(Path(folder), 90, largest=640)
        case ["python", "tests/datasets/photographs.py", folder, count, seed]:
            write_photographs(Path(folder), int(count), seed=int(seed))
        case _:
            return subprocess.run(words, check=False, env=environment).returncode
    return 0


def _shorter(options):
    """Give what is added to a command."""
    match options:
        case ["run" | "plan", *_]:
            return ["--seeds", "2", "--epochs", "1"]
        case _:
            return []


@contextmanager
def _standard(number, name):
    """Lead a standard stream of this process and of those that it starts to a file; gives that file."""
    kept = os.dup(number)
    with open(name, "w+" if number else "r") if name else tempfile.TemporaryFile("w+") as file:  # noqa: PTH123
        os.dup2(file.fileno(), number)
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, ("stdin", "stdout", "stderr")[number], file)
                yield file
        finally:
            os.dup2(kept, number)
            os.close(kept)


def _written(file):
    file.flush()
    file.seek(0)
    return file.read()


@contextmanager
def few_images():
    """Let CIFAR-10 and the shapes have so few images in each batch that training takes no time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ceteris.datasets.cifar10.RECORDS", IMAGES)
        patch.setitem(read_cifar10.__kwdefaults__, "release", replace(OFFICIAL, records=IMAGES))
        patch.setitem(draw_shapes.__kwdefaults__, "images", IMAGES)
        yield


def shortened(study, variations=()):
    """Give the text of a study with two seeds and one epoch, and only these variations, if some are named."""
    study = re.sub(r"^seeds = .*", "seeds = 2", study, flags=re.MULTILINE)
    study = re.sub(r"^epochs = \d+", "epochs = 1", study, flags=re.MULTILINE)
    first, *tables = study.split("\n[[variation]]\n")
    kept = (table for table in tables if not variations or any(f'name = "{name}"' in table for name in variations))
    return "\n[[variation]]\n".join((first, *kept))
