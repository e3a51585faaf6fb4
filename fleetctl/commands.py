"""`fleetctl ask` and `follow`: what can be said in Slack can be said here, as the IAM identity that one has.

The command goes to the same desk, is bound by the same rules, and stands in the same audit trail. Nothing is written
to a table from here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError

from fleet.commands.grammar.values import REQUEST
from fleetctl.callers import Caller
from fleetctl.following import ENDED, REPLY_SECONDS, Follower, Reply, news
from fleetctl.hub_api import HubApiError, find_api
from fleetctl.hub_api import ask as hand_in
from fleetctl.mrkdwn import plain
from fleetctl.options import Api, As, Local, Wait
from fleetctl.plain import err, fail, out
from fleetctl.sessions import Fleet

_LONGEST = 3_000


def ask(
    words: Annotated[list[str], typer.Argument(help="The command, as after /yagura: queues list, approve r-..., help")],
    local: Local = False,
    person: As = None,
    wait: Wait = False,
    api: Api = None,
) -> None:
    """Say a command to the fleet, as in Slack: risky ones wait for somebody else's consent."""
    say(" ".join(words), local=local, person=person, wait=wait, api=api)


def say(text: str, *, local: bool, person: str | None, wait: bool, api: str | None) -> None:
    """Hand in a command, and tell what becomes of it."""
    if not text.strip() or len(text) > _LONGEST:
        fail(f"Say a command of at most {_LONGEST} characters: fleetctl ask help", 2)
    with _plain_errors():
        fleet = Fleet(local=local)
        caller = fleet.caller(person)
        follower = Follower(caller.connect("dynamodb"))
        delivery = hand_in(caller, find_api(caller, api), text)
        with err.status("waiting for the answer"):
            reply = follower.reply(delivery)
        if reply is None:
            _no_answer(caller, delivery)
        refused = _tell(reply)
        if reply.request:
            _follow(fleet, follower, reply.request, people=wait)
        elif refused:
            raise typer.Exit(1)


def follow(
    request: Annotated[str, typer.Argument(help="The request: r-...")],
    local: Local = False,
    person: As = None,
) -> None:
    """Tell what becomes of a request, until it has ended. Ctrl-C stops only the telling."""
    if not REQUEST.fullmatch(request.lower()):
        fail(f"{request!r} is no request; a request is called r- and ten letters and digits.", 2)
    with _plain_errors():
        fleet = Fleet(local=local)
        follower = Follower(fleet.caller(person).connect("dynamodb"))
        _follow(fleet, follower, request.lower(), people=True)


def _tell(reply: Reply) -> bool:
    """The desk's words; whether they were a refusal."""
    for text in reply.texts:
        out.print(plain(text), markup=False, soft_wrap=True)
    return reply.refused


def _follow(fleet: Fleet, follower: Follower, request_id: str, *, people: bool) -> None:
    last = None
    for request in follower.changes(request_id, people=people):
        for line in news(last, request, fleet.name_of):
            out.print(line, markup=False, soft_wrap=True)
        last = request
    if last is None:
        fail(f"There is no request {request_id}.")
    if last.status == "PENDING" and not people:
        out.print(f"See what becomes of it: fleetctl follow {request_id}{' --local' if fleet.local else ''}")
        return
    if last.status not in ENDED:
        fail(f"{request_id} has not ended; nothing new has come for too long to wait on. Look again later.")
    if last.status != "DONE":
        raise typer.Exit(1)


def _no_answer(caller: Caller, delivery: str) -> NoReturn:
    fail(
        f"No answer came within {REPLY_SECONDS} s. The fleet does not answer those whom it does not know, and it may "
        f"not know you:\n  {caller.arn}\nIf that stands under nobody's `principals` in people.yaml, have it added. If "
        f"it does, the desk is behind: what you asked may still be done. Its delivery is {delivery}."
    )


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except HubApiError as error:
        fail(f"Not asked: {error}.")
    except (ClientError, BotoCoreError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("Stopped looking. What was asked goes on.")
