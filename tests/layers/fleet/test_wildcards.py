"""Patterns with `*`: as fnmatch has them, in linear time."""

import re
from fnmatch import translate

from hypothesis import given
from hypothesis import strategies as st

from fleet.wildcards import wildcard

texts = st.text("ab.", max_size=12)


@given(st.text("ab.*", max_size=8), texts)
def test_a_star_stands_for_any_text_and_nothing_else_is_special(pattern: str, text: str) -> None:
    ours = re.fullmatch(wildcard(pattern), text, re.DOTALL)
    assert (ours is None) == (re.fullmatch(translate(pattern), text) is None)


def test_a_line_break_is_a_text_like_any_other() -> None:
    assert re.fullmatch(wildcard("a*b"), "a\n\nb", re.DOTALL)


def test_many_stars_do_not_make_a_long_name_slow() -> None:
    # With `.*` for each star this would try some 10^30 ways.
    assert re.fullmatch(wildcard("*a" * 30 + "b"), "a" * 2000, re.DOTALL) is None
