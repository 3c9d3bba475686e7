"""Pass on what a plugin's process writes to the server's own log, line by line and not too much."""

import sys
import threading
import time
from typing import IO, Final

__all__ = ["Output"]

_LINE: Final = 1000
_LINES: Final = 100
_PER_S: Final = 10.0


class Output:
    """Reads all that a process writes, so that it never has to wait for us; passes some of it on.

    ``last`` is the last line that was not empty.
    """

    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self.last = ""
        self._name, self._stream = name, stream
        self._left = _LINES
        self._dropped = 0
        self._window = 0.0
        self._thread = threading.Thread(target=self._run, name=f"output of {name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Read what is left, if the process has ended."""
        self._thread.join(1.0)

    def _run(self) -> None:
        with self._stream as stream:
            while data := stream.readline(_LINE):
                # No escape sequence of a plugin reaches an operator's terminal.
                text = data.decode(errors="replace").rstrip()
                text = "".join(one if one.isprintable() else " " for one in text)
                if text:
                    self.last = text[:200]
                    self._pass_on(text)

    def _pass_on(self, text: str) -> None:
        now = time.monotonic()
        if now - self._window > _PER_S:
            if self._dropped:
                sys.stderr.write(f"[{self._name}] ... {self._dropped} lines more\n")
            self._window, self._left, self._dropped = now, _LINES, 0
        if self._left <= 0:
            self._dropped += 1
            return
        self._left -= 1
        sys.stderr.write(f"[{self._name}] {text}\n")
