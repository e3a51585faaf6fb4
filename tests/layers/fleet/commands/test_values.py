"""What a word means as an argument of each kind, and what is said of one that means nothing there."""

import re
import time

import pytest

from fleet.commands import Account, Count, Id, Kind, Known, Place, Queue, Request, Shown, Text, Value, Word
from fleet.commands.grammar.values import UnfitError, expected, read
from tests.layers.fleet.commands.declared import HUB, KNOWN, PAYMENTS, PEEK, RECORDS, RECORDS_OSAKA

ACCOUNT = "the name or the id of an account of the fleet"
REQUEST = "the id of a request, such as `r-0123456789`"


@pytest.mark.parametrize(
    ("kind", "word", "value"),
    [
        (Account(), "hub", "hub"),
        (Account(), "HUB", "hub"),
        (Account(), "111111111111", "hub"),
        (Account(), "records-osaka", "records-osaka"),
        (Account(many=True), "222222222222", "payments-production"),
        (Account(many=True), "All", "all"),
        (Account(many=True), "333333333333", "333333333333"),
        (Queue(), "q", "q"),
        (Queue(), "Orders_dead-Letters9", "Orders_dead-Letters9"),
        (Queue(), "q" * 80, "q" * 80),
        (Queue(), "q" * 75 + ".fifo", "q" * 75 + ".fifo"),
        (Request(), "r-0123456789", "r-0123456789"),
        (Request(), "R-ABCDEFGHJK", "r-abcdefghjk"),
        (Shown(PEEK), "R-mnpqrstvwx", "r-mnpqrstvwx"),
        (Shown(PEEK), "r-yz00000000", "r-yz00000000"),
        (Id(), "front-door", "front-door"),
        (Id(), "Front-DOOR", "front-door"),
        (Id(), "0f3a", "0f3a"),
        (Id(most=4), "a-b9", "a-b9"),
        (Id(), "a" * 64, "a" * 64),
        (Count(1, 50), "1", 1),
        (Count(1, 50), "50", 50),
        (Count(1, 50), "007", 7),
        (Count(0, 999_999_999), "999999999", 999_999_999),
        (Text(5), "a", "a"),
        (Text(5), "a b c", "a b c"),
        (Text(9, least=3), "(7)", "(7)"),
        (Word(("act", "observe")), "Observe", "observe"),
    ],
)
def test_a_word_that_fits_has_one_value(kind: Kind, word: str, value: Value) -> None:
    assert read(kind, word, KNOWN) == value


@pytest.mark.parametrize(
    ("kind", "word", "needs"),
    [
        (Account(), "all", ACCOUNT),
        (Account(), "nowhere", ACCOUNT),
        (Account(many=True), "nowhere", f"{ACCOUNT}, or `all`"),
        (Account(), "11111111111", ACCOUNT),
        (Queue(), "q" * 81, "the name of an SQS queue: up to 80 letters, digits, hyphens and underscores"),
        (Queue(), "q" * 76 + ".fifo", "the name of an SQS queue: up to 80 letters, digits, hyphens and underscores"),
        (Queue(), "orders.FIFO", "the name of an SQS queue: up to 80 letters, digits, hyphens and underscores"),
        (Queue(), ".fifo", "the name of an SQS queue: up to 80 letters, digits, hyphens and underscores"),
        (Queue(), "órders", "the name of an SQS queue: up to 80 letters, digits, hyphens and underscores"),
        (Queue(), "orders\n", "the name of an SQS queue: up to 80 letters, digits, hyphens and underscores"),
        (Request(), "r-012345678", REQUEST),
        (Request(), "r-01234567890", REQUEST),
        (Request(), "0123456789", REQUEST),
        *((Request(), f"r-012345678{confusing}", REQUEST) for confusing in "ilou-\n٣"),
        (Shown(PEEK), "q-0123456789", "the id that `queues peek` was answered under, such as `r-0123456789`"),
        *(
            (Id(most=4), word, "a name or an id: up to 4 letters, digits and hyphens")
            for word in ("abcde", "a--b", "-a", "a-", "a_b", "a b", "á", "٣", "", "ab\n", "a/b")
        ),
        (Id(), "a" * 65, "a name or an id: up to 64 letters, digits and hyphens"),
        (Count(1, 50), "0", "a whole number from 1 to 50"),
        (Count(1, 50), "51", "a whole number from 1 to 50"),
        (Count(0, 9), "-1", "a whole number from 0 to 9"),
        (Count(0, 9), "+1", "a whole number from 0 to 9"),
        (Count(0, 9), "1.0", "a whole number from 0 to 9"),
        (Count(0, 9), "1_0", "a whole number from 0 to 9"),
        (Count(0, 9), "²", "a whole number from 0 to 9"),
        (Count(0, 9), "٣", "a whole number from 0 to 9"),
        (Count(0, 9), "ten", "a whole number from 0 to 9"),
        (Count(0, 9), "0000000001", "a whole number from 0 to 9"),
        (Text(5), "abcdef", "a text in words of at most 5 characters"),
        (Text(5), "...", "a text in words of at most 5 characters"),
        (Text(5), "", "a text in words of at most 5 characters"),
        (Text(9, least=3), "ab", "a text in words of 3 to 9 characters"),
        (Text(9, least=2), "a", "a text in words of 2 to 9 characters"),
        (Word(("act", "observe")), "obs", "one of `act`, `observe`"),
    ],
)
def test_a_word_that_does_not_fit_is_told_what_would(kind: Kind, word: str, needs: str) -> None:
    with pytest.raises(UnfitError, match="unfit") as refused:
        read(kind, word, KNOWN)
    assert refused.value.expected == needs == expected(kind)
    assert refused.value.advice == ""


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("payments", " Did you mean `payments-production`?"),
        ("paymnets-production", " Did you mean `payments-production`?"),
        ("333333333333", " Did you mean `records-tokyo` or `records-osaka`?"),
        ("999999999999", ""),
        ("zzz", ""),
        ("all", ""),
    ],
)
def test_of_an_account_that_is_not_meant_for_sure_the_likely_ones_are_named(word: str, advice: str) -> None:
    with pytest.raises(UnfitError) as refused:
        read(Account(), word, KNOWN)
    assert refused.value.advice == advice


def test_the_word_all_never_means_one_account() -> None:
    known = Known(accounts=(HUB, Place(name="all", account="444444444444", region="us-east-1")))
    with pytest.raises(UnfitError):
        read(Account(), "all", known)
    assert known.places(read(Account(many=True), "all", known)) == known.accounts


def test_an_account_is_where_its_name_its_id_and_all_say() -> None:
    assert KNOWN.places("hub") == KNOWN.places("111111111111") == (HUB,)
    assert KNOWN.places("333333333333") == (RECORDS, RECORDS_OSAKA)
    assert KNOWN.places("all") == (HUB, PAYMENTS, RECORDS, RECORDS_OSAKA)
    assert KNOWN.places("us-east-1") == KNOWN.places("") == ()


def test_the_time_to_read_an_id_grows_as_its_length_does() -> None:
    began = time.process_time()
    for word in ("a" * 100_000, "a-" * 50_000, "a" * 99_999 + "_"):
        with pytest.raises(UnfitError):
            read(Id(), word, KNOWN)
    assert time.process_time() - began < 2, "a quadratic pattern would need minutes"


def test_the_example_of_a_request_is_one() -> None:
    example = re.findall("`(.*?)`", expected(Request()))[0]
    assert read(Request(), example, KNOWN) == example
