"""What axe is asked of a page, and how its answer reads."""

import json
from typing import Any, Final

__all__ = ["COLOURS", "EVERYTHING", "faults"]

EVERYTHING: Final = "{}"
# Of a page whose structure was looked at in other colours: by far the shorter part.
COLOURS: Final = json.dumps(
    {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
)


def faults(found: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """Return the rules that a page breaks, each with some of the places."""
    return [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]]
