"""Lists of names as spreadsheets, shells and other programs write them."""

import codecs

import pytest

from ceteris.cli.name_list import read_name_list
from ceteris.errors import DataError


def names(content):
    """Read a list that messages call `names.txt`."""
    return read_name_list(content, "names.txt").names


def test_a_list_names_an_image_a_line():
    """Whatever ends the lines; empty ones are skipped, and a name may have spaces around it."""
    assert names(b"a.png\n\n b.png\r\nc.png\rd\xc2\x85.png") == ("a.png", " b.png", "c.png", "d\x85.png")
    assert names(b"") == ()


def test_a_byte_order_mark_is_no_part_of_a_name():
    """Editors and spreadsheets of Windows write one before UTF-8."""
    assert names(codecs.BOM_UTF8 + "caf\u00e9.png\r\n".encode()) == ("caf\u00e9.png",)


@pytest.mark.parametrize("mark", ["utf-16", "utf-32"])
def test_another_encoding_is_named(mark):
    """As Windows PowerShell writes what a command prints."""
    with pytest.raises(DataError) as raised:
        names("a.png\n".encode(mark))

    assert str(raised.value) == (
        f"names.txt is written in {mark.upper()}, expected UTF-8 with one name a line. Save it as UTF-8."
    )


@pytest.mark.parametrize("content", ["a.png\n".encode("utf-16-le"), b"a.png\0b.png\0"])
def test_zero_bytes_are_told(content):
    """No name has one."""
    with pytest.raises(DataError) as raised:
        names(content)

    assert str(raised.value) == (
        "names.txt holds zero bytes, as UTF-16 does and lists whose names end in them; expected UTF-8 with one name a "
        "line. Save it so."
    )


def test_names_that_are_no_text_are_told_where_there_is_no_such_file(tmp_path, monkeypatch):
    """Bytes that a file system holds are right as they are; where it does not, the list may be in Latin-1."""
    monkeypatch.chdir(tmp_path)

    found = read_name_list(b"caf\xe9.png\na.png\nth\xe9.png\n", "names.txt")

    assert found.names == ("caf\udce9.png", "a.png", "th\udce9.png")
    assert found.notes == (
        "names.txt is not in UTF-8: 2 names in it, taken byte for byte, cannot be found. Save it as UTF-8.",
    )
