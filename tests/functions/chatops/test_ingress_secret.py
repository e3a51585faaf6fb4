"""Slack's signing secret: unfilled, rotated, unreadable; and how seldom it is read."""

from tests.functions.chatops.gateway import (
    SECRET,
    Counts,
    Gateway,
    Logged,
    command,
)  # fmt: skip


def test_an_unfilled_secret_is_503_and_is_seen_soon_after_it_was_filled(gateway: Gateway, counts: Counts) -> None:
    gateway.aws.secrets["AWSCURRENT"] = None
    assert [gateway.slack(command()) for _ in range(5)] == [503] * 5
    assert gateway.aws.calls == ["GetSecretValue"], "and remembered meanwhile"
    assert counts() == ["Refused:no_secret"] * 5
    gateway.aws.secrets["AWSCURRENT"] = SECRET
    gateway.uptime += 10
    assert gateway.slack(command()) == 200


def test_the_previous_secret_verifies_too(gateway: Gateway) -> None:
    gateway.aws.secrets = {"AWSCURRENT": "new", "AWSPREVIOUS": SECRET}
    assert gateway.slack(command(), secret="new") == 200
    assert gateway.aws.calls.count("GetSecretValue") == 1, "the previous one is not read while nobody needs it"
    assert gateway.slack(command(text="2")) == 200
    assert gateway.slack(command(), secret="older") == 401


def test_a_rotation_is_seen_and_the_old_secret_goes_on_as_the_previous_one(gateway: Gateway) -> None:
    assert gateway.slack(command(), secret="stranger") == 401  # there is no previous secret; that is remembered
    assert gateway.slack(command()) == 200
    gateway.uptime += 299
    gateway.aws.secrets = {"AWSCURRENT": "new", "AWSPREVIOUS": SECRET}
    gateway.uptime += 1
    assert gateway.slack(command(), secret="new") == 200
    assert gateway.slack(command(text="2")) == 200


def test_a_stranger_cannot_make_us_read_secrets(gateway: Gateway) -> None:
    for n in range(50):
        assert gateway.slack(command(text=str(n)), secret="stranger") == 401
    assert gateway.aws.calls == ["GetSecretValue", "GetSecretValue"]
    gateway.uptime += 300
    gateway.slack(command(), secret="stranger")
    assert len(gateway.aws.calls) == 4


def test_a_secret_that_may_not_be_read_is_503_logged_and_asked_for_at_most_every_ten_seconds(
    gateway: Gateway, logged: Logged
) -> None:
    gateway.aws.refused["GetSecretValue"] = "AccessDeniedException"
    assert [gateway.slack(command()) for _ in range(5)] == [503] * 5
    assert gateway.aws.calls == ["GetSecretValue"]
    assert "GetSecretValue failed with AccessDeniedException" in logged()
    del gateway.aws.refused["GetSecretValue"]
    gateway.uptime += 10
    assert gateway.slack(command()) == 200


def test_an_outage_of_secrets_manager_does_not_lock_slack_out(gateway: Gateway) -> None:
    gateway.slack(command())
    gateway.aws.refused["GetSecretValue"] = "InternalServiceError"
    gateway.uptime += 3000
    assert gateway.slack(command(text="2")) == 200
