"""Patterns with `*`: as fnmatch has them, in linear time."""

import re
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.wildcards import wildcard

texts = st.text("ab.", max_size=12)


@given(st.text("ab.*", max_size=8), texts)
def test_a_star_stands_for_any_text_and_nothing_else_is_special(pattern: str, text: str) -> None:
    ours = re.fullmatch(wildcard(pattern), text, re.DOTALL)
    assert (ours is None) == (re.fullmatch(translate(pattern), text) is None)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a*b*c*d", "a1b2c3d", True),
        ("a*b*c*d", "abcd", True),
        ("a*b*c*d", "a1c2b3d", False),
        ("*b*c*", "1b2c3", True),
        ("a**d", "ad", True),
    ],
)
def test_parts_between_stars_stand_in_their_order(pattern: str, text: str, fits: bool) -> None:
    assert bool(re.fullmatch(wildcard(pattern), text, re.DOTALL)) is fits


def test_a_line_break_is_a_text_like_any_other() -> None:
    assert re.fullmatch(wildcard("a*b"), "a\n\nb", re.DOTALL)


def test_many_stars_do_not_make_a_long_name_slow() -> None:
    # With `.*` for each star this would try some 10^30 ways.
    assert re.fullmatch(wildcard("*a" * 30 + "b"), "a" * 2000, re.DOTALL) is None
