"""Make codes that people read aloud and type: a slip of one letter or a swap is noticed."""

import secrets
from collections.abc import Callable
from typing import Final

__all__ = [
    "CODE_LENGTH",
    "check_sign",
    "grouped",
    "is_code",
    "new_code",
    "public_id_of",
    "school_of",
    "signs",
    "typed",
]

# No 0/O, 1/I/L, and no letters that stand for other sounds in Cyrillic hands (B, H, P).
_SIGNS: Final = "23456789ACDEFGJKMNQRSTUVWXYZ"
_LIKE: Final = str.maketrans({"А": "A", "С": "C", "Е": "E", "К": "K", "М": "M", "Т": "T", "Х": "X"})
CODE_LENGTH: Final = 10


def new_code(choose: Callable[[str], str] = secrets.choice) -> str:
    """Return a code of nine random signs and a check sign: what an order is called outside."""
    body = "".join(choose(_SIGNS) for _ in range(CODE_LENGTH - 1))
    return body + check_sign(body)


def check_sign(body: str) -> str:
    """Return the sign after ``body`` (Luhn with as many digits as there are signs)."""
    count = len(_SIGNS)
    total = 0
    for place, sign in enumerate(reversed(body)):
        value = _SIGNS.index(sign) * (2 if place % 2 == 0 else 1)
        total += value // count + value % count
    return _SIGNS[-total % count]


def is_code(text: str) -> bool:
    """Say whether ``text`` is a code with the right check sign."""
    return (
        len(text) == CODE_LENGTH and set(text) <= set(_SIGNS) and check_sign(text[:-1]) == text[-1]
    )


def signs(text: str) -> str:
    """Return the signs of a number that somebody typed, without what stands between them."""
    return "".join(sign for sign in text.upper().translate(_LIKE) if sign.isalnum())


def typed(text: str) -> str | None:
    """Return the code in what somebody typed, Cyrillic twins and spaces forgiven, or None."""
    plain = signs(text)
    return plain if is_code(plain) else None


def grouped(code: str) -> str:
    """Return a code as it is printed."""
    return f"{code[:5]}-{code[5:]}"


def public_id_of(reference: str) -> str:
    """Return the code within what providers call an order."""
    return reference.rpartition("-")[2]


def school_of(reference: str) -> int | None:
    """Return the school to which a provider's word for an order leads, or None."""
    school, _, code = reference.rpartition("-")
    return int(school) if school.isdecimal() and len(school) < 10 and is_code(code) else None
