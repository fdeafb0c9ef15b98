import pytest

CASES = {
    ("rum",): "No such command 'rum'. Did you mean run?",
    ("data", "feth"): "No such command 'feth'. Did you mean fetch?",
    ("data", "train"): "No such command 'train'. There are fetch, verify, check and clear.",
    ("run", "x.toml", "--sedes", "3"): "No such option: --sedes. Did you mean --seeds?",
    ("data", "fetch", "--schedule", "3"): "No such option: --schedule. There are --to and --help.",
}


@pytest.mark.parametrize("arguments", CASES, ids=" ".join)
def test_what_does_not_exist_is_answered_with_what_does(ceteris, arguments):
    """A close name if there is one, else all names; never one that is far-fetched."""
    code, out, err = ceteris(*arguments)

    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"Error: {CASES[arguments]}"
