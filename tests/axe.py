"""What axe is asked of a page, and how its answer reads."""

import json
from typing import Any, Final

__all__ = ["COLOURS", "EVERYTHING", "asked", "faults"]


def asked(**options: Any) -> str:
    """Return what axe is told; every rule is looked into unless it says otherwise.

    What a page does right is not listed place by place: on a journal that is most of the work.
    """
    return json.dumps({"resultTypes": ["violations"], **options})


EVERYTHING: Final = asked()
# Of a page whose structure was looked at in other colours: by far the shorter part.
COLOURS: Final = asked(runOnly={"type": "rule", "values": ["color-contrast", "link-in-text-block"]})


def faults(found: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """Return the rules that a page breaks, each with some of the places."""
    return [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]]
