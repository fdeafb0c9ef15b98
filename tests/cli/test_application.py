import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import typer

from ceteris.cli.application import app

HERE = Path(__file__).parent


def described(command=None, name="ceteris"):
    """Write down every command, argument and option, without the layout, which is Typer's."""
    command = command or typer.main.get_command(app)
    lines = [name, *(f"  {line}".rstrip() for line in command.help.splitlines())]
    for parameter in command.params:
        if parameter.name in {"install_completion", "show_completion"}:
            continue  # Typer's own
        option = parameter.opts[0].startswith("-")
        words = parameter.opts[0] if option else parameter.metavar or parameter.name
        hidden = " (hidden)" if parameter.hidden else ""
        default = "" if parameter.default in (None, False) else f" [{parameter.default}]"
        lines.append(f"    {words}{hidden}{default}: {parameter.help or ''}".rstrip(": "))
    inner = sorted(getattr(command, "commands", {}).items())
    return "\n".join([*lines, "", *(described(each, f"{name} {word}") for word, each in inner)])


def test_the_command_line_is_what_was_agreed_on():
    """Commands, options and help texts are pinned: a change shows in `help.txt`, and is meant."""
    assert described() == (HERE / "help.txt").read_text()


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("plan", "--help"), ("run", "-h"), ("schema", "--help")])
def test_help_is_given(ceteris, arguments):
    """Every command explains itself."""
    code, out, err = ceteris(*arguments)

    assert (code, err) == (0, "")
    assert out.startswith("Usage: ")
    assert "--shapes-if-no-cifar10" not in out


def test_help_loads_nothing_heavy():
    """`ceteris --help` answers at once: neither NumPy nor Rich nor anything of ours is loaded for it."""
    script = (
        "import sys\nfrom ceteris.cli.application import main\nsys.argv = ['ceteris', 'run', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    print('loaded:', *sorted(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    loaded = set(out.partition("loaded:")[2].split())

    assert {name for name in loaded if name.startswith("ceteris.") and not name.startswith("ceteris.cli")} == {
        "ceteris.errors"
    }
    assert {"torch", "scipy", "matplotlib", "numpy", "rich"} & loaded == set()


def test_planning_and_training_load_neither_torch_nor_figures():
    """`ceteris plan` is there in a fraction of a second, but for its measurement; `run` draws when all is trained."""
    script = "import sys, ceteris.cli.plan, ceteris.cli.status, ceteris.cli.run; print(*sorted(sys.modules), sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    assert {"torch", "torchvision", "matplotlib", "pandas"} & set(loaded) == set()


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(
    "case", tomllib.loads((HERE / "errors.toml").read_text())["case"], ids=lambda case: " ".join(case["arguments"])
)
def test_a_mistake_is_answered_in_a_line(ceteris, study_file, engine, case):  # noqa: ARG001 - fixtures
    """No traceback: the whole of what is said, and 2 for the shell."""
    Path("strangers").mkdir()
    Path("strangers/thesis.txt").write_text("mine")
    for name, path in (("tilde", "~nosuchuser/photos"), ("windows", r"C:\Users\me"), ("tab", r"C:\temp")):
        Path(f"{name}.toml").write_text(study_file.read_text().replace('"shapes"', f'"{path}"'))
    Path("wrong.toml").write_text(study_file.read_text().replace("seeds = 3", "sedes = 3").replace("0.34", "3"))

    code, out, err = ceteris(*case["arguments"])
    assert (code, err.splitlines()) == (2, case["says"])
    assert "Traceback" not in out


def test_the_version_is_shown(ceteris):
    """One line, as bug reports need it."""
    assert ceteris("--version") == (0, f"ceteris {metadata.version('ceteris')}\n", "")


@pytest.mark.parametrize(
    "arguments", [("rum",), ("run",), ("run", "x.toml", "--sedes", "3"), ("run", "x", "--seeds", "0")]
)
def test_a_wrong_command_line_is_answered_with_its_usage(ceteris, arguments):
    """What Typer finds wrong is said on standard error, with 2 for the shell."""
    code, out, err = ceteris(*arguments)

    assert (code, out) == (2, "")
    assert err.startswith("Usage: ")
