"""Say no in a way that pages can translate and people can act on."""

from collections.abc import Mapping

__all__ = ["Refused"]


class Refused(Exception):
    """What was asked for cannot be done with this order; nothing was changed.

    ``message`` is an English text with ``%(name)s`` placeholders for ``params``.
    """

    def __init__(self, code: str, message: str, **params: object) -> None:
        self.code = code
        self.message = message
        self.params: Mapping[str, object] = params
        super().__init__(message % params)
