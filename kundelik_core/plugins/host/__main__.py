"""Start a plugin's process: ``python -m kundelik_core.plugins.host``, by the server, not by hand.

Run with ``-I -S`` and by its path, so that nothing of the plugin's environment runs before the
limits are set: this file then says itself where packages are found. A ``.pth`` file, which could
run code, counts in the core's own folders only.
"""

import json
import os
import site
import sys
from typing import Any

ENVIRONMENT = "KUNDELIK_HOST_SPEC"


def start() -> int:
    """Make the packages findable and hand over to the server."""
    raw = os.environ.pop(ENVIRONMENT, None)
    if raw is None:
        sys.stderr.write("kundelik serve starts this process; it does nothing by hand\n")
        return 2
    spec: dict[str, Any] = json.loads(raw)
    for folder in spec["core_sites"]:
        site.addsitedir(folder)
    if spec["site"]:
        # First, so that the plugin's own versions win; and as a plain folder.
        sys.path.insert(0, spec["site"])
    from kundelik_core.plugins.host.server import main

    return main(spec)


if __name__ == "__main__":
    sys.exit(start())
