"""The one error of the launcher side."""


class LocalCloudError(Exception):
    """Something about the local cloud that its user can act on; the message is one clear line, or a few."""
