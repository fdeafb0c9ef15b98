from dataclasses import replace

from miniature import miniature_study

from ceteris.results.declaration import (
    Declaration,
    binding,
    declaration,
    declared,
    decode_declaration,
    encode_declaration,
)
from ceteris.study.analysis import Analysis


def at(margin, results, since="2026-01-02T03:04:05+00:00") -> Declaration:
    """Give a declaration of the miniature study with a margin, made when there were so many results."""
    study = miniature_study(analysis={"margin": margin})
    return declaration(study, since=since, results=results)


def test_a_declaration_is_what_verdicts_rest_on():
    """Margin and target, the number of seeds, and the variations that are one family of tests."""
    assert at(0.75, 3) == Declaration(
        analysis=Analysis(margin=0.75),
        seeds=3,
        variations=("0.5", "Pool 4x4"),
        since="2026-01-02T03:04:05+00:00",
        results=3,
    )


def test_only_what_is_new_is_added():
    """The same again leaves the record as it is; anything else comes at the end, also what was said before."""
    first, second = at(0.5, 0), at(1.0, 9)
    assert declared((first,), replace(first, since="later", results=9)) == (first,)
    assert declared((first, second), replace(first, results=9)) == (first, second, replace(first, results=9))


def test_what_was_replaced_before_any_result_binds_nobody():
    """A margin that was tried while there was no result counts as never declared; the last one always counts."""
    draft, first, then = at(0.5, 0), at(1.0, 0), at(2.0, 9)
    assert binding((draft, first, then)) == (first, then)
    assert binding((draft,)) == (draft,)
    assert binding(()) == ()


def test_a_declaration_comes_back_whole():
    """What is read equals what was written, also where no time is known."""
    for one in (at(0.5, 7), at(0.5, 0, since=None)):
        assert decode_declaration(encode_declaration(one)) == one
