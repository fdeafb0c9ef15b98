from ceteris.cli.application import app  # noqa: F401 - the command is part of the application


def test_without_a_copy_it_says_where_it_looked_and_what_to_do(ceteris, tmp_path, monkeypatch):
    """`ceteris data` on a new machine."""
    monkeypatch.delenv("CETERIS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    code, out, err = ceteris("data")

    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"cache: {tmp_path / 'ceteris'}: nothing that can be used",
        "CIFAR-10 is not here yet: the first study that needs it downloads it, or `ceteris data fetch` does.",
    ]


def test_a_wrong_variable_is_told_with_its_cause(ceteris, tmp_path, monkeypatch):
    """CETERIS_DATA names what is not there."""
    monkeypatch.setenv("CETERIS_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    code, out, _ = ceteris("data")

    assert code == 0
    assert out.splitlines()[0] == f"CETERIS_DATA: {tmp_path / 'nowhere'}: nothing that can be used"
    assert out.splitlines()[2].startswith(f"error: CETERIS_DATA {tmp_path / 'nowhere'}: no such file or folder.")


def test_verifying_nothing_is_an_error_that_says_what_to_do(ceteris, tmp_path, monkeypatch):
    """`ceteris data verify` with no copy anywhere."""
    monkeypatch.delenv("CETERIS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    code, out, err = ceteris("data", "verify")

    assert (code, out) == (2, "")
    assert err == (
        f"error: there is no CIFAR-10 to verify: no CETERIS_DATA, nothing in {tmp_path / 'ceteris'}. Run `ceteris data "
        "fetch`, or name a copy: `ceteris data verify PATH`.\n"
    )
