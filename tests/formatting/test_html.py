from ceteris.formatting.html import bullets, folded, marked, progress_bar, table, two_lines

NAME = "<b>&"


def test_whatever_is_put_in_is_text():
    """Names of a study are letters, in every piece; pieces in pieces are not escaped twice."""
    pieces = (
        bullets([NAME]),
        folded(NAME, NAME),
        marked(NAME, "red"),
        two_lines(NAME, NAME),
        table([NAME], [[NAME], [marked(NAME, "red")]], is_number=[False]),
    )

    assert not any("<b>" in piece or "&amp;lt;" in piece for piece in pieces)
    assert [piece.count("&lt;b&gt;&amp;") for piece in pieces] == [1, 2, 1, 2, 3]


def test_nothing_is_nothing():
    """A list without sentences and a second line without text leave no trace."""
    assert bullets([]) == ""
    assert two_lines("a", "") == "a"


def test_numbers_are_flush_right():
    """In the head as in the rows."""
    drawn = table(["arm", "%"], [["a", "1"]], is_number=[False, True])

    assert drawn.count("text-align:right") == drawn.count("text-align:left") == 2


def test_a_bar_is_as_long_as_what_is_done():
    """In per cent of its width."""
    assert "width:37.5%" in progress_bar(0.375)
