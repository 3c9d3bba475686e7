"""List, show and check grading schemes: ``kundelik scheme``."""

from pathlib import Path
from typing import Any

import click
import msgspec

from kundelik_core.cli.install import echo_json, json_option
from kundelik_core.gradebook.schemes.catalogue import builtin, newest
from kundelik_core.gradebook.schemes.model import GradingScheme, SchemeError
from kundelik_core.gradebook.schemes.vectorfile import Report, check_file

__all__ = ["command"]


@click.group("scheme")
def command() -> None:
    """List, show and check grading schemes.

    Example:  kundelik scheme check vectors/grading.json
    """


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the schemes that this release has; all of them passed their own examples.

    Example:  kundelik scheme list
    """
    found = sorted(builtin().values(), key=lambda scheme: scheme.key)
    if as_json:
        echo_json(
            [
                {
                    "code": scheme.code,
                    "version": scheme.version,
                    "title": scheme.title,
                    "period_kind": scheme.period_kind,
                    "kinds": [kind.code for kind in scheme.kinds],
                }
                for scheme in found
            ]
        )
        return
    for scheme in found:
        kinds = " ".join(kind.code for kind in scheme.kinds)
        click.echo(f"{scheme.code:<22} v{scheme.version}  {scheme.title.en}  [{kinds}]")


@command.command("show")
@click.argument("code")
@click.option("--version", type=int, help="The newest unless given.")
@json_option
def show(code: str, version: int | None, as_json: bool) -> None:
    """Show how a scheme computes a mark.

    Example:  kundelik scheme show kz-cba-2022
    """
    scheme = _find(code, version)
    if as_json:
        echo_json(msgspec.to_builtins(scheme, str_keys=True))
        return
    click.echo(f"{scheme.title.en} ({scheme.code}, version {scheme.version})")
    click.echo(f"  period: {scheme.period_kind}, rounded {scheme.rounding.mode}")
    for term in scheme.terms:
        click.echo(f"  {term.code}: {', '.join(term.kinds)}, weight {term.weight}")
    for step in scheme.scale:
        click.echo(f"  from {step.min}: {step.mark}")
    for status in scheme.statuses:
        click.echo(f"  status {status.code}: {status.label.en}")


def _find(code: str, version: int | None) -> GradingScheme:
    try:
        return newest(code) if version is None else builtin()[code, version]
    except KeyError:
        known = ", ".join(sorted({name for name, _ in builtin()}))
        raise click.UsageError(f"no scheme {code}; there are {known}") from None


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--scheme", "base", help="Code of the scheme to check against; kz-cba-2022 unless "
              "the file is a scheme itself.")  # fmt: skip
@json_option
def check(file: Path, base: str | None, as_json: bool) -> None:
    """Run the examples of FILE and name each that does not hold; exit code 1 if any does not.

    FILE is a scheme with its own examples, or examples alone (works, weights, expected marks).

    Example:  kundelik scheme check vectors/grading.json
    """
    try:
        report = check_file(file, _find(base, None) if base else None)
    except SchemeError as error:
        report = Report(str(file), 0, error.misses)
    if as_json:
        echo_json({**_plain(report), "ok": report.ok})
    else:
        _tell(report)
    if not report.ok:
        raise click.exceptions.Exit(1)


def _plain(report: Report) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(report, str_keys=True)
    return plain


def _tell(report: Report) -> None:
    for miss in report.misses:
        click.echo(miss.sentence())
    for name in report.ignored:
        click.echo(f"not looked at: {name}", err=True)
    word = "all hold" if report.ok else f"{len(report.misses)} do not hold"
    click.echo(f"{report.path}: {report.checked} examples, {word}")
