"""How a call of AWS fails, for modules that know no AWS."""


class CallFailedError(Exception):
    """AWS did not do `action`; `code` is its own word for why.

    `certain`: it has not been done. Otherwise nobody knows: the answer was lost, or AWS itself failed.
    """

    def __init__(self, action: str, code: str, *, certain: bool) -> None:
        super().__init__(f"{action}: {code}")
        self.action, self.code, self.certain = action, code, certain

    @property
    def denied(self) -> bool:
        """We are not allowed to: our role reaches only what carries the tag of redriving."""
        return self.code.startswith("AccessDenied")
