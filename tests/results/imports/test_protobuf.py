import pytest

from ceteris.checksummed import DamagedError
from ceteris.results.imports import protobuf
from tests.results.imports.made_logs import field, float32


def test_fields_are_read_by_number():
    """Integers of either sign, floats of both sizes, text, and messages in messages."""
    message = field(1, 300) + field(2, -2) + field(3, 0.25) + float32(4, 0.1) + field(5, field(1, "µ")) + field(1, 7)

    assert protobuf.last(message, 1) == 7
    assert protobuf.signed(protobuf.last(message, 2)) == -2
    assert protobuf.real(protobuf.last(message, 3)) == 0.25
    assert protobuf.real(protobuf.last(message, 4)) == 0.1
    assert protobuf.text(protobuf.last(protobuf.part(message, 5), 1)) == "µ"
    assert protobuf.last(message, 9) is None


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (b"\x0a\x05hi", "has a field that is cut short"),
        (b"\x08\x80", "has a number that is cut short"),
        (b"\xff" * 20, "has a number that is cut short"),
        (b"\x0b", "has a field of an unknown kind"),
    ],
)
def test_other_bytes_are_damage(message, says):
    """Whatever they are, they end in one error."""
    with pytest.raises(DamagedError) as error:
        list(protobuf.fields(message))

    assert str(error.value) == says
