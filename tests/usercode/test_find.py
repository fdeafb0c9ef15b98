import pytest

from ceteris.usercode.find import CodeError, read_code


@pytest.fixture
def folder(tmp_path):
    """A folder with a network of three files, and one that nothing imports."""
    (tmp_path / "nets.py").write_text("from blocks import block\nimport json, parts.small\n\n\nclass Net:\n    pass\n")
    (tmp_path / "blocks.py").write_text("def block():\n    from parts.large import wide\n    return wide\n")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "small.py").write_text("from .large import wide\n")
    (tmp_path / "parts" / "large.py").write_text("wide = 8\n")
    (tmp_path / "json.py").write_text(
        "a file with the name of a module of Python, which Python would not import either"
    )
    (tmp_path / "other.py").write_text("raise SystemExit\n")
    return tmp_path


def test_what_a_file_imports_from_its_folder_is_found_and_nothing_is_run(folder):
    """Through other files, inside functions and in packages; not what is installed, nor what nothing imports."""
    found = read_code("nets.py:Net", folder)

    assert [path for path, _ in found] == ["blocks.py", "nets.py", "parts/large.py", "parts/small.py"]
    assert dict(found)["parts/large.py"] == "wide = 8\n"


def test_a_module_is_named_with_dots_too(folder):
    """As it is imported from the folder of the study."""
    assert read_code("parts.large:wide", folder) == (("parts/large.py", "wide = 8\n"),)


def test_the_folder_is_no_part_of_what_is_found(folder, tmp_path_factory):
    """The same files elsewhere are the same code."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy"
    folder.rename(elsewhere)

    assert ("nets.py", (elsewhere / "nets.py").read_text()) in read_code("nets.py:Net", elsewhere)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("net.py:Net", "there is no file net.py beside the study; did you mean 'nets.py'?"),
        ("wide.py:Net", "there is no file wide.py beside the study; a path is seen from the folder of the study."),
        ("../nets.py:Net", "../nets.py is not inside the folder of the study; copy it there, and name it from there."),
        (
            "torchvision.models:resnet18",
            (
                "there is no torchvision/models.py in the folder of the study; own code lies there, and may import "
                "what is "
                "installed."
            ),
        ),
        ("nets.py:Nets", "nets.py has no 'Nets'; did you mean 'Net'?"),
        ("parts.large:Net", "parts/large.py has no 'Net'; name a class or a function of it."),
        ("json.py:Net", "json.py, line 1: this is not Python: invalid syntax."),
    ],
)
def test_what_cannot_be_found_is_said(folder, name, sentence):
    """In one sentence that says what is there instead, or what to do."""
    with pytest.raises(CodeError) as caught:
        read_code(name, folder)

    assert str(caught.value) == sentence


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path_factory):
    """What is kept with results is what lies beside the study, and nothing else of a machine."""
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.py"
    secret.write_text("wide = 9\n")
    (folder / "linked.py").symlink_to(secret)
    (folder / "user.py").write_text("import linked\n\nNet = linked.wide\n")

    assert [path for path, _ in read_code("user.py:Net", folder)] == ["user.py"]
