"""Answer for the plugin's own pages; so far the one that explains the method."""

from typing import Final

from kundelik_core.sdk import Html, PageRequest, PluginContext, Text
from kundelik_rating.domain.measure import COLLUDING, FEWEST, SHELTER, Scale
from kundelik_rating.domain.publish import SETTLED
from kundelik_rating.domain.story import Line, Missing
from kundelik_rating.pictures import Speech, profile_values, strip_values, trend_values
from kundelik_rating.sample import invented_looks

__all__ = ["method"]

_MATHS: Final = Text(kk="Математика", ru="Математика", en="Mathematics")
_LANGUAGE: Final = Text(kk="Қазақ тілі", ru="Казахский язык", en="Kazakh language")
_MUSIC: Final = Text(kk="Музыка", ru="Музыка", en="Music")


async def method(ctx: PluginContext, _request: PageRequest) -> Html:
    """Show the method in plain words, with a free preview on invented data."""
    locale = ctx.i18n.locale
    speech = Speech(locale, ctx.i18n.day, Scale.percent())
    looks = invented_looks(ctx.clock.today())
    lines = [
        Line(subject=_MATHS.of(locale), seen=looks[-1]),
        Line(subject=_LANGUAGE.of(locale), seen=looks[0]),
        Line(subject=_MUSIC.of(locale), seen=Missing.NOT_ENOUGH_DATA),
    ]
    return Html(
        template="method.html",
        context={
            "numbers": {
                "fewest": FEWEST,
                "shelter": SHELTER,
                "colluding": COLLUDING,
                "settled": SETTLED,
            },
            "strip": strip_values(looks[-1], speech),
            "trend": trend_values(looks, speech),
            "profile": profile_values(lines, speech),
        },
    )
