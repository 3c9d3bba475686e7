"""Run what plugins offer to the operator: ``kundelik x NAME COMMAND``."""

from pathlib import Path

import click

from kundelik_core.cli.install import data_dir_option, installation, run, settings_with
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.declared import DeclaredCommand

__all__ = ["command"]


@click.command("x")
@click.argument("name")
@click.argument("what", metavar="[COMMAND]", required=False)
@click.argument("words", metavar="[ARGUMENTS]...", nargs=-1)
@click.option("--school", type=click.IntRange(1), help="The number of the school it is for.")
@data_dir_option
def command(
    name: str, what: str | None, words: tuple[str, ...], school: int | None, data_dir: Path | None
) -> None:
    """Run COMMAND of plugin NAME; without one, list what there is.

    A command that is for one school runs only where the school has the plugin on.

    Example:  kundelik x praise count --school 1
    """
    lines, code = run(_run(settings_with(data_dir=data_dir), name, what, words, school))
    for line in lines:
        click.echo(line)
    if code:
        raise click.exceptions.Exit(code)


async def _run(
    settings: Settings, name: str, what: str | None, words: tuple[str, ...], school: int | None
) -> tuple[tuple[str, ...], int]:
    from kundelik_core.plugins.declared import HandlerRef
    from kundelik_core.plugins.life.export import loaded_or_refuse
    from kundelik_core.plugins.life.here import called_here
    from kundelik_core.plugins.outcome import OutcomeState
    from kundelik_core.plugins.work import school_call
    from kundelik_core.sdk import CommandRequest

    async with installation(settings) as urls, called_here(settings, urls.tenant) as here:
        loaded_or_refuse(here, name)
        offered = here.registry.loaded[name].declared.commands
        chosen = next((one for one in offered if one.name == what), None)
        if chosen is None:
            return _offer(name, what, offered)
        request = CommandRequest(arguments=_arguments(chosen, words))
        if chosen.per_school is (school is None):
            raise click.UsageError(
                "Say for which --school." if chosen.per_school else "It is for no one school."
            )
        on = frozenset({name}) if school is None else await here.allowed.active(school)
        outcome = await here.dispatcher.call(
            HandlerRef(name, "command", chosen.name), request, on, await school_call(school)
        )
    if outcome.done:
        return outcome.value.lines, outcome.value.exit_code
    if outcome.state is OutcomeState.OFF:
        return (f"{name} is not on in school {school}.",), 1
    error = f"{type(outcome.error).__name__}: {outcome.error}" if outcome.error else ""
    return (f"{name} {chosen.name}: {outcome.state.value} {error}".rstrip(),), 1


def _offer(
    name: str, what: str | None, offered: tuple[DeclaredCommand, ...]
) -> tuple[tuple[str, ...], int]:
    if what is not None:
        known = ", ".join(one.name for one in offered) or "none"
        raise click.UsageError(f"{name} has no command {what}; there are: {known}.")
    if not offered:
        return (f"{name} has no commands.",), 0
    lines = []
    for one in offered:
        words = " ".join(f"[{a.name}]" if a.default is not None else a.name for a in one.arguments)
        lines.append(f"kundelik x {name} {one.name} {words}".rstrip().ljust(48) + one.help)
    return tuple(lines), 0


def _arguments(chosen: DeclaredCommand, words: tuple[str, ...]) -> dict[str, str]:
    """Give each word its name, in the order in which the command declares them."""
    if len(words) > len(chosen.arguments):
        raise click.UsageError(f"{chosen.name} takes at most {len(chosen.arguments)} words.")
    found: dict[str, str] = {}
    for number, argument in enumerate(chosen.arguments):
        if number < len(words):
            found[argument.name] = words[number]
        elif argument.default is not None:
            found[argument.name] = argument.default
        else:
            raise click.UsageError(f"{chosen.name} needs {argument.name}: {argument.help}")
    return found
