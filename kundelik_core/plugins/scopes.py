"""Cut what a plugin is told down to the scopes that its manifest declares."""

from collections.abc import Collection

import msgspec

from kundelik_core.sdk import ClassPage, SlotArgs

__all__ = ["within_scopes"]


def within_scopes(args: SlotArgs, reads: Collection[str]) -> SlotArgs:
    """Return ``args`` without anything that ``reads`` does not open.

    Arguments for which there is no rule yet are refused rather than passed on whole.
    """
    if not isinstance(args, ClassPage):
        raise TypeError(f"no rule says what of {type(args).__name__} a plugin may see")
    if "pupil.v1" not in reads:
        return msgspec.structs.replace(args, pupils=())
    if "pupil.birth_date.v1" not in reads:
        bare = (msgspec.structs.replace(pupil, birth_date=None) for pupil in args.pupils)
        return msgspec.structs.replace(args, pupils=tuple(bare))
    return args
