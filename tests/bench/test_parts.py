"""The scoreboard's own parts, small: whoever changes what they stand on hears of it here."""

import random
from collections.abc import Callable

import pytest

import bench.__main__ as scoreboard
from bench import approvals, storm
from bench.referee import scene


def test_a_small_storm_goes_through_the_outbox_and_loses_nothing() -> None:
    found = storm.storm(notifications=400, channels=4)
    assert (found.lost, found.critical_lost) == (0, 0)
    assert found.closest_ms >= 1000
    assert found.told_in_digests > 0


def test_the_storms_index_answers_only_for_the_keys_that_are_asked_for() -> None:
    table = storm.MemoryTable()
    for pk in ("message#a", "lane#a", "message#b"):
        table.put({"pk": pk, "pending": "1", "pending_since": 1}, over=None)
    assert list(table.pending(before=2, under="message#")) == ["message#a", "message#b"]
    assert list(table.pending(before=2)) == ["lane#a", "message#a", "message#b"]


def test_fifty_interleavings_of_approvals_end_right_and_a_careless_store_is_found() -> None:
    draw = random.Random(3)  # noqa: S311 - the same scenes each time
    wrong = [found for number in range(50) if (found := approvals.on_the_model(scene(draw, number))[0])]
    assert wrong == []
    careless = (approvals.on_the_model(scene(draw, number), approvals.without_conditions)[0] for number in range(50))
    assert any(careless)


@pytest.mark.parametrize("raised", [TypeError, SystemExit])
def test_a_part_that_cannot_be_run_is_a_broken_promise_and_hides_no_other(
    raised: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    run: list[str] = []

    def fails() -> list[str]:
        raise raised("no such argument")

    def holds() -> list[str]:
        run.append("after")
        return []

    parts: dict[str, Callable[[], list[str]]] = {"first": fails, "second": lambda: ["slow"], "third": holds}
    assert scoreboard.each(parts) == [f"first could not be run: {raised.__name__}: no such argument", "slow"]
    assert run == ["after"]
    assert "no such argument" in capsys.readouterr().err


def test_the_command_fails_when_a_part_could_not_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_out: object) -> bool:
        raise TypeError("no such argument")

    monkeypatch.setattr(storm, "show", fails)
    assert scoreboard.main(["--part", "storm"]) == 1
    monkeypatch.setattr(storm, "show", lambda _out: True)
    assert scoreboard.main(["--part", "storm"]) == 0
