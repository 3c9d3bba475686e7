"""Say what went wrong in a form that a page and a machine can both show."""

from collections.abc import Mapping

__all__ = ["Problem"]


class Problem(Exception):
    """A refusal with a code, a sentence for people and an HTTP status.

    ``message`` and ``help`` are English msgids with ``%(name)s`` placeholders, translated where
    they are shown. ``field`` names the form field or JSON member at fault; ``extra`` goes into the
    machine's twin.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        params: Mapping[str, object] | None = None,
        field: str | None = None,
        help: str | None = None,  # noqa: A002 - the field's name in the JSON
        extra: Mapping[str, object] | None = None,
    ) -> None:
        self.code = code
        self.message = message
        self.status = status
        self.params = dict(params or {})
        self.field = field
        self.help = help
        self.extra = dict(extra or {})
        super().__init__(f"{code}: {message % self.params if self.params else message}")
