"""What people should see: kept, then told in Slack and by PagerDuty. What cannot be told now waits."""

import os
from typing import Any

from fleet import aws, clock
from fleet.events.chatops import BudgetUsedUp
from fleet.events.envelope import decode, receive
from fleet.events.findings import FindingsSummarized, ProblemsVanished
from fleet.items import Table
from fleet.modes import Mode, ModeSwitch
from fleet.secrets import Secret
from fleet.settings import Settings, compiled
from fleet.worker import DeadLetters, process
from functions.chatops import budget_message, vanished_message
from functions.chatops.later import Later
from functions.chatops.messages import MessageStore
from functions.chatops.pagerduty import PagerDuty
from functions.chatops.pages import Pages
from functions.chatops.problem_message import ABOUT, said
from functions.chatops.problems import Problems
from functions.chatops.pump import Pump
from functions.chatops.routes import Routing
from functions.chatops.slack import Slack
from functions.chatops.summaries import Summaries
from functions.chatops.teller import Asked, Teller, unknown

settings = Settings.read()
routing, _ = compiled(Routing, beside=__file__)
table = Table(aws.dynamodb(), settings.table)
dead_letters = DeadLetters(aws.sqs(), settings.dead_letters)
later = Later(aws.sqs(), os.environ["YAGURA_PUMP_QUEUE"], settings.region)
messages = MessageStore(table)
slack = Slack(
    Secret(aws.secretsmanager(), os.environ["YAGURA_SLACK_SECRET"]),
    os.environ["YAGURA_SLACK_API"],
    os.environ["YAGURA_SLACK_HOOKS"],
)
pump = Pump(messages, slack, dead_letters, later, capability=settings.capability, clock=clock.now_ms)
pagerduty = PagerDuty.from_environment(aws.secretsmanager())
pages = Pages(table, pagerduty, dead_letters, queue=later.arn, capability=settings.capability, clock=clock.now_ms)
modes = ModeSwitch(aws.ssm(), settings.capability)
teller = Teller(messages, pump, pages, later, on=lambda: modes.mode() is not Mode.OFF, clock=clock.now_ms)
problems = Problems(table, messages, capability=settings.capability, clock=clock.now_ms)
summaries = Summaries(table, routing, clock=clock.now_ms)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Entry point: a batch of the queue, or the schedule's tick."""
    if "Records" not in event:
        return teller.sweep(context.get_remaining_time_in_millis)
    return process(event, handle, dead_letters=dead_letters, capability=settings.capability)


def handle(body: str) -> None:
    """A fleet event, kept before it is told; or a call to go on with what waits."""
    asked = decode(Asked, body)
    if not asked.detail_type:
        teller.go_on(asked)
    elif kind := ABOUT.get(asked.detail_type):
        word = said(receive(kind, body), routing)
        teller.keep_page(word.page)
        teller.say(problems.take(word), word.page)
    elif asked.detail_type == FindingsSummarized.detail_type():
        teller.say(summaries.take(receive(FindingsSummarized, body)))
    elif asked.detail_type == BudgetUsedUp.detail_type():
        teller.say([budget_message.message(receive(BudgetUsedUp, body), routing)])
    elif asked.detail_type == ProblemsVanished.detail_type():
        teller.say([vanished_message.message(receive(ProblemsVanished, body), routing)])
    else:
        raise unknown(asked)
