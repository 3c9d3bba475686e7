"""Begin a plugin, translate it, look at its wheel: what of ``kundelik plugin`` vendors use."""

from pathlib import Path

import click

from kundelik_core.cli.install import echo_json, json_option
from kundelik_core.plugins.check.model import Report

__all__ = ["check", "new", "words"]

_WORDS = {"error": "ERROR", "warning": "warning", "review": "for review"}


@click.command("new")
@click.argument("name")
@click.option("--minimal", is_flag=True, help="A manifest and one slot; no tables, no pages.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="The new folder; kundelik-NAME here unless set.",
)
def new(name: str, minimal: bool, into: Path | None) -> None:
    """Write a new plugin NAME that is whole: code, table, page, words, tests.

    Its tests are green before you have changed anything.

    Example:  kundelik plugin new rating
    """
    from kundelik_core.plugins.scaffold import create

    folder = into or Path(f"kundelik-{name.replace('_', '-')}")
    written = create(name, folder, minimal=minimal)
    click.echo(f"Wrote {len(written)} files into {folder}. What next:")
    click.echo(f"    cd {folder}")
    click.echo("    pip install --no-build-isolation --editable .")
    click.echo("    pytest")
    click.echo("    kundelik plugin dev")
    click.echo("    kundelik plugin words       once you have said something new")


@click.command("words")
@click.argument(
    "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default="."
)
def words(folder: Path) -> None:
    """Write the texts of the plugin in FOLDER into its catalogues, to be translated there.

    Every text in code and templates that is said through _ or ngettext gets a place in
    locale/kk and locale/ru; what is translated stays. Exit code 1 while one has no translation.

    Example:  kundelik plugin words
    """
    from kundelik_core.plugins.check.catalogues import LANGUAGES, Speaker, empty, update
    from kundelik_core.plugins.dev import plugin_of

    one = plugin_of(folder.resolve())
    if one.root is None:
        raise click.UsageError(one.reason.text() if one.reason else f"{one.name} has no folder.")
    speaker, left = Speaker(one.root, one.name), 0
    for language in LANGUAGES:
        file = speaker.file(language)
        if update(speaker, language):
            click.echo(f"{file} is written.")
        missing = empty(speaker, language)
        left += len(missing)
        for text in missing:
            click.echo(f"    {language}: {text}")
    if left:
        click.echo("Translate these, each behind its msgstr, and run this once more.")
        raise click.exceptions.Exit(1)
    click.echo("Every text is translated.")


@click.command("check")
@click.argument(
    "wheels", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--first-party", is_flag=True, help="Words in all languages are a must.")
@json_option
def check(wheels: tuple[Path, ...], first_party: bool, as_json: bool) -> None:
    """Look at WHEELS without running any of them, as a marketplace does before it lists one.

    What is marked for review keeps nothing from being listed: people look at it before a plugin may
    run inside the server. Exit code 1 if one cannot be listed, 2 if one cannot be read.

    Example:  kundelik plugin check dist/*.whl
    """
    from kundelik_core.kernel.errors import Problem
    from kundelik_core.plugins.check import check_wheel

    try:
        reports = [check_wheel(file, first_party=first_party) for file in wheels]
    except Problem as problem:
        raise click.UsageError(problem.message % problem.params) from None
    if as_json:
        echo_json(reports)
    for report in () if as_json else reports:
        _show(report)
    if not all(report.tier for report in reports):
        raise click.exceptions.Exit(1)


def _show(report: Report) -> None:
    click.echo(
        f"{report.file}: {report.name or '?'} {report.version}, contract {report.api or '?'}"
    )
    click.echo(f"    sha256 {report.sha256}")
    for one in report.findings:
        click.echo(f"    {_WORDS[one.level]}: {one.where}: {one.text}")
        if one.help and one.level != "review":
            click.echo(f"        {one.help}")
    errors = len(report.of("error"))
    click.echo("    It may be listed." if report.tier else f"    Not listed: {errors} errors.")
