"""Build the application: ``create_app(settings, urls)``.

How a page module joins: it is a module of ``kundelik_core.web`` with a ``HANDLERS`` tuple; it is
found by itself at the start.

    from kundelik_core.web.frame import after, view
    from kundelik_core.web.routes import api_post, form, page
    from kundelik_core.web.visit import Request, actor_of, form_of

    @page("/diary/{child:uuid}", access=Permission.DIARY_READ)
    async def diary(request: Request, child: FromPath[UUID]) -> Response[bytes]:
        actor = actor_of(request)                      # identity.model.Actor
        async with tenant(school_id) as tx:            # ends before rendering
            week = await queries.week(tx, ...)
        return view(request, "diary.html", week=week)

    HANDLERS = (diary,)

- Who may: ``access=`` is "public", "signed-in" or a ``Permission`` (in any school); the certain
  school, group or pupil is asked inside: ``identity.access.require(actor, permission, school)``.
- Refusals: raise ``Problem``; it becomes a page or problem+json in the reader's language.
- JSON: ``api_get/api_post("/journal/{group:uuid}/cells", access=...)`` stand under ``/api/v1``;
  return msgspec structs; take the body as ``data: JSONBody[SomeStruct]`` (litestar.params).
- Forms: ``@form``, ``await form_of(request)``, answer ``after(request, "/path", "note-code")``.
- Menu and home: ``frame.NAV``, ``frame.NOTES``, ``pages_home.HOMES``.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Litestar, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from kundelik_core.identity.sessions import Sessions
from kundelik_core.kernel.boot import Urls, open_databases
from kundelik_core.kernel.db import directory, jobs_url, reference, use_databases
from kundelik_core.kernel.hub import Hub, use_hub
from kundelik_core.kernel.i18n import LOCALES
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.host.load import HostedPlugins
from kundelik_core.plugins.host.place import place_of
from kundelik_core.plugins.life.keys import keys_of
from kundelik_core.plugins.life.running import running_plugins
from kundelik_core.privacy.actions import settle
from kundelik_core.schools.queries.schools import school_titles
from kundelik_core.web import frame
from kundelik_core.web.errors import handle
from kundelik_core.web.middleware import Shell
from kundelik_core.web.module_menu import know_modules
from kundelik_core.web.modules import allowed, tell_modules
from kundelik_core.web.render import environment
from kundelik_core.web.routes import declared_routes, discover, guard, page
from kundelik_core.web.static_mount import choose_theme, static_files
from kundelik_core.web.themes.looks import watch_looks
from kundelik_core.web.visit import Request

__all__ = ["create_app"]

# Forms and JSON; an upload says request_max_body_size= for itself.
BODY_MAX: Final = 1024 * 1024


@page("/readyz", access="public")
async def readyz(request: Request) -> Response[str]:  # noqa: ARG001 - the signature of a page
    """Tell a load balancer whether the databases answer."""
    await directory().fetchval("select 1")
    await reference().fetchval("select 1")
    return Response("ready\n", media_type="text/plain")


async def _guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Do all that comes before a handler; in one guard, since the framework copies it for each."""
    await guard(connection, handler)
    await know_modules(connection, handler)


def create_app(
    settings: Settings, urls: Urls | None = None, *, handlers: Sequence[Any] = ()
) -> Shell:
    """Return the application. Without ``urls`` it uses the databases that this process has open.

    Raises:
        RuntimeError: a handler does not declare who may.
        ThemeError: the theme of the settings cannot be used.
    """
    choose_theme(settings.theme)
    shell: list[Shell] = []
    app = Litestar(
        route_handlers=[readyz, *discover(), *handlers],
        guards=[_guard],
        exception_handlers={Exception: handle},
        lifespan=[_lifespan(settings, urls, shell)],
        request_max_body_size=BODY_MAX,
        state=State({"settings": settings}),
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    frame.PATHS.update(path for path, method, _access in declared_routes(app) if method == "GET")
    shell.append(Shell(app, secure=settings.secure_cookies))
    return shell[0]


def _lifespan(
    settings: Settings, urls: Urls | None, shell: list[Shell]
) -> Callable[[Litestar], Any]:
    @asynccontextmanager
    async def run(_app: Litestar) -> AsyncIterator[None]:
        databases = await open_databases(urls, settings) if urls else None
        if databases:
            use_databases(databases)
        hub = Hub(jobs_url())
        shell[0].sessions = Sessions(hub)
        keys = keys_of(settings, urls.tenant) if urls else None
        hosts = HostedPlugins(place_of(settings.data_dir)) if urls else None
        await hub.start()
        frame.know_schools(await school_titles())
        try:
            async with (
                running_plugins(settings, hub, keys=keys, hosts=hosts) as plugins,
                watch_looks(hub),
            ):
                if allowed() is not plugins.allowed:  # something stands in for them
                    allowed().follow(hub)
                _warm_up()
                with use_hub(hub):
                    yield
        finally:
            await hub.stop()
            await settle()
            if databases:
                use_databases(None)
                await databases.close()

    return run


def _warm_up() -> None:
    """Read files, load modules and catalogues, before the first visitor waits for it."""
    static_files()
    tell_modules()
    for locale in LOCALES:
        environment(locale).get_template("base.html")
