"""How the fleet says that it did not understand, and how it quotes what was typed."""

MOST_QUOTED = 60


class CommandError(Exception):
    """No command can be made of the text. `reason` is a slug for counting; `text` is for the person alone, in mrkdwn.

    The text may quote what was typed, so it is no part of `str()`, which may get into a log.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(reason)
        self.reason, self.text = reason, text


def code(text: str) -> str:
    """`text` in Slack's code marks: it can neither end them nor become a link or a mention."""
    plain = text.replace("`", "'").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"`{plain}`"


def quoted(text: str) -> str:
    """What somebody typed, shortened and in code marks."""
    # Shortened before it is escaped: an entity cut in two would show.
    return code(text if len(text) <= MOST_QUOTED else f"{text[: MOST_QUOTED - 1]}…")
