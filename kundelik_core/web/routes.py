"""Declare who may open a page; nothing is served that does not say.

    @page("/diary", access=Permission.DIARY_READ)
    async def diary(request: Request) -> Response[bytes]: ...

``access`` is ``"public"``, ``"signed-in"`` or a ``Permission``. A permission here means "has it in
any school": which school, group or pupil is meant is asked inside, with
``identity.access.require`` and the access functions of the floor that owns the thing. What belongs
to another school is 404.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal, cast

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import HTTPRoute
from typing_extensions import override

import kundelik_core.web as web_package
from kundelik_core.identity.access import Permission, may_anywhere, refuse
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.web.visit import KEY, Visit, signed_out

__all__ = [
    "Access",
    "api_delete",
    "api_get",
    "api_patch",
    "api_post",
    "api_put",
    "declared_routes",
    "discover",
    "form",
    "guard",
    "page",
]

Access = Literal["public", "signed-in"] | Permission
Decorator = Callable[[Callable[..., Any]], HTTPRouteHandler]
ACCESS: Final = "access"
# Open while a new password is due, so that it can be chosen.
WHILE_LOCKED: Final = "while_locked"
LOCKED: Final = "password-due"


class Handler(HTTPRouteHandler):
    """A handler that shows itself to its guards; the framework would make a copy for each."""

    @override
    async def authorize_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        for guard in self.resolve_guards():
            await guard(connection, self)  # type: ignore[misc]


def _options(access: Access, options: dict[str, Any]) -> dict[str, Any]:
    opt = {ACCESS: access, WHILE_LOCKED: options.pop(WHILE_LOCKED, False)}
    return {"opt": opt, **options}


def page(path: str | list[str], *, access: Access, **options: Any) -> Decorator:  # noqa: ANN401
    """Register a page (GET)."""
    return Handler(path, http_method="GET", include_in_schema=False, **_options(access, options))


def form(path: str | list[str], *, access: Access, **options: Any) -> Decorator:  # noqa: ANN401
    """Register what a form posts to; answer with ``after(request, path)``."""
    return Handler(
        path,
        http_method="POST",
        include_in_schema=False,
        status_code=200,
        **_options(access, options),
    )


def api_get(path: str, *, access: Access, **options: Any) -> Decorator:  # noqa: ANN401
    """Register a JSON resource under ``/api/v1``."""
    return Handler(f"/api/v1{path}", http_method="GET", **_options(access, options))


def api_post(path: str, *, access: Access, **options: Any) -> Decorator:  # noqa: ANN401
    """Register a JSON action under ``/api/v1``."""
    options = {"status_code": 200, **options}
    return Handler(f"/api/v1{path}", http_method="POST", **_options(access, options))


def api_put(path: str, *, access: Access, **options: Any) -> Decorator:  # noqa: ANN401
    """Register a JSON replacement under ``/api/v1``."""
    return Handler(f"/api/v1{path}", http_method="PUT", **_options(access, options))


def api_patch(path: str, *, access: Access, **options: Any) -> Decorator:  # noqa: ANN401
    """Register a JSON change under ``/api/v1``."""
    return Handler(f"/api/v1{path}", http_method="PATCH", **_options(access, options))


def api_delete(path: str, *, access: Access, **options: Any) -> Decorator:  # noqa: ANN401
    """Register a JSON removal under ``/api/v1``."""
    return Handler(f"/api/v1{path}", http_method="DELETE", **_options(access, options))


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let through who may open the handler; runs before the body is read.

    Raises:
        Problem: signed out (401), forbidden (403), or a new password is due (403).
    """
    access = handler.opt.get(ACCESS)
    # Only the answers to OPTIONS, which Litestar makes itself, declare nothing; the start has seen
    # to it.
    if access is None or access == "public":
        return
    visit: Visit = cast("dict[str, Any]", connection.scope)[KEY]
    if visit.actor is None:
        raise signed_out()
    if visit.actor.must_change_password and not handler.opt.get(WHILE_LOCKED):
        raise Problem(
            LOCKED, N_("Choose a new password first."), status=403, extra={"goto": "/account"}
        )
    if access != "signed-in" and not may_anywhere(visit.actor, access):
        raise refuse()


def discover() -> list[Any]:
    """Return the handlers of every module of the web floor that has a ``HANDLERS`` sequence."""
    found: list[Any] = []
    names = pkgutil.walk_packages(web_package.__path__, f"{web_package.__name__}.")
    for module in sorted(names, key=lambda m: m.name):
        handlers: Sequence[Any] = getattr(importlib.import_module(module.name), "HANDLERS", ())
        found.extend(handlers)
    return found


def declared_routes(app: Litestar) -> Iterator[tuple[str, str, Access]]:
    """Return path, method and access of every route, for the start and for the security walk.

    Raises:
        RuntimeError: a handler does not declare who may.
    """
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            raise RuntimeError(f"{route.path} is no HTTP route: it has no guard")
        for handler in route.route_handlers:
            methods = sorted(handler.http_methods - {"OPTIONS"})
            if methods and ACCESS not in handler.opt:
                raise RuntimeError(f"{handler} at {route.path} does not declare access=")
            for method in methods:
                yield route.path, method, handler.opt[ACCESS]
