"""Derive the plugins' passwords from the installation's secret, so that none is kept anywhere."""

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from kundelik_core.plugins.database.names import login_of

__all__ = ["LOGIN_KEY_NAME", "Logins", "as_user", "scram_verifier"]

LOGIN_KEY_NAME: Final = "plugin-logins"
"""Under which the installation keeps the secret: ``installation_key(data_dir, LOGIN_KEY_NAME)``."""

_ITERATIONS: Final = 4096


class Logins:
    """Knows the address of every plugin's login, given the application's own address."""

    def __init__(self, tenant_url: str, secret: bytes) -> None:
        self._url = tenant_url
        self._secret = secret

    def url_for(self, name: str) -> str:
        """Return the address under which the plugin's code reaches its tables and views."""
        return as_user(self._url, login_of(name), self.password(name))

    def password(self, name: str) -> str:
        """Return the plugin's password."""
        return self._derived("password", name).hex()

    def verifier(self, name: str) -> str:
        """Return what PostgreSQL keeps: the password itself never reaches the server or its log."""
        return scram_verifier(self.password(name), self._derived("salt", name)[:16])

    def _derived(self, purpose: str, name: str) -> bytes:
        text = f"{purpose}:{login_of(name)}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).digest()


def as_user(url: str, user: str, password: str) -> str:
    """Return ``url`` with another login, whatever way it names its own."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    kept = [
        pair
        for pair in parts.query.split("&")
        if pair and pair.partition("=")[0] not in {"user", "password"}
    ]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    return urlunsplit(parts._replace(netloc=login + host, query="&".join(kept)))


def scram_verifier(password: str, salt: bytes, iterations: int = _ITERATIONS) -> str:
    """Return a SCRAM-SHA-256 verifier (RFC 5803) as ``alter role .. password`` takes it."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.new(salted, b"Client Key", hashlib.sha256).digest()
    server = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
    stored = hashlib.sha256(client).digest()
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{text[0]}${text[1]}:{text[2]}"
