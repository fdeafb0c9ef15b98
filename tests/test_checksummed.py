import json
import math

import pytest

from ceteris import checksummed
from ceteris.checksummed import DamagedError, LaterFormatError, finite, seal, unseal

FACTS = {"loss": 0.1, "name": "größer", "none": None, "list": [1, 2.5, "x"], "nested": {"b": 1, "a": 2}}


def test_what_is_sealed_can_be_read_by_any_json_reader():
    """Sealed facts are plain JSON with two more keys."""
    facts = json.loads(seal(FACTS))
    assert len(facts.pop("seal")) == 64
    assert facts == {**FACTS, "format": 1}


def test_the_same_facts_give_the_same_bytes():
    """The order in which facts were put together does not show."""
    assert seal(FACTS) == seal(dict(reversed(FACTS.items())))


def test_no_single_bit_can_change_unnoticed():
    """Every one of the bits of a sealed file was flipped: none of the files is accepted."""
    content = seal(FACTS)
    for bit in range(8 * len(content)):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DamagedError):
            unseal(bytes(changed))


def test_no_part_of_a_file_is_taken_for_the_whole():
    """A sealed file cut at any byte, or with a byte more, is refused."""
    content = seal(FACTS)
    for length in range(len(content)):
        with pytest.raises(DamagedError):
            unseal(content[:length])
    with pytest.raises(DamagedError):
        unseal(content + b"\n")


def test_damage_is_told_apart():
    """A file that is cut short and one that was edited get different reasons."""
    content = seal(FACTS)
    with pytest.raises(DamagedError) as error:
        unseal(content[:-10])
    assert str(error.value) == "is cut short, or was not written by ceteris"
    with pytest.raises(DamagedError) as error:
        unseal(content.replace(b"0.1", b"0.2"))
    assert str(error.value) == "was changed after it was written: its seal does not match"


def test_a_later_format_is_not_guessed_at(monkeypatch):
    """A file of a later version is an error that says so, and not damage: it would be set aside."""
    monkeypatch.setattr(checksummed, "FORMAT", 2)
    content = seal(FACTS)
    monkeypatch.undo()
    with pytest.raises(LaterFormatError) as error:
        unseal(content)
    assert str(error.value) == "has format 2, and this ceteris reads up to 1. Install a later version."


def test_what_is_not_finite_becomes_none():
    """JSON has no numbers for them."""
    assert [finite(value) for value in (0.5, None, math.nan, math.inf, -math.inf)] == [0.5, None, None, None, None]
    with pytest.raises(ValueError, match="not JSON compliant"):
        seal({"loss": math.nan})
