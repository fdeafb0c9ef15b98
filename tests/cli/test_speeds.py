from datetime import date, timedelta

import pytest

from ceteris.cli import speeds
from ceteris.cli.speeds import Speed, keep_speeds, read_speeds, speed_key, today


def test_speeds_are_kept_with_their_day():
    """What is measured again takes the place of what was known."""
    keep_speeds({"a": Speed(seconds=0.5, day=today()), "b": Speed(seconds=0.25, day=today())})
    keep_speeds({"a": Speed(seconds=0.125, day=today())})

    assert read_speeds() == {"a": Speed(seconds=0.125, day=today()), "b": Speed(seconds=0.25, day=today())}


def test_old_speeds_are_forgotten():
    """A machine changes: what was measured more than thirty days ago does not count, nor what is said of tomorrow."""
    days = {name: str(date.fromisoformat(today()) + timedelta(days=count)) for name, count in DAYS.items()}
    keep_speeds({name: Speed(seconds=1.0, day=day) for name, day in days.items()})

    assert set(read_speeds()) == {"now", "a month ago"}


DAYS = {"now": 0, "a month ago": -30, "longer ago": -31, "tomorrow": 1}


def test_the_file_does_not_grow_for_ever(monkeypatch):
    """The latest are kept."""
    monkeypatch.setattr(speeds, "_MOST", 2)
    yesterday = str(date.fromisoformat(today()) - timedelta(days=1))
    keep_speeds({"old": Speed(seconds=1.0, day=yesterday), "new": Speed(seconds=1.0, day=today())})
    keep_speeds({"newer": Speed(seconds=1.0, day=today())})

    assert set(read_speeds()) == {"new", "newer"}


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"a": 1}', '{"a": ["x", "2026-01-01"]}', "\x00"])
def test_a_file_that_cannot_be_read_is_as_none(tmp_path, content):
    """It is only a cache."""
    keep_speeds({"a": Speed(seconds=1.0, day=today())})
    (file,) = tmp_path.rglob("speeds.json")
    file.write_text(content)

    assert read_speeds() == {}
    keep_speeds({"b": Speed(seconds=1.0, day=today())})
    assert set(read_speeds()) == {"b"}


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path, monkeypatch):
    """No home directory, or a file where the folder should be, is no error."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    keep_speeds({"a": Speed(seconds=1.0, day=today())})

    assert read_speeds() == {}


def test_a_key_names_the_facts_and_the_machine(monkeypatch):
    """Another fact, processor or version is another key."""
    key = speed_key("lanes", 16)
    assert key == speed_key("lanes", 16) != speed_key("lanes", 15)
    monkeypatch.setattr(speeds, "describe_host", lambda: {"processor": "another", "cores": 2})
    assert speed_key("lanes", 16) != key
