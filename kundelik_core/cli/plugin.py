"""List the plugins that are installed: ``kundelik plugin``."""

import click

from kundelik_core.cli.install import echo_json, json_option

__all__ = ["command"]


@click.group("plugin")
def command() -> None:
    """See which plugins are installed.

    Schools switch them on, each for itself, on the page /office/modules.

    Example:  kundelik plugin list
    """


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the plugins of this environment and why one cannot be used.

    Nothing of a plugin is run for it. Exit code 1 if one of them is unfit.

    Example:  kundelik plugin list --json
    """
    from kundelik_core.plugins.discover import find_plugins
    from kundelik_core.plugins.states import State

    found = find_plugins()
    bad = [one for one in found if one.state is not State.FOUND]
    if as_json:
        echo_json(
            [
                {
                    "name": one.name,
                    "version": one.version,
                    "distribution": one.dist,
                    "state": one.state.value,
                    "reason": one.reason.text() if one.reason else None,
                    "reads": list(one.manifest.data.reads) if one.manifest else [],
                }
                for one in found
            ]
        )
    for one in () if as_json else found:
        click.echo(f"{one.name:<24} {one.version:<10} {one.state.value}")
        if one.reason:
            click.echo(f"    {one.reason.text()}")
    if not found and not as_json:
        click.echo("No plugin is installed. The core works without any.")
    if bad:
        raise click.exceptions.Exit(1)
