"""What people read about a request: pure. One message per request, edited as it goes on."""

from datetime import UTC, datetime

from fleet.masking import mask
from functions.chatops import hiding
from functions.chatops.filing import Hub
from functions.chatops.message import Message, Priority, escape, section
from functions.chatops.request import STEP_UP_TIER, UNDER_WAY, Answer, Request, Target

_MOST_PLACES, _MOST_FACTS = 10, 20
_MOST_TABLE = 2700
_REPLY_MS = 25 * 60_000
"""Slack takes replies to what somebody typed for half an hour; later they are told by themselves."""
_MOST_IN_ALL, _MOST_TEXTS = 9_000, 40
"""Slack takes 3,000 characters in a block, about 13,000 in all of them, and 50 blocks."""
_MARKS = {
    "PENDING": ":hourglass_flowing_sand:", "GRANTED": ":arrow_forward:", "DONE": ":white_check_mark:",
    "FAILED": ":x:", "DENIED": ":no_entry:", "CANCELLED": ":wastebasket:", "EXPIRED": ":clock8:",
}  # fmt: skip
_OUTCOMES = {"done": ":white_check_mark:", "failed": ":x:", "refused": ":no_entry:", "silent": ":grey_question:"}


def request_message(request: Request, version: int, hub: Hub) -> Message:
    """The message of a request in the approvals channel, as it stands now; with buttons while it is open."""
    blocks: list[dict[str, object]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(mask(request.headline), 150)}},
        section("\n".join(f"*{escape(name)}:* {escape(value)}" for name, value in _facts(request, hub))),
    ]
    if request.table and request.status in UNDER_WAY:
        blocks += map(section, tables(hiding.rows(request.table, hub.ids)))
    answers = [text for target, answer in _answers(request) for text in answer_texts(hub.name_of(target), answer, hub)]
    blocks += map(section, fitting(answers))
    if request.status == "PENDING":
        blocks.append(_buttons(request))
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": f"request `{request.id}`"}]})
    return Message(
        subject=f"request#{request.id}",
        channel=hub.approvals_channel,
        text=escape(f"{_MARKS[request.status]} {mask(request.headline)}: {_standing(request)}"),
        blocks=blocks,
        priority=Priority.CRITICAL,
        version=version,
    )


def answers_reply(request: Request, version: int, hub: Hub) -> Message:
    """The answer to what only reads, to whoever asked."""
    answers = _answers(request)
    texts = fitting([text for target, answer in answers for text in answer_texts(hub.name_of(target), answer, hub)])
    if waiting := len(request.targets) - len(answers):
        texts.append(f":hourglass_flowing_sand: {waiting} of {len(request.targets)} accounts have not answered yet")
    texts.append(f"`{request.id}`")
    return reply(f"answer#{request.id}", texts, reply_url=request.reply_url, channel=request.channel, version=version)


def outcome_reply(request: Request, version: int, hub: Hub, now: int) -> Message:
    """How it ended, to whoever asked: not everybody reads the approvals channel."""
    answers = [text for target, answer in _answers(request) for text in answer_texts(hub.name_of(target), answer, hub)]
    said = f"{_MARKS[request.status]} `{request.id}` {escape(mask(request.headline))}: {escape(_standing(request))}"
    note = [f"> {escape(_one_line(mask(request.note)))}"] if request.note else []
    texts = [said, *note, *answers]
    in_time = now - request.created < _REPLY_MS
    where = request.channel if in_time else request.via.removeprefix("slack:")
    return reply(
        f"ended#{request.id}",
        texts,
        reply_url=request.reply_url if in_time else "",
        channel=where,
        version=version,
    )


def reply(subject: str, texts: list[str], *, reply_url: str, channel: str, version: int = 1) -> Message:
    """Something said to one person."""
    return Message(
        subject=subject,
        channel=channel,
        text=_cut("\n".join(texts), 3000),
        blocks=[section(text) for text in fitting(texts)],
        priority=Priority.CRITICAL,
        reply_url=reply_url,
        version=version,
    )


def loud(request: Request, channel: str, hub: Hub) -> Message:
    """The notice of a broken glass, for every team's channel."""
    text = (
        f":rotating_light: *{escape(', '.join(request.decided_by) or request.requester)} broke the glass* for "
        f"{escape(mask(request.headline))} (`{request.id}`)\n*Reason:* {escape(_one_line(mask(request.break_glass)))}\n"
        f"Somebody else of {escape(hub.sre)} must review it."
    )
    return Message(
        subject=f"glass#{request.id}",
        channel=channel,
        text=text,
        blocks=[section(f"<!channel> {text}")],
        priority=Priority.CRITICAL,
        version=1,
    )


def answer_texts(where: str, answer: Answer, hub: Hub) -> list[str]:
    """One place's answer."""
    head = f"{_OUTCOMES[answer.outcome]} *{escape(where)}* {escape(mask(answer.headline))}"
    first, *rest = [*tables(hiding.rows(answer.table, hub.ids)), ""]
    return [f"{head}\n{first}".rstrip(), *filter(None, rest)]


def tables(rows: list[list[str]]) -> list[str]:
    """Rows as aligned text, in as many texts as Slack's limit for one asks for; the first row holds the heads."""
    shown = [[escape(_cut(cell, 60)) for cell in row] for row in rows]
    columns = max((len(row) for row in shown), default=0)
    # The last cell of a shorter row has nothing beside it, and may reach as far as it likes.
    aligned = [row if len(row) == columns else row[:-1] for row in shown]
    widths = [max((len(row[n]) for row in aligned if n < len(row)), default=0) for n in range(columns)]
    texts, size = list[list[str]](), _MOST_TABLE
    for row in shown:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        if size + len(line) + 1 > _MOST_TABLE:
            texts, size = [*texts, []], 0
        texts[-1].append(line[:_MOST_TABLE])
        size += len(line) + 1
    return [f"```{'\n'.join(lines)}```" for lines in texts]


def fitting(texts: list[str]) -> list[str]:
    """As many texts as one message takes, and how many are left out."""
    kept, size = list[str](), 0
    for text in texts:
        size += len(text)
        if size > _MOST_IN_ALL or len(kept) == _MOST_TEXTS:
            return [*kept, f"… and {len(texts) - len(kept)} more, which this message has no room for"]
        kept.append(text)
    return kept


def reason_view(request_id: str) -> dict[str, object]:
    """The form that asks why the glass is to be broken."""
    return {
        "type": "modal",
        "callback_id": "break_glass",
        "private_metadata": request_id,
        "title": {"type": "plain_text", "text": "Break the glass"},
        "submit": {"type": "plain_text", "text": "Break it"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [
            section(f"`{request_id}` will run now, on your word alone. Every team hears of it, and it is reviewed."),
            {
                "type": "input",
                "block_id": "reason",
                "label": {"type": "plain_text", "text": "Why can it not wait for somebody else?"},
                "element": {
                    "type": "plain_text_input",
                    "action_id": "reason",
                    "multiline": True,
                    "min_length": 10,
                    "max_length": 500,
                },
            },
        ],
    }


def tier_words(tier: int) -> str:
    """What a tier asks for."""
    if tier >= STEP_UP_TIER:
        return "needs a second factor on the dashboard"
    return {0: "needs nobody else", 1: "needs one other person", 2: "needs two other people"}[tier]


def _facts(request: Request, hub: Hub) -> list[tuple[str, str]]:
    """What the fleet knows goes first: what others wrote can neither push it out nor look like it."""
    where = [hub.name_of(target) for target in request.targets]
    more = f" and {len(where) - _MOST_PLACES} more" if len(where) > _MOST_PLACES else ""
    facts = [
        ("Where", f"{', '.join(where[:_MOST_PLACES]) or 'hub'}{more}"),
        ("Requested by", request.requester),
        ("State", _standing(request)),
    ]
    if request.break_glass:
        facts.append(("Glass broken", _one_line(mask(request.break_glass))))
    if request.note:
        facts.append(("Said", _one_line(mask(request.note))))
    theirs = [hiding.fact(request, name, value, hub.ids) for name, value in request.facts[:_MOST_FACTS]]
    return [*facts, *((_one_line(name), _one_line(value)) for name, value in theirs)]


def _one_line(text: str) -> str:
    """Without what would make another line, or another mark, of it."""
    return _cut(" ".join(text.replace("*", "∗").replace("`", "'").split()), 300)


def _standing(request: Request) -> str:
    by = ", ".join(request.decided_by)
    match request.status:
        case "PENDING":
            votes = f"; {', '.join(vote.person for vote in request.votes)} said yes" if request.votes else ""
            return f"{tier_words(request.tier)} of {', '.join(request.teams)} until {_clock(request.expires_at)}{votes}"
        case "GRANTED":
            return f"{f'granted by {by}, ' if by else ''}under way"
        case "DONE" if request.reviews:
            return f"reviewed by {by}"
        case "DENIED" | "CANCELLED":
            return f"{request.status.lower()}{f' by {by}' if by else ''}"
        case _:
            return f"{request.status.lower()}{f', granted by {by}' if by else ''}"


def _buttons(request: Request) -> dict[str, object]:
    def button(action: str, text: str, style: str) -> dict[str, object]:
        return {
            "type": "button",
            "action_id": action,
            "value": request.id,
            "text": {"type": "plain_text", "text": text},
            **({"style": style} if style else {}),
        }

    if request.reviews:
        return {"type": "actions", "elements": [button("approve", "Reviewed", "primary")]}
    buttons = [button("approve", "Approve", "primary"), button("deny", "Deny", "danger")]
    return {"type": "actions", "elements": [*buttons, button("break_glass", "Break the glass", "")]}


def _answers(request: Request) -> list[tuple[Target, Answer]]:
    """What went wrong first: if there is no room for all, that is what people need."""
    found = [(target, request.answers[str(target)]) for target in request.targets if str(target) in request.answers]
    return sorted(found, key=lambda each: each[1].outcome == "done")


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
