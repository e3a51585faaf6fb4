"""How a function says no."""

import pytest

from fleet.refusal import DroppedError, RefusedError


def test_a_refusal_says_reason_place_and_expectation() -> None:
    assert str(RefusedError("malformed", "$.a", "expected b")) == "malformed at $.a: expected b"


def test_a_drop_says_its_reason() -> None:
    assert str(DroppedError("not_ours")) == "not_ours"


@pytest.mark.parametrize("reason", ["", "Not a slug", "9lives", "with space", "trailing\n"])
def test_a_reason_that_is_no_slug_is_a_mistake_of_ours(reason: str) -> None:
    with pytest.raises(ValueError, match="a reason is a slug"):
        RefusedError(reason, "$", "x")
    with pytest.raises(ValueError, match="a reason is a slug"):
        DroppedError(reason)
