"""Run Kundelik from a shell: ``kundelik demo``, ``serve``, ``doctor`` and the rest.

Exit codes: 0 done, 1 it did not work or something is wrong, 2 it was asked wrongly (a setting, an
option). A module of this package holds one command under the name ``command`` and is imported when
it is called, so that ``kundelik --help`` is quick.
"""

import importlib
import importlib.util
from typing import Any, Final

import click
from typing_extensions import override

from kundelik_core import __version__
from kundelik_core.cli.errors import told

__all__ = ["COMMANDS", "main"]

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "demo": ("demo", "Start with made-up schools to look around in."),
    "serve": ("serve", "Start the server."),
    "worker": ("worker", "Run background jobs: events and schedules of modules."),
    "migrate": ("migrate", "Bring the databases to the shape that this release needs."),
    "doctor": ("doctor", "Say what is set, what is wrong and how to mend it."),
    "user": ("user", "Make accounts, list them, give new passwords."),
    "school": ("school", "Add schools and list them."),
    "generate": ("generate", "Add a made-up school of any size."),
    "roster": ("roster", "Take over people, classes and groups from files."),
    "timetable": ("timetable", "Take over the weekly timetable from a file."),
    "marks": ("marks", "Take over marks from a file."),
    "scheme": ("scheme", "List, show and check grading schemes."),
    "plugin": ("plugin", "Approve plugins, see how they are, shut them out, take them away."),
    "x": ("plugin_x", "Run a command that a plugin brings."),
    "price": ("prices", "See and set the prices of what plugins offer."),
    "voucher": ("vouchers", "Give out codes that open something, and take them back."),
    "bench": ("bench", "Measure the hot pages."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when it is called."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, (module, _) in COMMANDS.items() if _there(module)]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name, ("", ""))[0]
        if not module or not _there(module):
            return None
        found = importlib.import_module(f"{__name__}.{module}").command
        return found if isinstance(found, click.Command) else None

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # The texts stand here, since importing every command to ask it would be slow.
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    @override
    def invoke(self, ctx: click.Context) -> Any:
        with told():
            return super().invoke(ctx)


def _there(module: str) -> bool:
    return importlib.util.find_spec(f"{__name__}.{module}") is not None


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings are KUNDELIK_* variables or lines of kundelik.env; see: kundelik doctor",
)
@click.version_option(__version__, prog_name="kundelik")
def main() -> None:
    """An open-source school gradebook and diary.

    Try it:  kundelik demo
    """
