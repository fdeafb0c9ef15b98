from ceteris.results.manifest import scope_of
from ceteris.results.warning import CodedWarning, WarningCode, code_of


def test_a_warning_is_its_text():
    """It stands wherever a sentence does, and knows its code and its arms."""
    warning = CodedWarning("It diverged.", code=WarningCode.DIVERGED, arms=("5x5",))

    assert (warning, code_of(warning), scope_of(warning)) == ("It diverged.", WarningCode.DIVERGED, ("5x5",))


def test_any_other_text_is_a_note():
    """What runs and data sets store has no code of its own."""
    assert (code_of("As it was run."), scope_of("As it was run.")) == (WarningCode.NOTE, ())
