"""Prepare the page of a school's appearance: themes as small pictures, colours judged in words."""

from collections.abc import Callable, Mapping

import msgspec

from kundelik_core.kernel.i18n import N_, Locale, _
from kundelik_core.schools.queries.appearance import Appearance
from kundelik_core.web.static_mount import Dress, Static, static_files
from kundelik_core.web.themes.colours import Colour, nearest, parse_hex, to_hex
from kundelik_core.web.themes.palette import (
    Palette,
    Weak,
    refit,
    weak_accent,
    weak_second,
)

__all__ = ["Draft", "history_line", "judge", "theme_cards"]

# What a reader sees of a token, for the sentence that says what could not be read.
_WHERE: Mapping[str, str] = {
    "page": N_("on the page's ground"),
    "paper": N_("on a card"),
    "sunk": N_("on the heads of tables"),
    "tint": N_("on highlighted rows"),
    "accent": N_("as the text of a button"),
}
# In this order: it is the card that everybody looks at.
_SHOWN = ("page", "paper", "line", "ink", "soft", "accent", "on-accent", "tint", "bright")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A choice as somebody typed it."""

    theme: str = ""
    accent: str = ""
    second: str = ""

    @classmethod
    def of(cls, chosen: Appearance) -> "Draft":
        """Return what was saved, as it is typed."""
        accent, second = (f"#{c}" if c else "" for c in (chosen.accent, chosen.second))
        return cls(theme=chosen.theme, accent=accent, second=second)

    def looks(self, logo: str) -> Appearance:
        """Return the choice as it is saved; only after ``judge`` found nothing wrong."""
        accent, second = (parse_hex(c) for c in (self.accent, self.second))
        return Appearance(
            theme="" if self.theme == static_files().theme else self.theme,
            accent=bytes(accent).hex() if accent else "",
            second=bytes(second).hex() if second else "",
            logo=logo,
        )


def _dress(static: Static, theme: str) -> Dress | None:
    return static.dresses.get(theme or static.theme)


def judge(draft: Draft) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is wrong by field, and for a colour that cannot be read the nearest that can."""
    dress = _dress(static_files(), draft.theme)
    if dress is None:
        return {"theme": _("This theme is not installed. Choose another.")}, {}
    errors: dict[str, str] = {}
    offers: dict[str, str] = {}
    rules: tuple[tuple[str, str, Callable[[Palette, str, Colour], list[Weak]]], ...] = (
        ("accent", draft.accent, weak_accent),
        ("second", draft.second, weak_second),
    )
    for field, text, rule in rules:
        if not text:
            continue
        colour = parse_hex(text)
        if colour is None:
            errors[field] = _("Write the colour as # and six signs, like #006a7e.")
        elif dress.pair is None:
            errors[field] = _("This theme keeps its own colours. Leave the field empty.")
        elif weak := rule(dress.pair[0], dress.theme.contrast, colour):
            errors[field] = _sentence(weak)
            better = nearest(colour, _passes(rule, dress.pair[0], dress.theme.contrast))
            offers |= {field: to_hex(better)} if better else {}
    return errors, offers


def _passes(
    rule: Callable[[Palette, str, Colour], list[Weak]], palette: Palette, level: str
) -> Callable[[Colour], bool]:
    return lambda colour: not rule(palette, level, colour)


def _sentence(weak: list[Weak]) -> str:
    worst = min(weak, key=lambda one: one.ratio / one.least)
    return _(
        "This colour is hard to read %(where)s: its contrast is %(ratio)s to 1, and %(least)s to 1 "
        "is needed."
    ) % {
        "where": _(_WHERE.get(worst.on, N_("on the page's ground"))),
        # Cut, not rounded: 4.48 must not be shown as the 4.5 that it misses.
        "ratio": f"{int(worst.ratio * 10) / 10:.1f}",
        "least": f"{worst.least:g}",
    }


def theme_cards(static: Static, draft: Draft, locale: Locale) -> list[dict[str, object]]:
    """Return the themes to choose from, each with its colours, the school's own put in."""
    chosen = draft.theme or static.theme
    accent, second = (parse_hex(c) if c else None for c in (draft.accent, draft.second))
    cards: list[dict[str, object]] = []
    for dress in static.dresses.values():
        own = _own(dress, accent, second)
        cards.append({
            "name": dress.theme.name,
            "title": str(getattr(dress.theme.title, locale)),
            "current": dress.theme.name == chosen,
            "looks": [
                _swatch({**ground, **extra})
                for ground, extra in zip(dress.pair, own, strict=True)
            ] if dress.pair else [],
        })  # fmt: skip
    return cards


def _own(dress: Dress, accent: Colour | None, second: Colour | None) -> tuple[Palette, Palette]:
    """Return what the school's colours replace; one that cannot be read here replaces nothing."""
    light: dict[str, Colour] = {}
    dark: dict[str, Colour] = {}
    for pair in ((accent, None), (None, second)):
        own = dress.pair and refit(dress.pair, dress.theme.contrast, *pair)
        if own:
            light |= own.light
            dark |= own.dark
    return light, dark


def _swatch(palette: Palette) -> dict[str, str]:
    return {name.replace("-", "_"): to_hex(palette[name]) for name in _SHOWN if name in palette} | {
        "line": to_hex(palette["edge"])
    }


def history_line(static: Static, looks: Appearance, before: Appearance, locale: Locale) -> str:
    """Say in words what a change chose; what stayed as it was is left out."""
    if looks == Appearance():
        return _("as everywhere in this installation")
    dress = _dress(static, looks.theme)
    title = str(getattr(dress.theme.title, locale)) if dress else looks.theme
    own = _("the theme's own")
    parts = []
    if looks.theme != before.theme:
        parts.append(_("theme: %(name)s") % {"name": title})
    if looks.accent != before.accent:
        colour = f"#{looks.accent}" if looks.accent else own
        parts.append(_("main colour: %(colour)s") % {"colour": colour})
    if looks.second != before.second:
        colour = f"#{looks.second}" if looks.second else own
        parts.append(_("second colour: %(colour)s") % {"colour": colour})
    if looks.logo != before.logo:
        parts.append(_("a new logo") if looks.logo else _("no logo"))
    return ", ".join(parts)
