"""Transactions, batches of keys and updates: the fake of these tests and moto's DynamoDB behave alike."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.items import Table, from_dynamodb, to_dynamodb
from tests.layers.fleet.fakes import FakeDynamoDB, Steps, interleave
from tests.layers.fleet.test_items import on_moto, table

__all__ = ["table"]

START = [
    {"pk": "a", "rev": 1, "status": "PENDING", "voters": ["ben"], "requester": "aiko", "expires_at": 10},
    {"pk": "b", "rev": 2, "hash": "0f"},
]


def put(item: dict[str, Any], condition: str = "", *, names: dict[str, str] | None = None, **values: Any) -> Any:
    """One element; values without their colon."""
    body: dict[str, Any] = {"TableName": "t", "Item": to_dynamodb(item)}
    return {"Put": body | _condition(condition, names, values)}


def check(pk: str, condition: str, *, names: dict[str, str] | None = None, **values: Any) -> Any:
    return {"ConditionCheck": {"TableName": "t", "Key": {"pk": {"S": pk}}} | _condition(condition, names, values)}


def _condition(condition: str, names: dict[str, str] | None, values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
    if names:
        found["ExpressionAttributeNames"] = names
    if values:
        found["ExpressionAttributeValues"] = to_dynamodb({f":{name}": value for name, value in values.items()})
    return found


def fill(table: Table) -> None:
    for item in START:
        table.client.put_item(TableName="t", Item=to_dynamodb(item))


def everything(table: Table) -> dict[str, Any]:
    """The items, whoever keeps them."""
    client: Any = table.client
    if isinstance(client, FakeDynamoDB):
        return {pk: from_dynamodb(item) for pk, item in client.items.items()}
    return {item["pk"]["S"]: from_dynamodb(item) for item in client.scan(TableName="t")["Items"]}


def outcome(table: Table, elements: list[Any]) -> object:
    """What a transaction came to: None, the codes of its reasons, or another error's code."""
    try:
        table.client.transact_write_items(TransactItems=elements)
    except table.client.exceptions.TransactionCanceledException as error:
        return [reason["Code"] for reason in error.response["CancellationReasons"]]
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


FAILED, NONE = "ConditionalCheckFailed", "None"
STATUS = {"#status": "status"}


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ([put({"pk": "c"}), put({"pk": "d"})], None),
        ([put({"pk": "c"}, "attribute_not_exists(pk)")], None),
        ([put({"pk": "a"}, "attribute_not_exists(pk)")], [FAILED]),
        ([put({"pk": "c"}), put({"pk": "a"}, "attribute_not_exists(pk)")], [NONE, FAILED]),
        ([put({"pk": "a"}, "rev = :rev", rev=1)], None),
        ([put({"pk": "a"}, "rev = :rev", rev=2)], [FAILED]),
        ([put({"pk": "c"}, "rev = :rev", rev=1)], [FAILED]),
        ([check("a", "#status = :s AND expires_at > :n", names=STATUS, s="PENDING", n=9), put({"pk": "c"})], None),
        (
            [check("a", "#status = :s AND expires_at > :n", names=STATUS, s="PENDING", n=10), put({"pk": "c"})],
            [FAILED, NONE],
        ),
        ([check("a", "#status = :s", names=STATUS, s="GRANTED"), put({"pk": "c"})], [FAILED, NONE]),
        ([check("missing", "#status = :s", names=STATUS, s="PENDING"), put({"pk": "c"})], [FAILED, NONE]),
        ([put({"pk": "a"}, "requester <> :p AND NOT contains(voters, :p)", p="chie")], None),
        ([put({"pk": "a"}, "requester <> :p AND NOT contains(voters, :p)", p="aiko")], [FAILED]),
        ([put({"pk": "a"}, "requester <> :p AND NOT contains(voters, :p)", p="ben")], [FAILED]),
        ([put({"pk": "b"}, "requester <> :p", p="ben")], None),
        ([put({"pk": "b"}, "contains(voters, :p)", p="ben")], [FAILED]),
        ([put({"pk": "b"}, "#hash = :hash", names={"#hash": "hash"}, hash="0f")], None),
        ([put({"pk": "c"}), put({"pk": "c"})], "ValidationException"),
        ([put({"pk": str(n)}) for n in range(100)], None),
        ([put({"pk": str(n)}) for n in range(101)], "ValidationException"),
    ],
)
def test_a_transaction_is_all_or_nothing_and_says_why(table: Table, elements: list[Any], expected: object) -> None:
    fill(table)
    before = everything(table)
    assert outcome(table, elements) == expected
    written = {each["Put"]["Item"]["pk"]["S"] for each in elements if "Put" in each}
    if expected is None:
        assert set(everything(table)) == set(before) | written
    else:
        assert everything(table) == before


@pytest.mark.parametrize(
    ("condition", "names"),
    [("status = :s", None), ("#status = :s AND #other = :s", STATUS), ("#status = :t", STATUS)],
)
def test_the_fake_refuses_reserved_words_and_what_is_not_defined_or_not_used(
    condition: str, names: dict[str, str] | None
) -> None:
    """As DynamoDB does; moto lets some of it pass."""
    client: Any = FakeDynamoDB()
    fake = Table(client, "t")
    fill(fake)
    assert outcome(fake, [check("a", condition, names=names, s="x"), put({"pk": "c"})]) == "ValidationException"
    assert set(client.items) == {"a", "b"}


def test_a_batch_of_keys_gives_the_items_that_are_there(table: Table) -> None:
    fill(table)
    keys = [{"pk": {"S": pk}} for pk in ("b", "missing", "a")]
    answer = table.client.batch_get_item(RequestItems={"t": {"Keys": keys, "ConsistentRead": True}})
    assert {item["pk"]["S"] for item in answer["Responses"]["t"]} == {"a", "b"}
    assert answer["UnprocessedKeys"] == {}


@pytest.mark.parametrize("keys", [["a", "a"], [str(n) for n in range(101)]])
def test_a_batch_of_repeated_or_too_many_keys_is_refused(table: Table, keys: list[str]) -> None:
    wanted: Any = {"t": {"Keys": [{"pk": {"S": pk}} for pk in keys], "ConsistentRead": True}}
    with pytest.raises(ClientError) as error:
        table.client.batch_get_item(RequestItems=wanted)
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_an_update_changes_what_it_names_if_its_condition_holds(table: Table) -> None:
    fill(table)
    update: Callable[..., Any] = table.client.update_item
    change = {
        "TableName": "t",
        "Key": {"pk": {"S": "a"}},
        "UpdateExpression": "SET #status = :new REMOVE voters",
        "ConditionExpression": "rev = :rev",
        "ExpressionAttributeNames": STATUS,
    }
    with pytest.raises(table.client.exceptions.ConditionalCheckFailedException):
        update(**change, ExpressionAttributeValues={":new": {"S": "DENIED"}, ":rev": {"N": "7"}})
    assert everything(table)["a"] == START[0]
    update(**change, ExpressionAttributeValues={":new": {"S": "DENIED"}, ":rev": {"N": "1"}})
    left = {name: value for name, value in START[0].items() if name != "voters"}
    assert everything(table)["a"] == left | {"status": "DENIED"}


_conditions = st.sampled_from(
    [
        ("", {}),
        ("attribute_not_exists(pk)", {}),
        ("rev = :rev", {"rev": 1}),
        ("rev = :rev", {"rev": 2}),
        ("rev > :rev", {"rev": 1}),
        ("rev <> :rev AND attribute_exists(pk)", {"rev": 1}),
        ("contains(voters, :who)", {"who": "ben"}),
        ("NOT contains(voters, :who)", {"who": "ben"}),
    ]
)
_element = st.builds(
    lambda pk, rev, voters, condition: put(
        {"pk": pk, "rev": rev, **({"voters": voters} if voters else {})}, condition[0], **condition[1]
    ),
    st.sampled_from("abcd"),
    st.integers(1, 2),
    st.lists(st.sampled_from(["aiko", "ben"]), max_size=2),
    _conditions,
)


@settings(max_examples=15)
@given(st.lists(st.lists(_element, min_size=1, max_size=4), max_size=6))
def test_any_transactions_come_to_the_same_on_the_fake_and_on_moto(transactions: list[list[Any]]) -> None:
    client: Any = FakeDynamoDB()
    fake = Table(client, "t")
    with on_moto() as moto:
        for elements in transactions:
            assert outcome(fake, elements) == outcome(moto, elements)
        assert everything(fake) == everything(moto)


@given(st.lists(st.integers(0, 3), max_size=20))
def test_of_two_side_by_side_one_transaction_sees_the_other_whole(choices: list[int]) -> None:
    """Two take turns at two items that must stay equal."""
    steps = Steps()
    client: Any = FakeDynamoDB(steps)
    both = Table(client, "t")

    def raise_both() -> None:
        while True:
            old = both.get("x")
            rev = 0 if old is None else old["rev"]
            condition = put({"pk": "x", "rev": 1}, "attribute_not_exists(pk)")
            if old is not None:
                condition = put({"pk": "x", "rev": rev + 1}, "rev = :rev", rev=rev)
            if outcome(both, [condition, put({"pk": "y", "rev": rev + 1})]) is None:
                return

    interleave(steps, [raise_both, raise_both], choices)
    assert {pk: item["rev"] for pk, item in everything(both).items()} == {"x": 2, "y": 2}
