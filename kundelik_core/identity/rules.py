"""Decide what a login, a password and a code must look like, and how fast one may guess. No I/O."""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from kundelik_core.identity.model import STAFF_ROLES
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = [
    "LOGIN_LIMIT",
    "activation_hash",
    "check_login",
    "check_password_rules",
    "delay",
    "new_code",
    "normal_code",
    "normal_login",
    "session_length",
    "session_ref",
    "token_hash",
]

# Guessing: per login strictly; per address generously, since a school sits behind one address.
WINDOW_SECONDS: Final = 15 * 60
LOGIN_LIMIT: Final = 10
ADDRESS_LIMIT: Final = 300
CODE_LIMIT: Final = 60
SLOW_AFTER_ADDRESS: Final = 60
SLOW_AFTER_ALL: Final = 600
SLOWEST_SECONDS: Final = 4.0

PASSWORD_MIN: Final = 10
PASSWORD_MAX: Final = 256

LOGIN_FORM: Final = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{1,62})[a-z0-9]")

# Letters and digits that nobody mistakes for another on a printed slip.
CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH: Final = 10
CODE_DAYS: Final = 60

# What is tried first everywhere; compared without case, spaces and closing digits.
COMMON: Final = frozenset({
    "password", "passwort", "qwerty", "qwertyuiop", "qwertyui", "asdfghjkl", "asdfgh", "zxcvbnm",
    "iloveyou", "welcome", "letmein", "admin", "administrator", "kundelik", "kazakhstan",
    "qazaqstan", "qazaq", "astana", "almaty", "mektep", "school", "teacher", "parent", "student",
    "пароль", "йцукен", "йцукенгшщз", "фывапролд", "любовь", "привет", "казахстан", "қазақстан",
    "астана", "алматы", "мектеп", "школа", "кунделик", "күнделік", "құпиясөз", "ұстаз",
    "учитель", "ученик", "родитель", "абвгдеж", "qazwsx", "qwerty123456", "1q2w3e4r5t",
    "1qaz2wsx3edc", "zaq12wsx", "dragon", "football", "monkey", "superman", "sunshine",
    "princess",
})  # fmt: skip


def normal_login(text: str) -> str:
    """Return a login as it is compared: people type it with capitals and spaces."""
    return unicodedata.normalize("NFKC", text).strip().lower()[:64]


def check_login(text: str) -> str:
    """Return the login to store.

    Raises:
        Problem: it has a form that cannot be typed or told apart.
    """
    login = normal_login(text)
    if not LOGIN_FORM.fullmatch(login):
        raise Problem(
            "login-form",
            N_(
                "A login has 3 to 64 Latin letters, digits, dots or hyphens, and begins with a "
                "letter or a digit."
            ),
            status=422,
            field="login",
        )
    return login


def _letters(password: str) -> str:
    plain = unicodedata.normalize("NFKC", password).casefold()
    return "".join(plain.split())


def _too_plain(password: str) -> bool:
    plain = _letters(password)
    if len(set(plain)) <= 3:
        return True
    if plain in COMMON or plain.strip("0123456789!?.,-_*#@$") in COMMON:
        return True
    rows = (
        "01234567890123456789",
        "98765432109876543210",
        "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfghjklzxcvbnm",
    )
    return any(plain in row for row in rows)


def check_password_rules(password: str, logins: Iterable[str] = ()) -> None:
    """Refuse a password that is guessed first; length is worth more than strange signs.

    Raises:
        Problem: it is too short, too long, too common, or the login itself.
    """
    if len(password) < PASSWORD_MIN:
        raise Problem(
            "password-short",
            N_(
                "Use at least %(min)s characters. Three or four words that you remember are a "
                "good password."
            ),
            status=422,
            params={"min": PASSWORD_MIN},
            field="password",
        )
    if len(password) > PASSWORD_MAX:
        raise Problem(
            "password-long",
            N_("Use at most %(max)s characters."),
            status=422,
            params={"max": PASSWORD_MAX},
            field="password",
        )
    plain = _letters(password)
    names = [name for name in map(_letters, logins) if name in plain]
    # The login with a year or a sign added, or typed twice, is still the login.
    if any(len(plain) - len(name) <= 4 or plain == name * 2 for name in names):
        raise Problem(
            "password-is-login",
            N_("The password must not be your login."),
            status=422,
            field="password",
        )
    if _too_plain(password):
        raise Problem(
            "password-common",
            N_("This password is one of the first that anyone would try. Choose another."),
            status=422,
            field="password",
        )


def token_hash(token: str) -> bytes:
    """Return what is stored of a session's token; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """Return a session's token; made here and only here, never taken from a client."""
    return secrets.token_urlsafe(32)


def session_ref(hashed: bytes) -> str:
    """Return the name of a session for its owner's eyes (the directory makes the same digest)."""
    return hashlib.md5(hashed, usedforsecurity=False).hexdigest()[:16]


def new_code() -> str:
    """Return a one-time code for an activation slip."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def show_code(code: str) -> str:
    """Return a code as it is printed: in two halves, so that it can be read aloud."""
    return f"{code[:5]}-{code[5:]}"


def normal_code(text: str) -> str:
    """Return a typed code as it was made: without hyphens, spaces and case."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())[:32]


def activation_hash(code: str) -> bytes:
    """Return what is stored of a code: slower than a token's, since a code is short."""
    return hashlib.pbkdf2_hmac("sha256", normal_code(code).encode(), b"kundelik activation", 10_000)


def delay(address_failures: int, all_failures: int) -> float:
    """Return how many seconds a failed sign-in waits for its answer; grows with the failures."""
    slow = max(address_failures - SLOW_AFTER_ADDRESS, (all_failures - SLOW_AFTER_ALL) / 4)
    return min(SLOWEST_SECONDS, max(0.0, slow / 40))


def session_length(roles: Iterable[str], *, platform: bool) -> timedelta:
    """Return how long a session lives after its last use: long for families, short for staff."""
    if platform:
        return timedelta(hours=12)
    if STAFF_ROLES & set(roles):
        return timedelta(days=7)
    return timedelta(days=90)
