"""`make study` installs what it needs, step by step; a program that logs its arguments stands for Python and pip."""

import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    os.name != "posix" or not shutil.which("make"), reason="without make the commands are those of the README"
)

PIP_UPGRADE = "pip install --upgrade pip>=25.1"
FROM_INDEX = "pip install --index-url {index} torch torchvision"
FULL, LIGHT = "pip install --editable .[torch]", "pip install --editable ."
RUN = "ceteris run studies/cifar10-first-batch.toml --shapes-if-no-cifar10"

# The interpreter of the environment: tells where it is asked for modules, and writes down what pip is asked for.
INTERPRETER = """\
#!/bin/sh
case "$1 $2" in
"-c import ceteris"*) exit {has_kernels};;
"-c import torch"*) exit {has_torch};;
"-c "*) exec "{python}" "$@";;
"-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; cp "{ceteris}" "$3/bin/ceteris"; exit {venv};;
esac
shift; echo "$*" >> "{log}"
case "$*" in {failing}) exit 1;; esac
"""


@pytest.fixture
def make(tmp_path):
    """Call make with a Python of ours; gives exit code, what was called, and what was printed."""
    log, python, ceteris = tmp_path / "log", tmp_path / "python3", tmp_path / "ceteris"
    ceteris.write_text(f'#!/bin/sh\necho "ceteris $*" >> "{log}"\n')
    ceteris.chmod(0o755)

    def call(*words, has_kernels=True, has_torch=False, failing="never", venv=0, index=""):
        log.write_text("")
        code = {True: 0, False: 1}
        python.write_text(
            INTERPRETER.format(
                has_kernels=code[has_kernels], has_torch=code[has_torch], failing=failing, venv=venv,
                python=sys.executable, ceteris=ceteris, log=log,
            )
        )  # fmt: skip
        python.chmod(0o755)
        if (tmp_path / "venv" / "bin").is_dir():
            shutil.copy(python, tmp_path / "venv" / "bin" / "python")
            os.utime(tmp_path / "venv" / "bin" / "python", (0, 0))
        settings = (f"PYTHON={python}", f"VENV={tmp_path / 'venv'}", f"TORCH_INDEX={index}")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        ended = subprocess.run(
            [shutil.which("make"), "study", *settings, *words],
            cwd=ROOT, env=clean, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return ended.returncode, log.read_text().splitlines(), ended.stdout + ended.stderr

    return call


@pytest.fixture
def index():
    """An index on this machine that has a page for every name."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/whl/cpu"
    server.shutdown()
    thread.join()
    server.server_close()


def steps(said):
    """Give the lines that say what is installed."""
    return [line for line in said.splitlines() if line.startswith("== ")]


def test_everything_is_installed_and_the_study_is_run(make):
    """Each step is named before it is done, with what it downloads; a second call installs nothing."""
    code, called, said = make()

    assert (code, called) == (0, [PIP_UPGRADE, FULL, RUN])
    assert [line.partition(":")[0] for line in steps(said)] == [
        f"== A virtual environment in {said.split(' in ')[1].split(',')[0]}, with a current pip",
        "== PyTorch and torchvision with GPU support",
        "== ceteris and its libraries",
    ]
    assert all("download" in line for line in steps(said))
    assert make()[:2] == (0, [RUN])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the ordinary builds are for a processor")
def test_a_build_for_the_processor_is_taken_where_its_index_answers(make, index):
    """It is a tenth of the size."""
    code, called, said = make(index=index)

    assert (code, called) == (0, [PIP_UPGRADE, FROM_INDEX.format(index=index), FULL, RUN])
    assert "== PyTorch and torchvision without GPU support: 0.2 GB to download, 1 GB on the disk" in steps(said)


def test_an_index_that_does_not_answer_is_not_waited_for(make):
    """Nothing listens on the first port: the ordinary registry is asked."""
    code, called, said = make(index="http://127.0.0.1:1/whl/cpu")

    assert (code, called) == (0, [PIP_UPGRADE, FULL, RUN])
    assert any(line.startswith("== PyTorch and torchvision with GPU support: ") for line in steps(said))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the ordinary builds are for a processor")
def test_an_index_without_a_fitting_build_is_left(make, index):
    """There may be none for this version of Python."""
    code, called, _ = make(index=index, failing="*--index-url*")

    assert (code, called) == (0, [PIP_UPGRADE, FROM_INDEX.format(index=index), FULL, RUN])


def test_pytorch_that_is_there_is_kept(make):
    """It is not looked for, whichever build it is."""
    _, called, said = make(has_torch=True, index="http://127.0.0.1:1/whl/cpu")

    assert called == [PIP_UPGRADE, FULL, RUN]
    assert "== PyTorch and torchvision are installed already" in steps(said)


def test_light_leaves_pytorch_out(make):
    """And brings it when it is asked for later."""
    assert make("LIGHT=1")[:2] == (0, [PIP_UPGRADE, LIGHT, RUN])
    assert make("LIGHT=0")[:2] == (0, [FULL, RUN])


def test_without_kernels_pytorch_is_installed_all_the_same(make):
    """Somebody must train."""
    code, called, said = make("LIGHT=1", has_kernels=False)

    assert (code, called) == (0, [PIP_UPGRADE, LIGHT, FULL, RUN])
    assert "== The lanes engine was not compiled: PyTorch is needed in its place" in steps(said)


def test_another_study_may_be_named(make):
    """With STUDY."""
    assert make("STUDY=examples/layers.toml")[1][-1] == "ceteris run examples/layers.toml --shapes-if-no-cifar10"


PIP_FAILED = (
    "error: pip could not install what is needed, as its last lines say. Run the same command again; pip keeps "
)
FAILURES = {
    "pip": ({"failing": "*upgrade*"}, [PIP_UPGRADE], f"{PIP_FAILED}what it has downloaded."),
    "PyTorch": (
        {"failing": "*torch*"},
        [PIP_UPGRADE, FULL],
        f"{PIP_FAILED}what it has downloaded. PyTorch alone is left out by `make study LIGHT=1`.",
    ),
    "environment": (
        {"venv": 1},
        [],
        (
            "error: no virtual environment could be made in {venv}. On Debian and Ubuntu, install python3-venv; then "
            "run the same command again."
        ),
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_step_that_fails_says_what_to_do_and_is_tried_again(make, tmp_path, case):
    """Nothing after it is done; the same command does it again, and goes on."""
    trouble, called, sentence = FAILURES[case]
    code, did, said = make(**trouble)

    assert (code, did) == (2, called)
    assert sentence.format(venv=tmp_path / "venv") in said.splitlines()
    code, did, _ = make()
    assert (code, did[-2:]) == (0, [FULL, RUN])


def test_a_python_that_is_too_old_is_told(make, tmp_path):
    """Before anything is made."""
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    code, called, said = make(f"PYTHON={old}")

    assert (code, called) == (2, [])
    sentence = (
        f"error: ceteris needs Python 3.11 or later, which {old} is not. Name another: make study PYTHON=python3.12"
    )
    assert sentence in said.splitlines()
    assert not (tmp_path / "venv").exists()
