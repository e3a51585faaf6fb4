"""Security Hub as it is asked: batches, and for each finding in them what came of it."""

from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

from fleet.refusal import AwayError
from functions.findings import securityhub
from functions.findings.effects import Batch, Change
from functions.findings.event import findings_of
from functions.findings.finding import Finding
from functions.findings.securityhub import (
    NotEnabledError,
    Pacer,
    SecurityHub,
    StaleTokenError,
    ThrottledError,
    UnreachableError,
)
from tests.functions.findings.hubs import FakeSecurityHub, asff, iso, ocsf
from tests.functions.findings.laws import NOW
from tests.layers.fleet.fakes import client_error

MINUTE = 60_000


@pytest.fixture
def fake() -> FakeSecurityHub:
    return FakeSecurityHub(now=lambda: NOW)


@pytest.fixture
def hub(fake: FakeSecurityHub) -> SecurityHub:
    return of(fake)


def of(client: Any) -> SecurityHub:
    return SecurityHub(client, lambda: None)


def found(name: str = "a", *, form: str = "asff") -> Finding:
    document = asff(name, at=NOW) if form == "asff" else ocsf(name, at=NOW)
    (finding,) = findings_of(msgspec.json.encode(document))
    return finding


def change(finding: Finding, **changes: Any) -> Change:
    known = Change(
        problem=finding.problem, copy=finding.copy, finding=finding, workflow="SUPPRESSED", label="l", note="why"
    )
    return msgspec.structs.replace(known, **changes)


def batch(*names: str, form: str = "asff", workflow: Any = "SUPPRESSED", note: str = "why") -> Batch:
    return Batch(form, workflow, note, tuple(change(found(name, form=form)) for name in names))


def names(changes: list[Change]) -> list[str]:
    return [each.finding.resource.removeprefix("arn:aws:s3:::") for each in changes]


def put(fake: FakeSecurityHub, *some: str) -> None:
    for name in some:
        fake.put(asff(name, at=NOW))
        fake.put_v2(ocsf(name, at=NOW))


def test_a_batch_is_one_call_that_sets_the_workflow_with_a_note_signed_by_the_fleet(
    fake: FakeSecurityHub, hub: SecurityHub
) -> None:
    put(fake, "a", "b")
    done = hub.update(batch("a", "b"))
    assert (names(done.taken), done.left, done.refused) == (["a", "b"], [], [])
    (asked,) = fake.asked()
    assert asked["Workflow"] == {"Status": "SUPPRESSED"}
    assert asked["Note"] == {"Text": "why", "UpdatedBy": "yagura"}
    assert asked.keys() == {"FindingIdentifiers", "Workflow", "Note"}, "whatever else it could set stays as it is"
    assert fake.workflow(found("b").finding_id) == "SUPPRESSED"


def test_v2_is_asked_by_its_own_operation_with_a_status_that_is_always_meant(
    fake: FakeSecurityHub, hub: SecurityHub
) -> None:
    put(fake, "a")
    assert names(hub.update(batch("a", form="ocsf")).taken) == ["a"]
    assert names(hub.update(batch("a", form="ocsf", workflow="NEW")).taken) == ["a"]
    suppressed, new = fake.asked("BatchUpdateFindingsV2")
    assert [suppressed["StatusId"], new["StatusId"]] == [3, 1]
    assert suppressed["Comment"] == "why"
    assert suppressed.keys() == {"FindingIdentifiers", "Comment", "StatusId"}
    assert fake.asked() == []


def test_a_finding_of_several_problems_is_asked_once(fake: FakeSecurityHub, hub: SecurityHub) -> None:
    put(fake, "a")
    one = change(found("a"))
    other = change(msgspec.structs.replace(found("a"), resource="arn:aws:s3:::b"))
    done = hub.update(Batch("asff", "SUPPRESSED", "why", (one, other)))
    assert done.taken == [one, other]
    assert len(fake.asked()[0]["FindingIdentifiers"]) == 1


@pytest.mark.parametrize("form", ["asff", "ocsf"])
def test_a_finding_that_it_does_not_know_is_told_apart(form: str, fake: FakeSecurityHub, hub: SecurityHub) -> None:
    put(fake, "a")
    done = hub.update(batch("a", "gone", form=form))
    assert (names(done.taken), names(done.unknown), done.left, done.refused) == (["a"], ["gone"], [], [])


@pytest.mark.parametrize("form", ["asff", "ocsf"])
@pytest.mark.parametrize(
    ("code", "left", "refused"),
    [
        ("ConcurrentUpdateError", ["a"], []),
        ("InternalFailure", ["a"], []),
        ("DuplicatedFindingIdentifier", ["a"], []),
        ("FindingSizeExceeded", [], ["a"]),
        ("InvalidInput", [], ["a"]),
    ],
)
def test_http_200_is_no_success(
    form: str, code: str, left: list[str], refused: list[str], fake: FakeSecurityHub, hub: SecurityHub
) -> None:
    put(fake, "a", "b")
    fake.behaves(unprocessed=1, error=code)
    done = hub.update(batch("a", "b", form=form))
    if form == "ocsf" and code == "DuplicatedFindingIdentifier":  # V2 has no such code: it is not valid
        left, refused = refused, left
    assert (names(done.taken), names(done.left), names(done.refused)) == (["b"], left, refused)


class Answers:
    """A client that answers with this."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.calls = answer, 0

    def __getattr__(self, name: str) -> Any:
        def call(**_request: Any) -> Any:
            self.calls += 1
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return call


@pytest.mark.parametrize(
    "unprocessed",
    [
        {"MetadataUid": "0011", "ErrorCode": "ConflictException"},
        {"ErrorCode": "ConflictException"},
        {"FindingIdentifier": {"CloudAccountUid": "1", "FindingInfoUid": "other", "MetadataProductUid": "p"}},
    ],
)
def test_what_it_does_not_name_may_be_any_of_them_so_none_is_taken_for_done(unprocessed: Any) -> None:
    done = of(Answers({"ProcessedFindings": [], "UnprocessedFindings": [unprocessed]})).update(
        batch("a", "b", form="ocsf")
    )
    assert (done.taken, names(done.left)) == ([], ["a", "b"])


def test_a_code_that_it_does_not_give_is_no_success() -> None:
    identifier = {"CloudAccountUid": "1", "FindingInfoUid": found().finding_id, "MetadataProductUid": found().product}
    change_of = batch("a")._replace(form="ocsf")
    done = of(Answers({"UnprocessedFindings": [{"FindingIdentifier": identifier}]})).update(change_of)
    assert names(done.left) == ["a"]


@pytest.mark.parametrize("bad", [["a"], ["d"], ["b", "c"], ["a", "b", "c", "d", "e"]])
@pytest.mark.parametrize("form", ["asff", "ocsf"])
def test_a_finding_that_spoils_the_call_is_told_apart_from_its_neighbours(
    bad: list[str], form: str, fake: FakeSecurityHub, hub: SecurityHub
) -> None:
    put(fake, *"abcde")
    fake.spoilt = {found(name).finding_id for name in bad}
    done = hub.update(batch(*"abcde", form=form))
    assert (names(done.taken), done.left, names(done.refused)) == ([x for x in "abcde" if x not in bad], [], bad)


@given(
    st.lists(st.sampled_from(["sound", "spoilt", "gone"]), min_size=2, max_size=9),
    st.integers(1, 20),
    st.sampled_from([{"throttle": 1}, {"fail": 1}, {"enabled": False}, {"down": True}]),
)
def test_what_is_away_in_the_middle_of_a_call_that_is_taken_apart_neither_loses_nor_repeats_what_was_taken(
    kinds: list[str], calls: int, wish: dict[str, Any]
) -> None:
    fake = FakeSecurityHub(now=lambda: NOW)
    some = "abcdefghi"[: len(kinds)]
    for name, kind in zip(some, kinds, strict=True):
        if kind != "gone":
            fake.put(asff(name, at=NOW))
    fake.spoilt = {found(name).finding_id for name, kind in zip(some, kinds, strict=True) if kind == "spoilt"}

    def pace() -> None:
        if len(fake.calls) == calls:
            fake.behaves(**wish)

    hub: Any = fake
    done = SecurityHub(hub, pace).update(batch(*some))
    told = [*done.taken, *done.left, *done.refused, *done.unknown]
    assert sorted(names(told)) == list(some), "each has one answer"
    suppressed = [name for name, kind in zip(some, kinds, strict=True) if kind != "gone"]
    suppressed = [name for name in suppressed if fake.workflow(found(name).finding_id) == "SUPPRESSED"]
    assert names(done.taken) == suppressed
    assert (done.cause is not None) is (bool(done.left))
    if done.cause:
        assert len(fake.calls) == calls + 1, "what follows would only be refused as well"


def test_what_botocore_itself_refuses_is_told_apart_as_well() -> None:
    client = Answers(ParamValidationError(report="no"))
    done = of(client).update(batch("a", "b"))
    assert (names(done.refused), client.calls) == (["a", "b"], 3)


@pytest.mark.parametrize("code", ["TooManyRequestsException", "LimitExceededException", "ThrottlingException"])
def test_throttled_is_an_error_of_its_own(code: str) -> None:
    with pytest.raises(ThrottledError):
        of(Answers(client_error(code))).update(batch("a"))
    with pytest.raises(ThrottledError):
        of(Answers(client_error(code))).page({})


def test_too_fast_it_throttles(fake: FakeSecurityHub, hub: SecurityHub) -> None:
    put(fake, "a")
    fake.behaves(throttle=1)
    with pytest.raises(ThrottledError):
        hub.update(batch("a"))
    assert names(hub.update(batch("a")).taken) == ["a"]


def test_not_switched_on_is_an_error_of_its_own(fake: FakeSecurityHub, hub: SecurityHub) -> None:
    fake.behaves(enabled=False)
    with pytest.raises(NotEnabledError):
        hub.update(batch("a"))
    with pytest.raises(NotEnabledError):
        hub.page({})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (client_error("AccessDeniedException"), AwayError),
        (client_error("ServiceUnavailableException"), AwayError),
        (EndpointConnectionError(endpoint_url="https://x"), UnreachableError),
    ],
)
def test_any_other_error_is_told_as_aws_names_it(error: Exception, kind: type[AwayError]) -> None:
    named = error.response["Error"]["Code"] if isinstance(error, ClientError) else "EndpointConnectionError"
    with pytest.raises(kind, match=named) as updating:
        of(Answers(error)).update(batch("a"))
    with pytest.raises(kind, match=named) as reading:
        of(Answers(error)).page({})
    assert (updating.type, reading.type) == (kind, kind)


def test_a_page_has_the_findings_in_the_order_of_their_change_and_leads_to_the_next(
    fake: FakeSecurityHub, hub: SecurityHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(securityhub, "PAGE", 2)
    for number, name in enumerate("cab"):
        fake.put(asff(name, at=NOW + number * MINUTE))
    first, token = hub.page({})
    second, end = hub.page({}, token)
    assert [msgspec.json.decode(each)["Resources"][0]["Id"][-1] for each in [*first, *second]] == ["c", "a", "b"]
    assert (bool(token), end) == (True, "")


def test_a_token_that_is_forgotten_is_an_error_of_its_own(
    fake: FakeSecurityHub, hub: SecurityHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(securityhub, "PAGE", 1)
    put(fake, "a", "b")
    _, token = hub.page({})
    fake.forget_tokens()
    with pytest.raises(StaleTokenError):
        hub.page({}, token)


def test_an_invalid_filter_is_no_stale_token(hub: SecurityHub) -> None:
    with pytest.raises(AwayError, match="InvalidInputException"):
        hub.page({"UpdatedAt": [{"Start": "today", "End": iso(NOW)}]})


def test_findings_are_found_by_their_ids_on_as_many_pages_as_it_takes(
    fake: FakeSecurityHub, hub: SecurityHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(securityhub, "PAGE", 2)
    put(fake, *"abcde")
    wanted = [found(name) for name in ("a", "c", "e", "gone", "a")]
    assert {msgspec.json.decode(each)["Id"] for each in hub.find(wanted)} == {found(n).finding_id for n in "ace"}
    (ids,) = {len(request["Filters"]["Id"]) for request in fake.asked("GetFindings")}
    assert ids == 4, "each once"


class Time:
    """Sleeping is all that takes time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.turns: list[float] = []

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def test_calls_are_paced_evenly_three_in_any_second() -> None:
    time = Time()
    pace = Pacer(3, time.sleep, lambda: time.now)
    for _ in range(9):
        pace()
        time.turns.append(time.now)
    assert time.turns == pytest.approx([turn / 3 for turn in range(9)])


def test_who_comes_late_does_not_catch_up_in_a_burst() -> None:
    time = Time()
    pace = Pacer(2, time.sleep, lambda: time.now)
    pace()
    time.now = 10.0
    for _ in range(3):
        pace()
        time.turns.append(time.now)
    assert time.turns == [10.0, 10.5, 11.0]


def test_every_call_waits_for_its_turn(fake: FakeSecurityHub) -> None:
    turns: list[int] = []
    paced = SecurityHub(fake, lambda: turns.append(len(fake.calls)))  # type: ignore[arg-type]
    put(fake, *"abcd")
    fake.spoilt = {found("b").finding_id}
    paced.update(batch(*"abcd"))
    paced.page({})
    paced.find([found("a")])
    assert turns == list(range(len(fake.calls)))
