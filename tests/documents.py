"""The code of a page, and a folder in which it is run: with smaller data and shorter training, by the same commands.

Only two things are replaced: the data, by small data that the tests write, and the sizes, by what `PROGRAMS` adds to a
command (fewer seeds, epochs and, of the founding study, arms) and `shortened` takes from a study.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
COMMANDS = ("sh", "console")

PROGRAMS = {
    "ceteris": (
        'case "$1" in run|plan) set -- "$@" --seeds 2 --epochs 1;; esac\n'
        'case "$1 $2" in "run studies/"*) set -- "$@" --only baseline --only 5x5;; esac\n'
        'exec "{python}" -m ceteris "$@"\n'
    ),
    "python": 'case "$3" in 3000) set -- "$1" "$2" 90;; esac\nexec "{python}" "{root}/$1" "$2" "$3" $4\n',
}
"""What stands for a program of the page; `ceteris` and `.venv/bin/ceteris` are the same."""


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
        if kind == "text":
            found[-1] = replace(found[-1], shown=token.content)
        elif kind in COMMANDS:
            lines = token.content.splitlines()
            found += [Step(kind=kind, text=re.sub(r"\s+# .*", "", line.removeprefix("$ "))) for line in lines]
        else:
            found.append(Step(kind=kind, text=token.content))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """An empty folder with the programs of a page.

    Attributes:
        home: Holds the folder, the programs and a cache.
        settings: Further variables of the environment.
    """

    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self):
        """Where the commands are run."""
        return self.home / "here"

    @property
    def environment(self):
        """The variables that they see: no network is needed, and no cache but their own."""
        return os.environ | {
            "PATH": f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "COLUMNS": "100",
            **self.settings,
        }

    def prepare(self):
        """Make the folder and the programs."""
        for folder in (self.home / "bin", self.folder / ".venv" / "bin"):
            folder.mkdir(parents=True)
            for name, script in PROGRAMS.items():
                (folder / name).write_text("#!/bin/sh\n" + script.format(python=sys.executable, root=ROOT))
                (folder / name).chmod(0o755)
        return self

    def do(self, step):
        """Run a command or a Python program; gives exit code, standard output and standard error."""
        words = ["sh", "-c", step.text] if step.kind in COMMANDS else [sys.executable, "-c", step.text]
        ended = subprocess.run(
            words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        return ended.returncode, ended.stdout, ended.stderr


def shortened(study):
    """Give the text of a study with two seeds, one epoch and a fiftieth of the training images."""
    study = re.sub(r"^seeds = .*", "seeds = 2", study, flags=re.MULTILINE)
    study = re.sub(r"^epochs = \d+", "epochs = 1", study, flags=re.MULTILINE)
    return study.replace("[data]\n", "[data]\nfraction = 0.02\n")
